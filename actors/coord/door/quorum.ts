/** What the door needs of the member behind it. */
import type { MemberId, SessionId } from '../../../protocol/ids.ts';
import type { Identity, Operation, WriteOperation } from '../../../protocol/operations.ts';
import type { OperationDone } from '../forwarding.ts';
import type { ReconfigDone, Wanted } from '../membership/membership.ts';
import type { ZnodeState } from '../znodes/contract.ts';

export interface Quorum {
  readonly member: MemberId;
  /** Replaced when a snapshot of another member is installed: never kept. */
  state(): ZnodeState;
  /** Throws TOO_MANY_REQUESTS, PAYLOAD_TOO_LARGE; nothing has happened then. */
  submit(operation: Omit<Operation, 'tag'>, done: OperationDone): void;
  /** In the member's own session, for requests without one. Throws UNAVAILABLE as well. */
  submitForMember(body: WriteOperation, identities: readonly Identity[], done: OperationDone): void;
  /** Calls `done` when the state is at least as new as this call; never when there is no majority. */
  confirm(done: () => void): void;
  /** Asks for other members. Throws TOO_MANY_REQUESTS. */
  reconfigure(wanted: Wanted, done: ReconfigDone): void;
  /** False while as many operations wait for the quorum as may: `submit` would throw. */
  hasRoom(): boolean;
  /** The leader hears of the session with the next report. */
  touch(session: SessionId): void;
  /**
   * A leader is known, or was a moment ago, and this member is not far behind it: false when nobody can be told that a
   * session lives, or when what could be told is of long ago.
   */
  isInContact(): boolean;
}
