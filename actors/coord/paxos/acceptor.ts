/**
 * Promises and accepts: what this member's disk stands for.
 *
 * Who may not vote (an observer, or a disk that has not been admitted) does as an acceptor does, but says nothing of it:
 * it promises and keeps what a leader proposes, and so decides it as soon as anybody. To all others it is an acceptor
 * whose every message was lost; what it holds was proposed under the ballot that it is held under, and may be reported
 * once it votes (decision 0016).
 */

import { assert } from '../../../protocol/errors.ts';
import { type Ballot, ballotMember, type MemberId, type Slot } from '../../../protocol/ids.ts';
import { chunksOf } from './chunks.ts';
import { acceptEntry, raisePromise } from './durable.ts';
import { applyMark, followLeader } from './learner.ts';
import { entriesBetween, type LogEntry, maybeSameValue } from './log-view.ts';
import type { Accept, Prepare } from './messages.ts';
import { acknowledgeAccept, send, sendAfterSave } from './outbox.ts';
import { armElection, knownBallot, observeBallot, stepDown } from './role.ts';
import type { Context } from './state.ts';
import { heldValue } from './values.ts';

/** Slots and bytes above the decided prefix that an acceptor takes; a leader in step with it never goes so far. */
const AHEAD_WINDOWS_MAX = 8;
const AHEAD_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Messages of one promise. A candidate that is far behind asks on: what it lacks may lie on disk here, and all of it at
 * once would be a long pause, and memory for everything that is kept.
 */
export const PROMISE_CHUNKS_MAX = 4;

export function onPrepare(context: Context, message: Prepare): void {
  const { state } = context;
  observeBallot(context, message.ballot);
  if (!state.mayVote) return;
  if (isTooOld(context, message.ballot)) {
    refuse(context, message.from, message.ballot);
    return;
  }
  if (message.after < state.log.forgottenUpTo) {
    send(context, message.from, {
      type: 'snapshotNeeded',
      from: context.me,
      forgottenUpTo: state.log.forgottenUpTo,
    });
    return;
  }
  raisePromise(context, message.ballot);
  stepDown(context, 'SUPERSEDED');
  armElection(context);
  sendPromise(context, message.from, message.ballot, message.after);
}

/**
 * What this member holds above `after`, in chunks: to another as many as one answer may have, the last of all being told by
 * `last`. They leave when all that is held is on disk. Its own promise is whole: what is not decided is in memory.
 */
export function sendPromise(context: Context, to: MemberId, ballot: Ballot, after: Slot): void {
  const { state } = context;
  let entries = [...entriesBetween(state.log, after, state.log.lastSlot)];
  if (context.options.planted?.has('promise-leaves-out-accepted-slot'))
    entries = entries.slice(0, -1);
  const chunks = chunksOf(
    reported(context, entries),
    context.options.messageBytesMax,
    to === context.me ? undefined : PROMISE_CHUNKS_MAX,
  );
  const sent = chunks.reduce((count, chunk) => count + chunk.length, 0);
  let chunkAfter = after;
  chunks.forEach((chunk, index) => {
    const upTo = (chunk.at(-1)?.slot ?? chunkAfter) as Slot;
    sendAfterSave(
      context,
      to,
      {
        type: 'promise',
        from: context.me,
        disk: context.disk,
        ballot,
        index,
        last: index === chunks.length - 1 && sent === entries.length,
        after: chunkAfter,
        upTo,
        decidedUpTo: state.decidedUpTo,
        entries: chunk,
      },
      chunks.length > 1,
    );
    chunkAfter = upTo;
  });
}

/** Each value is read when it is asked for. */
function* reported(context: Context, entries: readonly LogEntry[]) {
  for (const entry of entries)
    yield { slot: entry.slot, ballot: entry.ballot, value: heldValue(context, entry) };
}

export function onAccept(context: Context, message: Accept): void {
  const { state } = context;
  observeBallot(context, message.ballot);
  if (isTooOld(context, message.ballot)) {
    refuse(context, message.from, message.ballot);
    return;
  }
  raisePromise(context, message.ballot);
  followLeader(context, message.from, message.ballot, message.decidedUpTo);
  const isVoting = state.mayVote || context.options.planted?.has('observer-votes');
  if (take(context, message) && isVoting) {
    acknowledgeAccept(context, message.ballot, message.slot);
  }
  applyMark(context, message.from, message.ballot, message.decidedUpTo);
}

/** False when the slot is too far ahead to be kept. */
function take(context: Context, { slot, ballot, value }: Accept): boolean {
  const { state } = context;
  const entry = state.log.entries.get(slot);
  if (slot <= state.decidedUpTo || entry?.decided) {
    assert(
      entry === undefined || maybeSameValue(entry.value, value),
      `slot ${slot} is decided, and ballot ${ballot} proposes another value`,
    );
    return true;
  }
  if (entry?.ballot === ballot) return true;
  const isTooFar =
    slot > state.decidedUpTo + AHEAD_WINDOWS_MAX * context.options.slotsInFlightMax ||
    (state.log.memoryBytes > AHEAD_BYTES_MAX &&
      slot > state.decidedUpTo + context.options.slotsInFlightMax);
  if (isTooFar) return false;
  acceptEntry(context, slot, ballot, value, false);
  return true;
}

function isTooOld(context: Context, ballot: Ballot): boolean {
  if (context.options.planted?.has('ballots-not-compared')) return false;
  return ballot < knownBallot(context);
}

export function refuse(context: Context, to: MemberId, refused: Ballot): void {
  const ballot = knownBallot(context);
  assert(ballotMember(refused) === to, `ballot ${refused} is not of member ${to}`);
  send(context, to, { type: 'refused', from: context.me, refused, ballot });
}
