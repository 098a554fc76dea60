/** Asking for decided entries that are missing here: one question at a time, to one member. */
import type { MemberId, Slot } from '../../../protocol/ids.ts';
import { heldBallots } from './log-view.ts';
import { send } from './outbox.ts';
import type { Context } from './state.ts';

/** Of resend times: an answer may be large, and must not be asked for twice because it takes its time. */
const PATIENCE = 4;
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
  if (last !== undefined && state.nowMs - last.sentMs < PATIENCE * options.timing.resendMs) return;
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
