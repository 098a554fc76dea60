/**
 * Writes of a session are applied in the order of their numbers: none skipped, none twice. Looks at what was applied,
 * slot by slot, and keeps its own account of every session.
 */
import type { Applied } from '../../actors/coord/znodes/contract.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Violations } from '../violations.ts';
import type { AppliedSlot } from './truth.ts';

/** Results that say that the write was not taken, so that its number is still to come. */
const notTaken: ReadonlySet<ErrorCode> = new Set([
  'SEQUENCE_GAP',
  'SESSION_MOVED',
  'SESSION_EXPIRED',
  'BAD_REQUEST',
]);

interface Account {
  incarnation: number;
  number: number;
}

export class SessionOrderChecker {
  private readonly violations: Violations;
  private readonly accounts = new Map<string, Account>();

  constructor(violations: Violations) {
    this.violations = violations;
  }

  slot({ slot, applied }: AppliedSlot): void {
    for (const one of applied) this.operation(slot, one);
  }

  private operation(slot: number, one: Applied): void {
    const { session, number, result, repeat } = one;
    if (result.kind === 'session') {
      if (!repeat)
        this.accounts.set(session, { incarnation: result.incarnation, number: result.number });
      return;
    }
    if (number === 0 || repeat) return;
    if (result.kind === 'error' && notTaken.has(result.error.code)) return;
    const account = this.accounts.get(session);
    if (account === undefined || one.incarnation !== account.incarnation)
      this.violations.report(
        'session-order',
        `slot ${slot}: write ${number} of session ${session} was applied in incarnation ${one.incarnation}, but it has ${account?.incarnation ?? 'none'}`,
      );
    else if (number !== account.number + 1)
      this.violations.report(
        'session-order',
        `slot ${slot}: session ${session} had write ${number} applied after write ${account.number}`,
      );
    if (account !== undefined) account.number = Math.max(account.number, number);
  }
}
