/**
 * Leading: first the slots that may have been chosen under earlier ballots, then new values, one round trip a slot,
 * as many slots at a time as the window allows. The leader's own accept counts when its own save is done.
 */
import { assert } from '../../../protocol/errors.ts';
import { type Ballot, NO_SLOT, type Slot } from '../../../protocol/ids.ts';
import { admissionOf } from './configuration.ts';
import { confirmReached, heard, sendHeartbeat } from './confirmation.ts';
import type { Value } from './contract.ts';
import { acceptEntry } from './durable.ts';
import { askOn } from './election.ts';
import { advance, learnAccepted, learnDecided } from './learner.ts';
import { markDecided, NOOP, valueBytes } from './log-view.ts';
import type { Accepted, AdmissionRequest, Promised } from './messages.ts';
import { acknowledgeAccept, send } from './outbox.ts';
import {
  addChunk,
  completePromises,
  dropReports,
  lastReportedSlot,
  reportedAt,
} from './promises.ts';
import { isMajority, reachedByMajority } from './quorum.ts';
import { stepDown } from './role.ts';
import type { Context, Flight, Leadership } from './state.ts';

/** Accepts sent again in one tick: a majority that is slow must not be drowned. */
const RESEND_BYTES_MAX = 4 * 1024 * 1024;

export function onPromise(context: Context, message: Promised): void {
  const { state, me, lifecycle, options } = context;
  if (message.ballot !== state.candidacy?.ballot) return;
  if (message.from === me) state.candidacy.prepared = true;
  addChunk(context, message);
  learnDecided(
    context,
    message.entries.filter((entry) => entry.slot <= message.decidedUpTo),
  );
  if (lifecycle.role() !== 'preparing') return;
  if (isMajority(state.configuration, completePromises(context), options.planted)) {
    lifecycle.send({ type: 'ELECTED' });
    startLeading(context);
  } else askOn(context, message);
}

function startLeading(context: Context): void {
  const { state, me } = context;
  state.leader = me;
  state.leaderBallot = state.candidacy!.ballot;
  state.leadership = {
    nextSlot: (state.decidedUpTo + 1) as Slot,
    recoverUpTo: lastReportedSlot(context),
    barrier: NO_SLOT,
    inFlight: new Map(),
    heardMs: new Map(state.configuration.members.map(({ id }) => [id, state.nowMs])),
    round: 0,
    heartbeatSentMs: state.nowMs,
    acknowledged: new Map(),
    confirmations: [],
    markSent: NO_SLOT,
  };
  sendHeartbeat(context);
}

/** After each message, since any may have decided slots: drops what is done, and proposes what may be proposed now. */
export function settle(context: Context): void {
  const { state } = context;
  const { leadership } = state;
  if (leadership === undefined) return;
  for (const slot of leadership.inFlight.keys()) {
    if (slot <= state.decidedUpTo) leadership.inFlight.delete(slot);
  }
  dropReports(context, state.decidedUpTo);
  if (leadership.nextSlot <= state.decidedUpTo) {
    leadership.nextSlot = (state.decidedUpTo + 1) as Slot;
  }
  proposeRecovered(context, leadership);
  confirmReached(context, leadership);
}

function proposeRecovered(context: Context, leadership: Leadership): void {
  const { state } = context;
  while (state.leadership === leadership && leadership.nextSlot <= leadership.recoverUpTo) {
    if (windowRoom(context, leadership) <= 0) return;
    const slot = leadership.nextSlot;
    const known = state.log.entries.get(slot);
    if (known?.decided) {
      leadership.nextSlot = (slot + 1) as Slot;
      if (known.value.kind === 'configuration') leadership.barrier = slot;
    } else {
      proposeNext(context, leadership, reportedAt(context, slot)?.value ?? NOOP);
    }
  }
}

function windowRoom({ state, options }: Context, leadership: Leadership): number {
  if (leadership.barrier > state.decidedUpTo) return 0;
  return options.slotsInFlightMax - (leadership.nextSlot - 1 - state.decidedUpTo);
}

/** How many new values may be proposed now. */
export function room(context: Context): number {
  const { leadership } = context.state;
  if (leadership === undefined || leadership.nextSlot <= leadership.recoverUpTo) return 0;
  return Math.max(0, windowRoom(context, leadership));
}

export function propose(context: Context, value: Value): boolean {
  const { leadership } = context.state;
  if (leadership === undefined || room(context) === 0) return false;
  assert(
    valueBytes(value) <= context.options.messageBytesMax,
    'a proposed value is larger than a message',
  );
  proposeNext(context, leadership, value);
  return true;
}

function proposeNext(context: Context, leadership: Leadership, value: Value): void {
  const { state } = context;
  const { ballot } = state.candidacy!;
  assert(state.promised === ballot, `leading under ${ballot}, but ${state.promised} is promised`);
  const slot = leadership.nextSlot;
  leadership.nextSlot = (slot + 1) as Slot;
  if (value.kind === 'configuration') leadership.barrier = slot;
  const flight: Flight = { slot, value, votes: new Map(), sentMs: state.nowMs };
  leadership.inFlight.set(slot, flight);
  acceptEntry(context, slot, ballot, value, false);
  sendAccept(context, 'all', ballot, flight);
  acknowledgeAccept(context, ballot, slot);
}

function sendAccept(
  context: Context,
  to: Parameters<typeof send>[1],
  ballot: Ballot,
  { slot, value }: Flight,
): void {
  const { state, me } = context;
  if (to === 'all') state.leadership!.markSent = state.decidedUpTo;
  send(context, to, {
    type: 'accept',
    from: me,
    ballot,
    slot,
    value,
    decidedUpTo: state.decidedUpTo,
  });
}

export function onAccepted(context: Context, message: Accepted): void {
  const { state } = context;
  const { leadership } = state;
  if (leadership === undefined || message.ballot !== state.candidacy?.ballot) {
    learnAccepted(context, message);
    return;
  }
  heard(context, leadership, message);
  for (const slot of message.slots) {
    const flight = leadership.inFlight.get(slot);
    flight?.votes.set(message.from, message.disk);
  }
  decideVoted(context, leadership, message.ballot);
}

/** In slot order: each slot is governed by the configuration that is in force when all below it are decided. */
function decideVoted(context: Context, leadership: Leadership, ballot: Ballot): void {
  const { state, options } = context;
  while (state.leadership === leadership) {
    const slot = (state.decidedUpTo + 1) as Slot;
    const flight = leadership.inFlight.get(slot);
    if (flight === undefined) return;
    if (!isMajority(state.configuration, flight.votes, options.planted)) return;
    leadership.inFlight.delete(slot);
    const entry = state.log.entries.get(slot);
    assert(entry?.ballot === ballot, `slot ${slot} was lost while it was in flight`);
    markDecided(state.log, entry);
    advance(context);
  }
}

/** A leader whom no majority hears steps down, so that nobody waits for it in vain. */
export function leaderTick(context: Context): void {
  const { state, me, options } = context;
  const { leadership } = state;
  if (leadership === undefined) return;
  leadership.heardMs.set(me, state.nowMs);
  const heardMs = reachedByMajority(state.configuration, leadership.heardMs);
  if (state.nowMs - heardMs >= options.timing.electionTimeoutMs) {
    stepDown(context, 'MAJORITY_LOST');
    return;
  }
  resendAccepts(context, leadership);
  if (state.nowMs - leadership.heartbeatSentMs >= options.timing.heartbeatMs)
    sendHeartbeat(context);
}

/** What it has proposed is the next leader's to settle. */
export function handOver(context: Context, restMs: number): void {
  const { state } = context;
  if (state.leadership === undefined) return;
  state.restUntilMs = state.nowMs + restMs;
  stepDown(context, 'HANDED_OVER');
}

function resendAccepts(context: Context, leadership: Leadership): void {
  const { state, me, options } = context;
  let bytes = 0;
  for (const flight of leadership.inFlight.values()) {
    if (state.nowMs - flight.sentMs < options.timing.resendMs) continue;
    bytes += valueBytes(flight.value);
    if (bytes > RESEND_BYTES_MAX && bytes > valueBytes(flight.value)) return;
    flight.sentMs = state.nowMs;
    for (const { id } of state.configuration.members) {
      if (id !== me && !flight.votes.has(id)) {
        sendAccept(context, id, state.candidacy!.ballot, flight);
      }
    }
  }
}

export function onAdmissionRequest(context: Context, message: AdmissionRequest): void {
  const value = admissionOf(context, message);
  if (value !== undefined) propose(context, value);
}
