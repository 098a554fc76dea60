/** Decided entries, in slot order, each once: by the leader's mark, by a count of votes, or fetched. */

import { assert } from '../../../protocol/errors.ts';
import type { Ballot, MemberId, Slot } from '../../../protocol/ids.ts';
import { configurationDecided } from './configuration.ts';
import { acceptEntry, raisePromise } from './durable.ts';
import { heardDecided } from './fetching.ts';
import { type LogEntry, markDecided, maybeSameValue } from './log-view.ts';
import type { Accepted, ReportedEntry } from './messages.ts';
import { isMajority } from './quorum.ts';
import { armElection, isKnownRemoved, stepDown } from './role.ts';
import type { Context } from './state.ts';
import { heldValue } from './values.ts';

/** Decided entries out of order are kept this far ahead; others are fetched again. */
const LEARN_AHEAD_SLOTS_MAX = 4096;

/** A live leader, which has decided so much, was heard under a ballot that is not below the known one. */
export function followLeader(
  context: Context,
  leader: MemberId,
  ballot: Ballot,
  decidedUpTo: Slot,
): void {
  const { state } = context;
  if (ballot < state.leaderBallot) return;
  if (ballot > state.leaderBallot) state.votes.clear();
  state.leaderBallot = ballot;
  const ownBallot = state.candidacy?.ballot;
  if (isKnownRemoved(context, leader, decidedUpTo)) {
    // Its last words: it steps down as soon as it hears.
    state.leader = undefined;
    if (ownBallot !== undefined && ownBallot < ballot) stepDown(context, 'SUPERSEDED');
    return;
  }
  state.leader = leader;
  state.leaderHeardMs = state.nowMs;
  if (ownBallot === undefined || ownBallot < ballot) stepDown(context, 'SUPERSEDED');
  armElection(context);
}

/**
 * The mark decides only what was accepted under its own ballot: under another ballot this slot may hold another
 * value than the one that was chosen. What it does not decide is fetched.
 */
export function applyMark(context: Context, from: MemberId, ballot: Ballot, upTo: Slot): void {
  const { state } = context;
  if (ballot > state.mark.ballot || (ballot === state.mark.ballot && upTo > state.mark.upTo)) {
    state.mark = { ballot, upTo };
  }
  advance(context);
  heardDecided(context, from, upTo);
}

function isDecidedByMark({ state, options }: Context, entry: LogEntry): boolean {
  if (entry.slot > state.mark.upTo) return false;
  return (
    entry.ballot === state.mark.ballot ||
    options.planted?.has('decided-mark-under-another-ballot') === true
  );
}

/**
 * What was accepted here under the leader's ballot is decided with a majority under it: nobody needs to say so. That
 * leader must have known the configuration by which the votes are counted: what it proposed under a former one was
 * asked of other members.
 */
function isDecidedByVotes({ state, options }: Context, entry: LogEntry): boolean {
  const { mark, leaderBallot, configurationSlot } = state;
  if (entry.ballot !== leaderBallot) return false;
  if (mark.ballot !== leaderBallot || mark.upTo < configurationSlot) return false;
  const votes = state.votes.get(entry.slot);
  return votes !== undefined && isMajority(state.configuration, votes, options.planted);
}

/** Another member has accepted under the leader that this one follows: sooner known than by the leader's mark. */
export function learnAccepted(context: Context, { from, disk, ballot, slots }: Accepted): void {
  const { state } = context;
  if (ballot !== state.leaderBallot) return;
  for (const slot of slots) {
    if (slot <= state.decidedUpTo || slot > state.decidedUpTo + LEARN_AHEAD_SLOTS_MAX) continue;
    const votes = state.votes.get(slot);
    if (votes === undefined) state.votes.set(slot, new Map([[from, disk]]));
    else votes.set(from, disk);
  }
  advance(context);
}

export function advance(context: Context): void {
  const { state } = context;
  for (;;) {
    const slot = (state.decidedUpTo + 1) as Slot;
    const entry = state.log.entries.get(slot);
    if (entry === undefined) return;
    const isDecided =
      entry.decided || isDecidedByMark(context, entry) || isDecidedByVotes(context, entry);
    if (!isDecided) return;
    markDecided(state.log, entry);
    state.votes.delete(slot);
    state.decidedUpTo = slot;
    const value = heldValue(context, entry);
    state.decided.push({ slot, value });
    if (value.kind === 'configuration') configurationDecided(context, slot, value.configuration);
  }
}

/** Entries that another member knows to be decided, whatever the ballots here say. */
export function learnDecided(context: Context, entries: readonly ReportedEntry[]): void {
  const { state } = context;
  for (const { slot, ballot, value } of entries) {
    if (slot <= state.decidedUpTo || slot > state.decidedUpTo + LEARN_AHEAD_SLOTS_MAX) continue;
    const entry = state.log.entries.get(slot);
    if (entry?.decided) continue;
    if (entry !== undefined && entry.ballot >= ballot) {
      // Every ballot from the one that decided on proposes the same value.
      assert(
        value === undefined || maybeSameValue(entry.value, value),
        `slot ${slot} is decided under ${ballot} with another value than under ${entry.ballot}`,
      );
      markDecided(state.log, entry);
    } else if (value !== undefined) {
      // For the same reason a decided value may be kept under the ballot of whoever told it.
      raisePromise(context, ballot);
      acceptEntry(context, slot, ballot, value, true);
    }
  }
  advance(context);
}
