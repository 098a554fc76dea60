/**
 * The role of one member of the quorum. The Paxos core asks this chart what it is and tells it what happened;
 * ballots, slots, votes and heartbeats stay in the core. A leader is seen once a tick at most, not with each message.
 */
import { setup } from 'xstate';

export type CoordinatorEvent =
  /** The log was read. A disk that is new, or that lost what had been synced, may not vote yet. */
  | { type: 'RECOVERED'; mayVote: boolean }
  /** A decided configuration names this disk, and everything up to it is durable here. */
  | { type: 'ADMITTED' }
  /** The configuration that was decided last does not count this member: an observer, or one that was removed. */
  | { type: 'RETIRED' }
  /** No word from a leader for an election timeout. */
  | { type: 'LEADER_LOST' }
  /** A majority would follow this member. */
  | { type: 'PRE_VOTE_WON' }
  /** A majority has promised this member's ballot. */
  | { type: 'ELECTED' }
  /** Somebody leads, or has been promised, a greater ballot. */
  | { type: 'SUPERSEDED' }
  /** No majority answered the pre-vote or the prepare in time. */
  | { type: 'ELECTION_TIMED_OUT' }
  /** The leader's majority does not answer, or does not count any more in a new configuration. */
  | { type: 'MAJORITY_LOST' }
  /** The leader leaves the lead to the others, which are clearly quicker. */
  | { type: 'HANDED_OVER' }
  | { type: 'STOPPED' };

export const coordinatorMachine = setup({
  types: { events: {} as CoordinatorEvent },
  guards: {
    mayVote: ({ event }) => event.type === 'RECOVERED' && event.mayVote,
  },
}).createMachine({
  id: 'coordinator',
  initial: 'recovering',
  on: { STOPPED: '.stopped' },
  states: {
    recovering: {
      on: { RECOVERED: [{ guard: 'mayVote', target: 'following' }, { target: 'catchingUp' }] },
    },
    catchingUp: { on: { ADMITTED: 'following', RETIRED: 'observing' } },
    observing: { on: { ADMITTED: 'following' } },
    following: { on: { LEADER_LOST: 'preVoting', RETIRED: 'observing' } },
    preVoting: {
      on: {
        PRE_VOTE_WON: 'preparing',
        SUPERSEDED: 'following',
        ELECTION_TIMED_OUT: 'following',
      },
    },
    preparing: {
      on: { ELECTED: 'leading', SUPERSEDED: 'following', ELECTION_TIMED_OUT: 'following' },
    },
    leading: {
      on: { SUPERSEDED: 'following', MAJORITY_LOST: 'following', HANDED_OVER: 'following' },
    },
    stopped: { type: 'final' },
  },
});
