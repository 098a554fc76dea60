/** Members that are behind fetch decided entries from one that has them; who is too far behind needs a snapshot. */
import type { MemberId, Slot } from '../../../protocol/ids.ts';
import { chunksOf, reportedBytes } from './chunks.ts';
import { learnDecided } from './learner.ts';
import { entriesBetween, heldBallots } from './log-view.ts';
import type { Fetch, Fetched, ReportedEntry, SnapshotNeeded } from './messages.ts';
import { send } from './outbox.ts';
import type { Context } from './state.ts';

/** One answer, in chunks; the asker then asks again. Bounds what is sent to one that has gone meanwhile. */
const ANSWER_MESSAGES_MAX = 4;
/** Answers above this go over the connection for bulk. */
const BULK_BYTES = 64 * 1024;
const HELD_BALLOTS_MAX = 256;

/** Somebody has decided up to `slot`: fetch what is missing here. */
export function heardDecided(context: Context, from: MemberId, slot: Slot): void {
  const { state } = context;
  if (slot > (state.heardDecided.get(from) ?? 0)) state.heardDecided.set(from, slot);
  if (slot > state.decidedUpTo) fetchMissing(context);
}

export function fetchMissing(context: Context): void {
  const { state, options } = context;
  const last = state.fetching;
  if (last !== undefined && state.nowMs - last.sentMs < options.timing.resendMs) return;
  const from = chooseSource(context, last?.from);
  if (from === undefined) {
    state.fetching = undefined;
    return;
  }
  state.fetching = { from, sentMs: state.nowMs };
  send(context, from, {
    type: 'fetch',
    from: context.me,
    after: state.decidedUpTo,
    held: heldBallots(state.log, state.decidedUpTo, HELD_BALLOTS_MAX),
  });
}

/** The leader first; after one that did not answer, the next that has more than this member. */
function chooseSource({ state, me }: Context, silent: MemberId | undefined): MemberId | undefined {
  const sources = [...state.heardDecided]
    .filter(([member, slot]) => slot > state.decidedUpTo && member !== me)
    .map(([member]) => member)
    .sort((a, b) => a - b);
  if (silent !== undefined) return sources.find((member) => member > silent) ?? sources[0];
  if (state.leader !== undefined && sources.includes(state.leader)) return state.leader;
  return sources[0];
}

export function onFetch(context: Context, message: Fetch): void {
  const { state, me, options } = context;
  if (message.after < state.log.forgottenUpTo) {
    const { forgottenUpTo } = state.log;
    send(context, message.from, { type: 'snapshotNeeded', from: me, forgottenUpTo });
    return;
  }
  const entries: ReportedEntry[] = [];
  let bytes = 0;
  for (const { slot, ballot, value } of entriesBetween(
    state.log,
    message.after,
    state.decidedUpTo,
  )) {
    const isHeld = message.held[slot - message.after - 1] === ballot;
    const entry: ReportedEntry = isHeld ? { slot, ballot } : { slot, ballot, value };
    bytes += reportedBytes(entry);
    if (bytes > ANSWER_MESSAGES_MAX * options.messageBytesMax && entries.length > 0) break;
    entries.push(entry);
  }
  const chunks = chunksOf(entries, options.messageBytesMax);
  chunks.forEach((chunk, index) => {
    send(
      context,
      message.from,
      {
        type: 'fetched',
        from: me,
        last: index === chunks.length - 1,
        decidedUpTo: state.decidedUpTo,
        entries: chunk,
      },
      bytes > BULK_BYTES,
    );
  });
}

export function onFetched(context: Context, message: Fetched): void {
  const { state } = context;
  const before = state.decidedUpTo;
  learnDecided(context, message.entries);
  state.heardDecided.set(message.from, message.decidedUpTo);
  if (state.fetching?.from !== message.from) return;
  if (message.last) {
    const hasAdvanced = state.decidedUpTo > before;
    if (hasAdvanced || state.decidedUpTo >= message.decidedUpTo) state.fetching = undefined;
    if (hasAdvanced) fetchMissing(context);
  } else {
    state.fetching = { from: message.from, sentMs: state.nowMs };
  }
}

export function onSnapshotNeeded(context: Context, message: SnapshotNeeded): void {
  const { state, options } = context;
  if (message.forgottenUpTo <= state.decidedUpTo) return;
  if (state.nowMs - state.snapshotWantedMs < options.timing.electionTimeoutMs) return;
  state.snapshotWantedMs = state.nowMs;
  state.snapshotWanted = { from: message.from };
}
