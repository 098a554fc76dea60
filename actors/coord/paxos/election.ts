/** Becoming a candidate: a pre-vote that changes nothing, then a ballot of one's own and its prepare. */
import {
  type Ballot,
  ballotCounter,
  ballotOf,
  type MemberId,
  type Slot,
} from '../../../protocol/ids.ts';
import { PROMISE_CHUNKS_MAX, sendPromise } from './acceptor.ts';
import { raisePromise } from './durable.ts';
import { heardDecided } from './fetching.ts';
import type { PreVote, PreVoted, Promised, Refused } from './messages.ts';
import { send, sendAfterSave } from './outbox.ts';
import { coveredUpTo } from './promises.ts';
import { isMajority } from './quorum.ts';
import {
  armElection,
  isKnownRemoved,
  knownBallot,
  mayCampaign,
  observeBallot,
  patience,
  stepDown,
} from './role.ts';
import type { Candidacy, Context } from './state.ts';

export function electionTick(context: Context): void {
  const { state, lifecycle, options } = context;
  const isDue = state.nowMs >= state.electionDeadlineMs;
  switch (lifecycle.role()) {
    case 'catchingUp':
    case 'observing':
    case 'following':
      if (isDue && mayCampaign(context)) startPreVote(context);
      else if (isDue) askForNews(context);
      return;
    case 'preVoting':
      if (isDue) stepDown(context, 'ELECTION_TIMED_OUT');
      else if (state.nowMs - state.preVoteSentMs >= options.timing.resendMs) sendPreVote(context);
      return;
    case 'preparing':
      if (isDue) stepDown(context, 'ELECTION_TIMED_OUT');
      else resendPrepare(context);
      return;
    default:
      return;
  }
}

/**
 * Nobody listens where the leader of this ballot did: followers need not wait for their timeout, only so long that the
 * others know it too, and not all equally long.
 */
export function leaderGone(context: Context, ballot: Ballot): void {
  const { heartbeatMs } = context.options.timing;
  loseLeader(context, ballot, heartbeatMs * (1 + context.options.random()));
}

/** The leader of this ballot said so itself, to all: nobody need wait for the others, only not all begin equally soon. */
export function leaderLeaves(context: Context, ballot: Ballot): void {
  const { heartbeatMs } = context.options.timing;
  loseLeader(context, ballot, heartbeatMs * context.options.random());
}

function loseLeader(context: Context, ballot: Ballot, waitMs: number): void {
  const { state, lifecycle } = context;
  if (lifecycle.role() !== 'following' || state.leader === undefined) return;
  if (state.leaderBallot !== ballot) return;
  state.leader = undefined;
  state.electionDeadlineMs = Math.min(
    state.electionDeadlineMs,
    state.nowMs + waitMs * patience(context),
  );
}

/**
 * Whoever does not count has no leader any more, as little as a member that has not heard of it for so long: it is not to
 * be believed in by clients. And it may have been added without hearing of it: perhaps only members that were removed
 * know, and they do not campaign.
 */
function askForNews(context: Context): void {
  const { state, me } = context;
  state.leader = undefined;
  armElection(context);
  send(context, 'all', { type: 'fetch', from: me, after: state.decidedUpTo, held: [] });
}

function startPreVote(context: Context): void {
  const { state, me, disk, lifecycle } = context;
  lifecycle.send({ type: 'LEADER_LOST' });
  state.leader = undefined;
  state.preVoteRound++;
  state.preVotes.clear();
  state.preVotes.set(me, disk);
  armElection(context, 0.5);
  sendPreVote(context);
  countPreVotes(context);
}

function sendPreVote(context: Context): void {
  const { state, me } = context;
  state.preVoteSentMs = state.nowMs;
  send(context, 'all', {
    type: 'preVote',
    from: me,
    round: state.preVoteRound,
    decidedUpTo: state.decidedUpTo,
  });
}

/** Yes only without a live leader, and only to one whom this member could tell all that it lacks. */
export function onPreVote(context: Context, message: PreVote): void {
  const { state, me, disk } = context;
  const isServable = message.decidedUpTo >= state.log.forgottenUpTo;
  send(context, message.from, {
    type: 'preVoted',
    from: me,
    disk,
    round: message.round,
    granted:
      state.mayVote &&
      isServable &&
      !isKnownRemoved(context, message.from, message.decidedUpTo) &&
      !hasLiveLeader(context, message),
    ballot: knownBallot(context),
    decidedUpTo: state.decidedUpTo,
  });
  // Without this a member that may not vote before it has caught up would wait for a leader that needs its vote.
  heardDecided(context, message.from, message.decidedUpTo);
}

function hasLiveLeader({ state, lifecycle, options }: Context, { from }: PreVote): boolean {
  if (lifecycle.role() === 'leading') return true;
  if (state.leader === undefined || state.leader === from) return false;
  return state.nowMs - state.leaderHeardMs < options.timing.electionTimeoutMs;
}

export function onPreVoted(context: Context, message: PreVoted): void {
  const { state, lifecycle } = context;
  observeBallot(context, message.ballot);
  heardDecided(context, message.from, message.decidedUpTo);
  if (lifecycle.role() !== 'preVoting' || message.round !== state.preVoteRound) return;
  if (!message.granted) return;
  state.preVotes.set(message.from, message.disk);
  countPreVotes(context);
}

function countPreVotes(context: Context): void {
  const { state, lifecycle, options } = context;
  if (!isMajority(state.configuration, state.preVotes, options.planted)) return;
  state.preVotes.clear();
  lifecycle.send({ type: 'PRE_VOTE_WON' });
  startPrepare(context);
}

/** Makes a ballot greater than any seen, promises it, and asks for promises once that is saved. */
export function startPrepare(context: Context): void {
  const { state, me } = context;
  const ballot = ballotOf(ballotCounter(state.greatestBallot) + 1, me);
  raisePromise(context, ballot);
  state.candidacy = { ballot, promises: new Map(), prepared: false, sentMs: state.nowMs };
  armElection(context);
  sendAfterSave(context, 'all', {
    type: 'prepare',
    from: me,
    ballot,
    after: state.decidedUpTo,
  });
  sendPromise(context, me, ballot, state.decidedUpTo);
}

/** To those whose promise is not complete, from where it breaks off. */
function resendPrepare(context: Context): void {
  const { state, me, options } = context;
  const { candidacy } = state;
  if (candidacy === undefined || !candidacy.prepared) return;
  if (state.nowMs - candidacy.sentMs < options.timing.resendMs) return;
  candidacy.sentMs = state.nowMs;
  for (const { id } of state.configuration.members)
    if (id !== me) askForRest(context, candidacy, id);
}

/** The answer was full: more is asked for without a wait, and the candidacy does not time out while it gets on. */
export function askOn(context: Context, { from, index, last, upTo }: Promised): void {
  const { state } = context;
  const { candidacy } = state;
  if (candidacy === undefined || last || index !== PROMISE_CHUNKS_MAX - 1) return;
  // Of chunks that come out of order the missing ones may be on the way: the tick asks for them.
  if (coveredUpTo(candidacy.promises.get(from), state.decidedUpTo) !== upTo) return;
  candidacy.sentMs = state.nowMs;
  armElection(context);
  askForRest(context, candidacy, from);
}

function askForRest(context: Context, candidacy: Candidacy, member: MemberId): void {
  const { state, me } = context;
  const after = coveredUpTo(candidacy.promises.get(member), state.decidedUpTo);
  if (after === Number.POSITIVE_INFINITY) return;
  const { ballot } = candidacy;
  send(context, member, { type: 'prepare', from: me, ballot, after: after as Slot });
}

export function onRefused(context: Context, message: Refused): void {
  const { state } = context;
  observeBallot(context, message.ballot);
  if (message.refused !== state.candidacy?.ballot || message.ballot <= message.refused) return;
  stepDown(context, 'SUPERSEDED');
}
