/**
 * Heartbeats, and with them the proof that this member still leads: a round that was sent after a read arrived, and
 * that a majority acknowledged without knowing of a greater ballot, shows that nobody had decided anything else by then.
 */
import type { Slot } from '../../../protocol/ids.ts';
import { refuse } from './acceptor.ts';
import { applyMark, followLeader } from './learner.ts';
import type { Heartbeat, HeartbeatAcknowledged, Mark } from './messages.ts';
import { send, sendMark } from './outbox.ts';
import { reachedByMajority, votesIn } from './quorum.ts';
import { knownBallot, observeBallot } from './role.ts';
import type { Context, Leadership } from './state.ts';

/** Waits for a round that is sent later. */
const NO_ROUND = 0;

export function confirmLeadership(context: Context, id: number): void {
  const { state } = context;
  if (state.leadership === undefined) state.unconfirmed.push(id);
  else state.leadership.confirmations.push({ id, round: NO_ROUND, slot: 0 as Slot });
}

/** All that may have been decided under earlier ballots is decided here too. */
function isEstablished({ state }: Context, leadership: Leadership): boolean {
  return state.decidedUpTo >= leadership.recoverUpTo;
}

export function sendHeartbeat(context: Context): void {
  const { state, me } = context;
  const leadership = state.leadership!;
  leadership.round++;
  leadership.heartbeatSentMs = state.nowMs;
  leadership.markSent = state.decidedUpTo;
  leadership.acknowledged.set(me, leadership.round);
  if (isEstablished(context, leadership)) {
    for (const waiting of leadership.confirmations) {
      if (waiting.round !== NO_ROUND) continue;
      waiting.round = leadership.round;
      // Others may have counted the votes for what is under way, and answered, before this member has.
      waiting.slot = (leadership.nextSlot - 1) as Slot;
    }
  }
  send(context, 'all', {
    type: 'heartbeat',
    from: me,
    ballot: state.candidacy!.ballot,
    round: leadership.round,
    decidedUpTo: state.decidedUpTo,
  });
  confirmReached(context, leadership);
}

export function onHeartbeat(context: Context, message: Heartbeat): void {
  if (!follow(context, message)) return;
  const { me, disk, state } = context;
  if (!state.mayVote) return;
  send(context, message.from, {
    type: 'heartbeatAcknowledged',
    from: me,
    disk,
    ballot: message.ballot,
    round: message.round,
  });
}

export function onMark(context: Context, message: Mark): void {
  follow(context, message);
}

function follow(context: Context, message: Heartbeat | Mark): boolean {
  observeBallot(context, message.ballot);
  if (message.ballot < knownBallot(context)) {
    refuse(context, message.from, message.ballot);
    return false;
  }
  followLeader(context, message.from, message.ballot, message.decidedUpTo);
  applyMark(context, message.from, message.ballot, message.decidedUpTo);
  return true;
}

export function onHeartbeatAcknowledged(context: Context, message: HeartbeatAcknowledged): void {
  const { state } = context;
  const { leadership } = state;
  if (leadership === undefined || message.ballot !== state.candidacy?.ballot) return;
  heard(context, leadership, message);
  if (!votesIn(state.configuration, message.from, message.disk)) return;
  const before = leadership.acknowledged.get(message.from) ?? NO_ROUND;
  if (message.round > before) leadership.acknowledged.set(message.from, message.round);
  confirmReached(context, leadership);
}

/** Its majority still answers: noted whatever it answers to. */
export function heard(
  { state }: Context,
  leadership: Leadership,
  { from, disk }: Pick<HeartbeatAcknowledged, 'from' | 'disk'>,
): void {
  if (votesIn(state.configuration, from, disk)) leadership.heardMs.set(from, state.nowMs);
}

/** A majority has acknowledged the round, and everything up to the slot is decided here: so it will be everywhere. */
export function confirmReached({ state }: Context, leadership: Leadership): void {
  const round = reachedByMajority(state.configuration, leadership.acknowledged);
  for (;;) {
    const first = leadership.confirmations[0];
    if (first === undefined || first.round === NO_ROUND || first.round > round) return;
    if (first.slot > state.decidedUpTo) return;
    leadership.confirmations.shift();
    state.confirmed.push({ id: first.id, slot: first.slot });
  }
}

/**
 * At the end of a turn: one round for all reads that came in it. That slots are decided everybody finds out by the votes,
 * and who missed one by the next accept or heartbeat; but until they know that a configuration is, nobody counts.
 */
export function finishTurn(context: Context): void {
  const { leadership, configurationSlot } = context.state;
  if (leadership === undefined) return;
  const isWaiting = leadership.confirmations.some(({ round }) => round === NO_ROUND);
  const isRoundOut = leadership.confirmations.some(({ round }) => round !== NO_ROUND);
  if (isWaiting && !isRoundOut && isEstablished(context, leadership)) sendHeartbeat(context);
  if (leadership.markSent < configurationSlot) sendMark(context);
}
