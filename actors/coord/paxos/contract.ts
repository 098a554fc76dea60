/**
 * What goes into the Paxos core and what comes out of it.
 *
 * The core is pure and synchronous: messages, ticks and "saved" notices in; records to save, messages to send and
 * decided entries out. It never sees what a value means. Multi-Paxos as in "Paxos Made Simple" (Lamport 2001) and
 * "Paxos Made Moderately Complex" (van Renesse 2015), with a pre-vote as in Raft's (Ongaro 2014, section 9.6).
 */
import type { Ballot, DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { QuorumMessage } from './messages.ts';

/** What a slot holds. Bytes to the core, but for the entries that change who votes. */
export type Value =
  | { readonly kind: 'entry'; readonly bytes: Uint8Array }
  /** Fills a gap that a new leader found. */
  | { readonly kind: 'noop' }
  | { readonly kind: 'configuration'; readonly configuration: Configuration };

/** In memory stands only that there is an entry: `ValuesOnDisk` has it. */
export interface StoredValue {
  readonly kind: 'stored';
  /** As `valueBytes` says of the value itself. */
  readonly bytes: number;
}

/** The log on disk, as far as the core reads it. */
export interface ValuesOnDisk {
  /** Of values that are decided and on disk, so much is kept in memory for members who lag a little. */
  readonly memoryBytesMax: number;
  /** What was accepted last in a slot. Throws DISK_FAILED, LOG_DAMAGED. */
  read(slot: Slot): Value;
}

/** What must be on disk before anything that depends on it leaves. The log (actors/coord/log) frames and checksums it. */
export type LogRecord =
  | { readonly kind: 'promise'; readonly ballot: Ballot }
  | { readonly kind: 'accept'; readonly slot: Slot; readonly ballot: Ballot; readonly value: Value }
  /** Everything up to here is decided and was accepted or fetched by this member: need not be synced at once. */
  | { readonly kind: 'decided'; readonly slot: Slot };

/** What the log gave back at the start. */
export interface Recovered {
  readonly disk: DiskId;
  readonly promised: Ballot;
  /** By slot, ascending; only those above `snapshotSlot`. The last accept of a slot counts. */
  readonly accepted: readonly {
    readonly slot: Slot;
    readonly ballot: Ballot;
    readonly value: Value;
  }[];
  readonly decidedUpTo: Slot;
  /** The state machine was restored from a snapshot at this slot; 0 for none. */
  readonly snapshotSlot: Slot;
  /** In force after `snapshotSlot`; of the bootstrap where there is no snapshot; no members at all: not known yet. */
  readonly configuration: Configuration;
  /**
   * False when the disk is new or lost something that had been synced: the member then says nothing of what it promises
   * and accepts until it has caught up beyond an entry that admits this disk. `disk` must then be an id that was never used
   * before; it stays false at later starts (the core finds the admission again in what was decided).
   */
  readonly mayVote: boolean;
}

export interface PaxosTiming {
  readonly heartbeatMs: number;
  /** Without a word from a leader for this long (plus up to as much again, at random), a follower begins a pre-vote. */
  readonly electionTimeoutMs: number;
  /** Accepts and prepares without an answer are sent again after this long. */
  readonly resendMs: number;
}

/** The coordinator's chart, which alone owns the role. Events that the present role does not know are faults of ours. */
export interface CoordinatorLifecycle {
  role():
    | 'recovering'
    | 'catchingUp'
    | 'observing'
    | 'following'
    | 'preVoting'
    | 'preparing'
    | 'leading'
    | 'stopped';
  send(
    event:
      | { readonly type: 'RECOVERED'; readonly mayVote: boolean }
      | {
          readonly type:
            | 'ADMITTED'
            | 'RETIRED'
            | 'LEADER_LOST'
            | 'PRE_VOTE_WON'
            | 'ELECTED'
            | 'SUPERSEDED'
            | 'ELECTION_TIMED_OUT'
            | 'MAJORITY_LOST'
            | 'HANDED_OVER'
            | 'STOPPED';
        },
  ): void;
}

export interface PaxosOptions {
  readonly member: MemberId;
  readonly recovered: Recovered;
  readonly timing: PaxosTiming;
  readonly lifecycle: CoordinatorLifecycle;
  /** In [0, 1). */
  readonly random: () => number;
  readonly nowMs: number;
  /** Messages above this are cut into chunks. */
  readonly messageBytesMax: number;
  readonly slotsInFlightMax: number;
  /** Entries below the snapshot that are kept for members who lag a little: at most this many. */
  readonly keptSlotsMax?: number;
  /** Without, all values stay in memory. */
  readonly valuesOnDisk?: ValuesOnDisk;
  readonly planted?: PlantedBugs;
}

export interface Outgoing {
  readonly to: MemberId | 'all';
  readonly message: QuorumMessage;
  /** Goes over the connection for bulk, with credit. */
  readonly bulk: boolean;
}

export interface Decided {
  readonly slot: Slot;
  readonly value: Value;
}

export interface PaxosOutput {
  /**
   * Append in order and sync, then call `saved(token)`; tokens ascend, and one says that all before it are saved too.
   * Empty when there is nothing to save; token is then absent.
   */
  readonly records: readonly LogRecord[];
  readonly token?: number;
  /** May leave at once: what depends on a save is held back inside until `saved`. */
  readonly messages: readonly Outgoing[];
  /** In slot order, each slot once: apply. */
  readonly decided: readonly Decided[];
  /** Linearizable reads that may be answered once everything up to `slot` is applied. */
  readonly confirmed: readonly { readonly id: number; readonly slot: Slot }[];
  /** Leadership was lost before these could be confirmed: ask again. */
  readonly unconfirmed: readonly number[];
  /** This member is so far behind that the other no longer has the entries: fetch a snapshot from it. */
  readonly snapshotWanted?: { readonly from: MemberId };
}

export interface Paxos {
  receive(message: QuorumMessage): void;
  /** At least every `heartbeatMs / 2`. */
  tick(nowMs: number): void;
  saved(token: number): void;
  /** False when this member does not lead or the window is full: nothing happened. */
  propose(value: Value): boolean;
  /** How many values `propose` would take now; 0 unless leading. */
  room(): number;
  /** The leader confirms its ballot with a majority after this call; the answer comes in the output. */
  confirmLeadership(id: number): void;
  /** Nobody listens where the leader of this ballot did. */
  leaderGone(ballot: Ballot): void;
  /** The leader of this ballot has told everybody that it leads no more. */
  leaderLeaves(ballot: Ballot): void;
  /**
   * A leader leads no more, and for so long hardly stands for election: only where nobody else does. Tell the others when
   * what it said before has left. Nothing happens to a member that does not lead.
   */
  handOver(restMs: number): void;
  /** The state machine was replaced by a snapshot that another member sent; it is on disk. */
  installed(slot: Slot, configuration: Configuration): void;
  /** A snapshot at this slot is on disk: entries up to it may be forgotten, but for so many bytes, for those who lag a little. */
  /** Returns up to where they are forgotten: the log on disk must have what comes behind. */
  forgetUpTo(slot: Slot, keptBytesMax: number): Slot;
  takeOutput(): PaxosOutput;
  status(): PaxosStatus;
  /** Throws InvariantError when something that must always hold does not. */
  invariants(): void;
}

export interface PaxosStatus {
  readonly role: ReturnType<CoordinatorLifecycle['role']>;
  readonly promised: Ballot;
  /** Member that leads, as far as known. */
  readonly leader: MemberId | undefined;
  readonly leaderBallot: Ballot;
  /** On the clock of the ticks. */
  readonly leaderHeardMs: number;
  readonly decidedUpTo: Slot;
  readonly acceptedUpTo: Slot;
  /** The last one decided. */
  readonly configuration: Configuration;
  /** This member leads and has proposed another configuration, which is not decided. */
  readonly isReconfiguring: boolean;
  /** Others have decided what is missing here, and are asked for it. */
  readonly isFetching: boolean;
  /** Everything that is decided up to here is on this member's disk. */
  readonly storedUpTo: Slot;
}
