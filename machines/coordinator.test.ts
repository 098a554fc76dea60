import { describe, expect, test } from 'vitest';
import { getNextSnapshot } from 'xstate';
import { type CoordinatorEvent, coordinatorMachine } from './coordinator.ts';

const events: readonly CoordinatorEvent[] = [
  { type: 'RECOVERED', mayVote: true },
  { type: 'RECOVERED', mayVote: false },
  { type: 'ADMITTED' },
  { type: 'RETIRED' },
  { type: 'LEADER_LOST' },
  { type: 'PRE_VOTE_WON' },
  { type: 'ELECTED' },
  { type: 'SUPERSEDED' },
  { type: 'ELECTION_TIMED_OUT' },
  { type: 'MAJORITY_LOST' },
  { type: 'HANDED_OVER' },
  { type: 'STOPPED' },
];

/** For each state, what each event leads to, in the order above; `-` where it must not happen. */
const table: Record<string, readonly string[]> = {
  recovering: ['following', 'catchingUp', '-', '-', '-', '-', '-', '-', '-', '-', '-', 'stopped'],
  catchingUp: ['-', '-', 'following', 'observing', '-', '-', '-', '-', '-', '-', '-', 'stopped'],
  observing: ['-', '-', 'following', '-', '-', '-', '-', '-', '-', '-', '-', 'stopped'],
  following: ['-', '-', '-', 'observing', 'preVoting', '-', '-', '-', '-', '-', '-', 'stopped'],
  preVoting: [
    '-',
    '-',
    '-',
    '-',
    '-',
    'preparing',
    '-',
    'following',
    'following',
    '-',
    '-',
    'stopped',
  ],
  preparing: [
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    'leading',
    'following',
    'following',
    '-',
    '-',
    'stopped',
  ],
  leading: [
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    'following',
    '-',
    'following',
    'following',
    'stopped',
  ],
  stopped: ['-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'],
};

test('the table has every state of the chart', () => {
  expect(Object.keys(coordinatorMachine.states).sort()).toEqual(Object.keys(table).sort());
});

describe.each(Object.entries(table))('%s', (state, row) => {
  test.each(row.map((next, at) => [events[at]!, next] as const))(
    '%o leads to %s',
    (event, next) => {
      const before = coordinatorMachine.resolveState({ value: state });
      const isPossible = state !== 'stopped' && before.can(event);
      const after = isPossible ? getNextSnapshot(coordinatorMachine, before, event).value : '-';
      expect(after).toBe(next);
    },
  );
});

test('every state can be reached from the first', () => {
  const reached = new Set(['recovering']);
  for (const state of reached) {
    for (const next of table[state] ?? []) if (next !== '-') reached.add(next);
  }
  expect([...reached].sort()).toEqual(Object.keys(table).sort());
});
