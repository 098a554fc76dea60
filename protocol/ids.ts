/** Branded identifiers: values of different meaning that must never be mixed up. */

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Number of a coord in the quorum, 1..255, as ZooKeeper's `myid`. */
export type MemberId = Brand<number, 'MemberId'>;
/** Position in the replicated log; the first entry has slot 1, 0 means "nothing yet". */
export type Slot = Brand<number, 'Slot'>;
/** Number of a znode operation, growing by one for each; 0 before the first. */
export type Zxid = Brand<number, 'Zxid'>;
/** `counter * 256 + memberId`: greater than every ballot with a smaller counter, unique to its member; 0 is none. */
export type Ballot = Brand<number, 'Ballot'>;
/** Session of a client with the quorum: 16 hexadecimal digits. */
export type SessionId = Brand<string, 'SessionId'>;
/** Grows each time a session is attached to a member; operations of an older incarnation have no effect. */
export type SessionIncarnation = Brand<number, 'SessionIncarnation'>;
/** Identity of one disk of a member: an emptied disk gets a new one and may not vote until re-admitted. */
export type DiskId = Brand<string, 'DiskId'>;
export type MasterId = Brand<string, 'MasterId'>;
export type AgentId = Brand<string, 'AgentId'>;
export type FrameworkId = Brand<string, 'FrameworkId'>;
export type TaskId = Brand<string, 'TaskId'>;
/** A request of a framework for resources: `<framework>/<id>`, of a bundled framework its own id. */
export type RequestId = Brand<string, 'RequestId'>;
/** One try of a task: `<taskId>.<submission>.<number>`; the submission tells two uses of one idempotency key apart. */
export type AttemptId = Brand<string, 'AttemptId'>;
/** The czxid of the leading master's election znode: later leaders have greater ones. */
export type Epoch = Brand<number, 'Epoch'>;

const BALLOT_MEMBERS = 256;

export function ballotOf(counter: number, member: MemberId): Ballot {
  return (counter * BALLOT_MEMBERS + member) as Ballot;
}

export function ballotCounter(ballot: Ballot): number {
  return Math.floor(ballot / BALLOT_MEMBERS);
}

export function ballotMember(ballot: Ballot): MemberId {
  return (ballot % BALLOT_MEMBERS) as MemberId;
}

export const NO_BALLOT = 0 as Ballot;
export const NO_SLOT = 0 as Slot;
