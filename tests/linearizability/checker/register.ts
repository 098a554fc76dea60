/**
 * The sequential versioned register, and what the history of one path says beforehand about it. A version is made
 * once: all who speak of it must tell the same data. So most moves that a search could try are seen to be wrong at once.
 */
import { isUnknown, type Operation, type Register } from './history.ts';

export class RegisterModel {
  /** Data by version, as answers told it. */
  private readonly told = new Map<number, string>();
  private readonly toldData = new Set<string>();

  constructor(initial: Register, operations: readonly Operation[]) {
    this.tell(initial.version, initial.data);
    for (const operation of operations)
      if (operation.kind === 'read') this.tell(operation.version, operation.data);
      else if (operation.outcome.kind === 'ok')
        this.tell(operation.outcome.version, operation.data);
  }

  /** Undefined: it cannot take effect, with the outcome that it had, on this register. */
  apply(register: Register, operation: Operation): Register | undefined {
    if (operation.kind === 'read')
      return operation.version === register.version && operation.data === register.data
        ? register
        : undefined;
    const { expected, outcome, data } = operation;
    const isMet = expected === -1 || expected === register.version;
    if (outcome.kind === 'badVersion') return isMet ? undefined : register;
    const version = register.version + 1;
    if (!isMet || (outcome.kind === 'ok' && outcome.version !== version)) return undefined;
    const told = this.told.get(version);
    return told === undefined || told === data ? { data, version } : undefined;
  }

  /**
   * Where such an operation can take effect it may do so at once, without an alternative: it changes nothing, so that
   * whatever order exists of the rest exists still.
   */
  observes(operation: Operation): boolean {
    return operation.kind === 'read' || operation.outcome.kind === 'badVersion';
  }

  /**
   * Unknown writes without a condition, whose data nobody was told, differ in nothing: one of them is tried for all.
   * Undefined: this operation is like no other.
   */
  likeness(operation: Operation): string | undefined {
    return isUnknown(operation) &&
      operation.kind === 'set' &&
      operation.expected === -1 &&
      !this.toldData.has(operation.data)
      ? 'unknown and never seen'
      : undefined;
  }

  /** Contradictions are left to the search: whichever is told first, the other then fits nowhere. */
  private tell(version: number, data: string): void {
    if (!this.told.has(version)) this.told.set(version, data);
    this.toldData.add(data);
  }
}
