/** Members that are behind fetch decided entries from one that has them; who is too far behind needs a snapshot. */
import { chunksOf, reportedBytes } from './chunks.ts';
import { fetchMissing } from './fetching.ts';
import { learnDecided } from './learner.ts';
import { entriesBetween } from './log-view.ts';
import type { Fetch, Fetched, ReportedEntry, SnapshotNeeded } from './messages.ts';
import { send } from './outbox.ts';
import type { Context } from './state.ts';
import { heldValue } from './values.ts';

/** One answer, in chunks; the asker then asks again. Bounds what is sent to one that has gone meanwhile. */
const ANSWER_MESSAGES_MAX = 4;
/** Answers above this go over the connection for bulk. */
const BULK_BYTES = 64 * 1024;

export function onFetch(context: Context, message: Fetch): void {
  const { state, me, options } = context;
  if (message.after < state.log.forgottenUpTo) {
    const { forgottenUpTo } = state.log;
    send(context, message.from, { type: 'snapshotNeeded', from: me, forgottenUpTo });
    return;
  }
  const entries: ReportedEntry[] = [];
  let bytes = 0;
  for (const held of entriesBetween(state.log, message.after, state.decidedUpTo)) {
    const { slot, ballot } = held;
    const isHeld = message.held[slot - message.after - 1] === ballot;
    const entry: ReportedEntry = isHeld
      ? { slot, ballot }
      : { slot, ballot, value: heldValue(context, held) };
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
