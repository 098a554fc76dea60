/**
 * The Paxos core: one member's part, pure and synchronous. This file is its table of contents: what comes in, and
 * which file deals with it. A write passes proposer, acceptor, learner; an election passes election, acceptor, proposer.
 */
import { assert } from '../../../protocol/errors.ts';
import type { Ballot, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import { onAccept, onPrepare } from './acceptor.ts';
import { onFetch, onFetched, onSnapshotNeeded } from './catch-up.ts';
import {
  admitWhenDurable,
  noticeAdmission,
  noticeRetirement,
  requestAdmission,
} from './configuration.ts';
import {
  confirmLeadership,
  finishTurn,
  onHeartbeat,
  onHeartbeatAcknowledged,
  onMark,
  sendHeartbeat,
} from './confirmation.ts';
import type { Paxos, PaxosOptions, PaxosOutput, PaxosStatus, Value } from './contract.ts';
import {
  electionTick,
  leaderGone,
  leaderLeaves,
  onPreVote,
  onPreVoted,
  onRefused,
  startPrepare,
} from './election.ts';
import { fetchMissing } from './fetching.ts';
import { checkInvariants } from './invariants.ts';
import { advance } from './learner.ts';
import { forget, forgetUpTo, leaveToDisk } from './log-view.ts';
import type { QuorumMessage } from './messages.ts';
import { flushAccepted, recordDecidedMark, releaseSaved, takeOutput } from './outbox.ts';
import {
  handOver,
  leaderTick,
  onAccepted,
  onAdmissionRequest,
  onPromise,
  propose,
  room,
  settle,
} from './proposer.ts';
import { armElection, stepDown } from './role.ts';
import { type Context, type PaxosState, recoveredState } from './state.ts';

const KEPT_SLOTS_MAX = 4096;
/** How long a decided mark may wait for other records before it is written alone. */
const DECIDED_RECORD_MS = 1000;

export function createPaxos(options: PaxosOptions): Paxos {
  return new PaxosCore(options);
}

export class PaxosCore implements Paxos {
  readonly context: Context;
  private decidedRecordMs: number;
  /** What was decided when records were given out, until they are saved. */
  private unsaved: { readonly token: number; readonly decidedUpTo: Slot }[] = [];
  private storedUpTo: Slot;

  /** `state` goes on from a copy of another core's state (tests only); without it the core recovers. */
  constructor(options: PaxosOptions, state?: PaxosState) {
    const { member: me, recovered, lifecycle } = options;
    this.decidedRecordMs = options.nowMs;
    this.storedUpTo = recovered.snapshotSlot;
    this.context = {
      options,
      me,
      disk: recovered.disk,
      state: state ?? recoveredState(options),
      lifecycle,
      deliver: (message) => this.dispatch(message),
    };
    if (state === undefined) this.recover();
  }

  private recover(): void {
    const { context } = this;
    const { state, lifecycle } = context;
    lifecycle.send({ type: 'RECOVERED', mayVote: state.mayVote });
    armElection(context);
    noticeAdmission(context);
    noticeRetirement(context);
    advance(context);
    admitWhenDurable(context);
  }

  receive(message: QuorumMessage): void {
    if (message.from === this.context.me || this.isStopped()) return;
    this.dispatch(message);
  }

  private dispatch(message: QuorumMessage): void {
    this.handle(message);
    settle(this.context);
  }

  private handle(message: QuorumMessage): void {
    const { context } = this;
    switch (message.type) {
      case 'preVote':
        onPreVote(context, message);
        break;
      case 'preVoted':
        onPreVoted(context, message);
        break;
      case 'prepare':
        onPrepare(context, message);
        break;
      case 'promise':
        onPromise(context, message);
        break;
      case 'refused':
        onRefused(context, message);
        break;
      case 'snapshotNeeded':
        onSnapshotNeeded(context, message);
        break;
      case 'accept':
        onAccept(context, message);
        break;
      case 'accepted':
        onAccepted(context, message);
        break;
      case 'mark':
        onMark(context, message);
        break;
      case 'heartbeat':
        onHeartbeat(context, message);
        break;
      case 'heartbeatAcknowledged':
        onHeartbeatAcknowledged(context, message);
        break;
      case 'fetch':
        onFetch(context, message);
        break;
      case 'fetched':
        onFetched(context, message);
        break;
      case 'admissionRequest':
        onAdmissionRequest(context, message);
        break;
      default:
        message satisfies never;
    }
  }

  tick(nowMs: number): void {
    const { context } = this;
    const { state } = context;
    if (this.isStopped()) return;
    if (nowMs > state.nowMs) state.nowMs = nowMs;
    electionTick(context);
    leaderTick(context);
    if (state.leadership === undefined) {
      fetchMissing(context);
      requestAdmission(context);
    }
    if (state.nowMs - this.decidedRecordMs >= DECIDED_RECORD_MS) {
      this.decidedRecordMs = state.nowMs;
      recordDecidedMark(context);
    }
  }

  saved(token: number): void {
    if (this.isStopped()) return;
    while (this.unsaved[0] !== undefined && this.unsaved[0].token <= token) {
      this.storedUpTo = this.unsaved.shift()!.decidedUpTo;
    }
    releaseSaved(this.context, token);
    admitWhenDurable(this.context);
  }

  propose(value: Value): boolean {
    return !this.isStopped() && propose(this.context, value);
  }

  room(): number {
    return this.isStopped() ? 0 : room(this.context);
  }

  confirmLeadership(id: number): void {
    confirmLeadership(this.context, id);
  }

  leaderGone(ballot: Ballot): void {
    leaderGone(this.context, ballot);
  }

  leaderLeaves(ballot: Ballot): void {
    leaderLeaves(this.context, ballot);
  }

  handOver(restMs: number): void {
    handOver(this.context, restMs);
  }

  installed(slot: Slot, configuration: Configuration): void {
    const { context } = this;
    const { state } = context;
    if (slot <= state.decidedUpTo) return;
    stepDown(context, 'SUPERSEDED');
    forgetUpTo(state.log, slot);
    state.decidedUpTo = slot;
    for (const voted of state.votes.keys()) if (voted <= slot) state.votes.delete(voted);
    // What was decided and not yet handed out is in the snapshot.
    state.decided = state.decided.filter((entry) => entry.slot > slot);
    state.configuration = configuration;
    state.configurationSlot = slot;
    state.fetching = undefined;
    noticeAdmission(context);
    noticeRetirement(context);
    advance(context);
    admitWhenDurable(context);
    fetchMissing(context);
  }

  forgetUpTo(slot: Slot, keptBytesMax: number): Slot {
    const { state, options } = this.context;
    assert(
      slot <= state.decidedUpTo,
      `slot ${slot} is not decided, so no snapshot can stand there`,
    );
    forget(state.log, slot, options.keptSlotsMax ?? KEPT_SLOTS_MAX, keptBytesMax);
    return state.log.forgottenUpTo;
  }

  takeOutput(): PaxosOutput {
    if (!this.isStopped()) finishTurn(this.context);
    flushAccepted(this.context);
    const output = takeOutput(this.context);
    const { decidedUpTo } = this.context.state;
    if (output.token !== undefined) this.unsaved.push({ token: output.token, decidedUpTo });
    else if (this.unsaved.length === 0) this.storedUpTo = decidedUpTo;
    const { valuesOnDisk } = this.context.options;
    if (valuesOnDisk !== undefined)
      leaveToDisk(this.context.state.log, this.storedUpTo, valuesOnDisk.memoryBytesMax);
    return output;
  }

  status(): PaxosStatus {
    const { state, lifecycle } = this.context;
    return {
      role: lifecycle.role(),
      promised: state.promised,
      // A promise above the leader's ballot was given to somebody who wants to lead: nobody does, as far as known here.
      leader: state.promised > state.leaderBallot ? undefined : state.leader,
      leaderBallot: state.leaderBallot,
      leaderHeardMs: state.leaderHeardMs,
      decidedUpTo: state.decidedUpTo,
      acceptedUpTo: state.log.lastSlot,
      configuration: state.configuration,
      isReconfiguring:
        state.leadership !== undefined && state.leadership.barrier > state.decidedUpTo,
      isFetching: state.fetching !== undefined,
      storedUpTo: this.storedUpTo,
    };
  }

  invariants(): void {
    checkInvariants(this.context);
  }

  /** Begins a candidacy at once, without a pre-vote (which changes nothing): for the exploration of small worlds. */
  campaign(): void {
    const { lifecycle, state } = this.context;
    lifecycle.send({ type: 'LEADER_LOST' });
    state.leader = undefined;
    lifecycle.send({ type: 'PRE_VOTE_WON' });
    startPrepare(this.context);
  }

  /** Sends the next heartbeat at once: for the exploration of small worlds. */
  beat(): void {
    sendHeartbeat(this.context);
  }

  private isStopped(): boolean {
    return this.context.lifecycle.role() === 'stopped';
  }
}
