/** Changes of role: each goes through the coordinator's chart, and takes down what the old role had set up. */
import type { Ballot, MemberId, Slot } from '../../../protocol/ids.ts';
import { isMember, votesIn } from './quorum.ts';
import type { Context } from './state.ts';

/** For a member that has handed its leadership over: long enough for any other, and not for ever, should there be none. */
const RESTING_PATIENCE = 4;

export function armElection(context: Context, share = 1): void {
  const { state, options } = context;
  const timeoutMs = options.timing.electionTimeoutMs * patience(context);
  state.electionDeadlineMs = state.nowMs + share * timeoutMs * (1 + options.random());
}

/** By so much longer than others it waits before it stands for election. */
export function patience({ state }: Context): number {
  return state.nowMs < state.restUntilMs ? RESTING_PATIENCE : 1;
}

/** Without waiting for a timeout; only so long that the others know it too, and not all equally long. */
export function electSoon({ state, options }: Context): void {
  const dueMs = state.nowMs + options.timing.heartbeatMs * (1 + options.random());
  state.electionDeadlineMs = Math.min(state.electionDeadlineMs, dueMs);
}

/** Ends a pre-vote, a candidacy or a leadership; for any other role nothing happens. */
export function stepDown(
  context: Context,
  why: 'SUPERSEDED' | 'ELECTION_TIMED_OUT' | 'MAJORITY_LOST' | 'HANDED_OVER',
): void {
  const { state, lifecycle } = context;
  const role = lifecycle.role();
  if (role !== 'preVoting' && role !== 'preparing' && role !== 'leading') return;
  for (const { id } of state.leadership?.confirmations ?? []) state.unconfirmed.push(id);
  state.leadership = undefined;
  state.candidacy = undefined;
  state.preVotes.clear();
  if (state.leader === context.me) state.leader = undefined;
  lifecycle.send({ type: why });
  armElection(context, why === 'ELECTION_TIMED_OUT' ? 0.5 : 1);
}

export function observeBallot({ state }: Context, ballot: Ballot): void {
  if (ballot > state.greatestBallot) state.greatestBallot = ballot;
}

/** Nothing below this is promised, accepted or followed any more. */
export function knownBallot({ state }: Context): Ballot {
  return Math.max(state.promised, state.leaderBallot) as Ballot;
}

/**
 * By a configuration that it may not have heard of. Whoever has decided more than this member may have been added by
 * one that this member has not heard of.
 */
export function isKnownRemoved({ state }: Context, member: MemberId, decidedUpTo: Slot): boolean {
  const { configuration } = state;
  if (configuration.members.length === 0 || decidedUpTo > state.decidedUpTo) return false;
  return !isMember(configuration, member);
}

/** Only who votes, and counts, may ask others to follow. */
export function mayCampaign({ state, me, disk, options }: Context): boolean {
  if (!state.mayVote) return false;
  return (
    votesIn(state.configuration, me, disk) ||
    (options.planted?.has('wiped-disk-votes') === true &&
      state.configuration.members.some((member) => member.id === me))
  );
}
