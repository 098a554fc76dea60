/**
 * All that the core remembers, as plain data (Maps, arrays, numbers and shared immutable values), so that it can be
 * copied, compared and looked at whole. The role is not here: the coordinator's chart has it.
 */
import {
  type Ballot,
  type DiskId,
  type MemberId,
  NO_BALLOT,
  type Slot,
} from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type {
  CoordinatorLifecycle,
  Decided,
  LogRecord,
  Outgoing,
  PaxosOptions,
  Recovered,
  Value,
} from './contract.ts';
import { emptyLog, type LogView, putEntry } from './log-view.ts';
import type { QuorumMessage, ReportedEntry } from './messages.ts';

/** What one member has promised, as far as its chunks have come. */
export interface PromiseProgress {
  readonly disk: DiskId;
  /** Parts of its log that were told completely; the end of the last chunk is Infinity. Sorted, without overlaps. */
  ranges: { readonly after: number; readonly upTo: number }[];
  readonly entries: Map<Slot, ReportedEntry>;
}

/** A ballot of this member's own, from its prepare on to the end of its leadership. */
export interface Candidacy {
  readonly ballot: Ballot;
  readonly promises: Map<MemberId, PromiseProgress>;
  /** The prepare leaves only when this member's own promise is saved. */
  prepared: boolean;
  sentMs: number;
}

export interface Flight {
  readonly slot: Slot;
  readonly value: Value;
  readonly votes: Map<MemberId, DiskId>;
  sentMs: number;
}

export interface Leadership {
  nextSlot: Slot;
  /** Slots up to here may have been chosen under earlier ballots, and come before any new value. */
  recoverUpTo: Slot;
  /** A configuration stands in this slot: nothing beyond is proposed until it is decided. */
  barrier: Slot;
  readonly inFlight: Map<Slot, Flight>;
  readonly heardMs: Map<MemberId, number>;
  /** The last heartbeat round that was sent, and what each member has acknowledged. */
  round: number;
  heartbeatSentMs: number;
  readonly acknowledged: Map<MemberId, number>;
  readonly confirmations: { readonly id: number; round: number; slot: Slot }[];
  markSent: Slot;
}

export interface Held {
  /** Leaves when this token is saved. */
  readonly token: number;
  readonly to: MemberId | 'all';
  readonly message: QuorumMessage;
  readonly bulk: boolean;
}

export interface PaxosState {
  nowMs: number;
  // ── acceptor ──
  promised: Ballot;
  /** Whether this disk's votes stand: as recovered, or since its admission; not while no vote of this member counts. */
  mayVote: boolean;
  readonly log: LogView;
  // ── learner ──
  decidedUpTo: Slot;
  configuration: Configuration;
  /** Where it was decided; 0 for the bootstrap's. */
  configurationSlot: Slot;
  mark: { readonly ballot: Ballot; readonly upTo: Slot };
  /** Who has accepted what under `leaderBallot`, of slots that are not decided here. */
  readonly votes: Map<Slot, Map<MemberId, DiskId>>;
  /** This disk may vote once this token is saved. */
  admissionToken: number | undefined;
  admissionRequestedMs: number;
  // ── election ──
  leader: MemberId | undefined;
  leaderBallot: Ballot;
  leaderHeardMs: number;
  greatestBallot: Ballot;
  electionDeadlineMs: number;
  /** Until then it leaves the lead to others: it has handed it over. */
  restUntilMs: number;
  preVoteRound: number;
  preVoteSentMs: number;
  readonly preVotes: Map<MemberId, DiskId>;
  // ── proposer ──
  candidacy: Candidacy | undefined;
  leadership: Leadership | undefined;
  // ── catch-up ──
  /** How far others have decided, as far as heard. */
  readonly heardDecided: Map<MemberId, Slot>;
  fetching: { readonly from: MemberId; sentMs: number } | undefined;
  snapshotWantedMs: number;
  // ── output ──
  records: LogRecord[];
  nextToken: number;
  savedToken: number;
  /** The last token that messages may have to wait for; decided records alone need no sync. */
  syncToken: number;
  decidedRecorded: Slot;
  held: Held[];
  accepted: { ballot: Ballot; slots: Slot[] } | undefined;
  messages: Outgoing[];
  decided: Decided[];
  confirmed: { readonly id: number; readonly slot: Slot }[];
  unconfirmed: number[];
  snapshotWanted: { readonly from: MemberId } | undefined;
}

/** What every part of the core is given. */
export interface Context {
  readonly options: PaxosOptions;
  readonly me: MemberId;
  readonly disk: DiskId;
  readonly state: PaxosState;
  readonly lifecycle: CoordinatorLifecycle;
  /** A message of this member to itself: its own vote, once it is on disk. */
  readonly deliver: (message: QuorumMessage) => void;
}

export function recoveredState(options: PaxosOptions): PaxosState {
  const { recovered, nowMs } = options;
  const decidedUpTo = Math.max(recovered.decidedUpTo, recovered.snapshotSlot) as Slot;
  let promised = recovered.promised;
  const log = emptyLog(recovered.snapshotSlot);
  for (const { slot, ballot, value } of recovered.accepted) {
    if (slot <= recovered.snapshotSlot) continue;
    putEntry(log, { slot, ballot, value, decided: slot <= decidedUpTo });
    if (ballot > promised) promised = ballot;
  }
  return {
    nowMs,
    promised,
    mayVote: recoveredMayVote(recovered, options),
    log,
    decidedUpTo: recovered.snapshotSlot,
    configuration: recovered.configuration,
    configurationSlot: recovered.snapshotSlot,
    mark: { ballot: NO_BALLOT, upTo: 0 as Slot },
    votes: new Map(),
    admissionToken: undefined,
    admissionRequestedMs: Number.NEGATIVE_INFINITY,
    leader: undefined,
    leaderBallot: NO_BALLOT,
    leaderHeardMs: Number.NEGATIVE_INFINITY,
    greatestBallot: promised,
    electionDeadlineMs: nowMs,
    restUntilMs: Number.NEGATIVE_INFINITY,
    preVoteRound: 0,
    preVoteSentMs: nowMs,
    preVotes: new Map(),
    candidacy: undefined,
    leadership: undefined,
    heardDecided: new Map(),
    fetching: undefined,
    snapshotWantedMs: Number.NEGATIVE_INFINITY,
    records: [],
    nextToken: 1,
    savedToken: 0,
    syncToken: 0,
    decidedRecorded: decidedUpTo,
    held: [],
    accepted: undefined,
    messages: [],
    decided: [],
    confirmed: [],
    unconfirmed: [],
    snapshotWanted: undefined,
  };
}

function recoveredMayVote(recovered: Recovered, options: PaxosOptions): boolean {
  return recovered.mayVote || options.planted?.has('wiped-disk-votes') === true;
}
