/**
 * The member's own session, in which it makes the writes of requests without one. Each start of the member begins a
 * new incarnation, so that nothing of a former run can still be carried out.
 */
import { assert, MesozooError } from '../../protocol/errors.ts';
import type { MemberId, SessionId, SessionIncarnation } from '../../protocol/ids.ts';
import type {
  Identity,
  Operation,
  OperationResult,
  WriteOperation,
} from '../../protocol/operations.ts';
import type { Logger } from '../actor.ts';
import { NOBODY } from './door/credentials.ts';
import type { OperationDone } from './forwarding.ts';
import type { ZnodeState } from './znodes/contract.ts';

/** Ids of clients' sessions are random; these are as unlikely among them as any other. */
function memberSessionId(member: MemberId): SessionId {
  return member.toString(16).padStart(16, '0') as SessionId;
}

export type Submit = (operation: Omit<Operation, 'tag'>, done: OperationDone) => void;

export class MemberSession {
  readonly id: SessionId;
  private readonly member: MemberId;
  private readonly submit: Submit;
  private readonly log: Logger;
  private incarnation: SessionIncarnation | undefined;
  private number = 0;
  private opening = false;

  constructor(member: MemberId, submit: Submit, log: Logger) {
    this.id = memberSessionId(member);
    this.member = member;
    this.submit = submit;
    this.log = log;
  }

  get isOpen(): boolean {
    return this.incarnation !== undefined;
  }

  /** Now and then: opens it when it is not open. */
  ensure(): void {
    if (this.isOpen || this.opening) return;
    this.opening = true;
    const body = { kind: 'memberSession', holder: this.member } as const;
    const operation = { incarnation: 0 as SessionIncarnation, number: 0, identities: NOBODY, body };
    this.submit({ session: this.id, ...operation }, (result) => {
      this.opening = false;
      if (result.kind === 'session') {
        this.incarnation = result.incarnation;
        this.number = result.number;
        this.log.info('member session opened', { incarnation: result.incarnation });
      } else {
        this.log.warn('member session refused', { result });
      }
    });
  }

  /** Throws UNAVAILABLE while it is not open, and what `submit` throws. */
  write(body: WriteOperation, identities: readonly Identity[], done: OperationDone): void {
    const { incarnation } = this;
    if (incarnation === undefined) {
      throw new MesozooError('UNAVAILABLE', 'this member has not reached the quorum yet');
    }
    const number = this.number + 1;
    this.submit({ session: this.id, incarnation, number, identities, body }, (result, zxid) => {
      if (isFenced(result)) this.fenced(incarnation);
      done(isFenced(result) ? unavailable : result, zxid);
    });
    this.number = number;
  }

  /** The state was replaced: what this run has opened may be unknown to it. */
  check(state: ZnodeState): void {
    const view = state.session(this.id);
    if (this.incarnation !== undefined && view?.incarnation !== this.incarnation) {
      this.fenced(this.incarnation);
    }
  }

  private fenced(incarnation: SessionIncarnation): void {
    if (this.incarnation !== incarnation) return;
    this.log.warn('member session lost', { incarnation });
    this.incarnation = undefined;
    assert(!this.opening, 'a member opens one session at a time');
  }
}

/** Another run of this member has begun: the write has had no effect. */
function isFenced(result: OperationResult): boolean {
  return (
    result.kind === 'error' &&
    (result.error.code === 'SESSION_MOVED' || result.error.code === 'SESSION_EXPIRED')
  );
}

const unavailable: OperationResult = {
  kind: 'error',
  error: new MesozooError('UNAVAILABLE', 'this member was started again meanwhile').toBody(),
};
