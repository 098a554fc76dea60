/** For every state of a task and every event: what is meant to happen. */

import { describe, expect, test } from 'vitest';
import { type SnapshotFrom, transition } from 'xstate';
import { taskStates } from '../protocol/task-states.ts';
import { taskMachine } from './task.ts';

const waiting = ['blocked', 'queued', 'retrying'];
const active = ['staging', 'starting', 'running', 'killing', 'unreachable'];
const final = ['finished', 'failed', 'killed', 'error', 'lost'];
const events = [
  'DEPENDENCIES_FINISHED',
  'DEPENDENCY_FAILED',
  'LAUNCHED',
  'RETRY_DUE',
  'KILL_REQUESTED',
  'ATTEMPT_STAGING',
  'ATTEMPT_STARTING',
  'ATTEMPT_RUNNING',
  'ATTEMPT_FINISHED',
  'ATTEMPT_FAILED',
  'ATTEMPT_KILLED',
  'ATTEMPT_LOST',
  'ATTEMPT_REFUSED',
  'AGENT_UNREACHABLE',
] as const;

/** Where the event leads to; what is not named is not possible. One attempt is left, no kill was requested. */
const table: Record<string, Partial<Record<(typeof events)[number], string>>> = {
  blocked: {
    DEPENDENCIES_FINISHED: 'queued',
    DEPENDENCY_FAILED: 'error',
    KILL_REQUESTED: 'killed',
  },
  queued: { LAUNCHED: 'staging', KILL_REQUESTED: 'killed' },
  retrying: { RETRY_DUE: 'queued', KILL_REQUESTED: 'killed' },
  staging: {
    ATTEMPT_STARTING: 'starting',
    ATTEMPT_RUNNING: 'running',
    ATTEMPT_FINISHED: 'finished',
    ATTEMPT_FAILED: 'retrying',
    ATTEMPT_KILLED: 'retrying',
    ATTEMPT_LOST: 'retrying',
    ATTEMPT_REFUSED: 'retrying',
    KILL_REQUESTED: 'killing',
    AGENT_UNREACHABLE: 'unreachable',
  },
  starting: {
    ATTEMPT_RUNNING: 'running',
    ATTEMPT_FINISHED: 'finished',
    ATTEMPT_FAILED: 'retrying',
    ATTEMPT_KILLED: 'retrying',
    ATTEMPT_LOST: 'retrying',
    ATTEMPT_REFUSED: 'retrying',
    KILL_REQUESTED: 'killing',
    AGENT_UNREACHABLE: 'unreachable',
  },
  running: {
    ATTEMPT_FINISHED: 'finished',
    ATTEMPT_FAILED: 'retrying',
    ATTEMPT_KILLED: 'retrying',
    ATTEMPT_LOST: 'retrying',
    ATTEMPT_REFUSED: 'retrying',
    KILL_REQUESTED: 'killing',
    AGENT_UNREACHABLE: 'unreachable',
  },
  killing: {
    ATTEMPT_FINISHED: 'finished',
    ATTEMPT_FAILED: 'retrying',
    ATTEMPT_KILLED: 'retrying',
    ATTEMPT_LOST: 'retrying',
    ATTEMPT_REFUSED: 'retrying',
    AGENT_UNREACHABLE: 'unreachable',
  },
  unreachable: {
    ATTEMPT_STAGING: 'staging',
    ATTEMPT_STARTING: 'starting',
    ATTEMPT_RUNNING: 'running',
    ATTEMPT_FINISHED: 'finished',
    ATTEMPT_FAILED: 'retrying',
    ATTEMPT_KILLED: 'retrying',
    ATTEMPT_LOST: 'retrying',
    ATTEMPT_REFUSED: 'retrying',
    KILL_REQUESTED: 'unreachable',
  },
  finished: {},
  failed: {},
  killed: {},
  error: {},
  lost: {},
};
/** The same pairs where they lead elsewhere because no attempt is left or a kill was requested. */
const withoutRetry: Record<string, string> = {
  ATTEMPT_FAILED: 'failed',
  ATTEMPT_KILLED: 'killed',
  ATTEMPT_LOST: 'lost',
};

function at(state: string, context = { attemptsLeft: 1, killRequested: false }) {
  const value = waiting.includes(state)
    ? { waiting: state }
    : active.includes(state)
      ? { active: state }
      : state;
  return taskMachine.resolveState({ value: value as never, context });
}
function innermost(snapshot: SnapshotFrom<typeof taskMachine>): string {
  const { value } = snapshot as { value: unknown };
  return typeof value === 'string' ? value : String(Object.values(value as object)[0]);
}
function after(state: string, event: (typeof events)[number], context?: Parameters<typeof at>[1]) {
  const snapshot = at(state, context);
  if (!snapshot.can({ type: event })) return undefined;
  return transition(taskMachine, snapshot, { type: event });
}

test('every state of the chart stands in the table', () => {
  expect(Object.keys(table)).toEqual([...waiting, ...active, ...final]);
});

test.each(Object.keys(table).flatMap((state) => events.map((event) => [state, event] as const)))(
  '%s and %s',
  (state, event) => {
    const result = after(state, event);
    expect(result && innermost(result[0])).toBe(table[state]?.[event]);
  },
);

describe.each([
  ['no attempt is left', { attemptsLeft: 0, killRequested: false }],
  ['a kill was requested', { attemptsLeft: 3, killRequested: true }],
])('when %s', (_, context) => {
  test.each(
    active.flatMap((state) =>
      Object.entries(withoutRetry).map(([event, target]) => [state, event, target] as const),
    ),
  )('%s and %s lead to %s', (state, event, target) => {
    expect(innermost(after(state, event as never, context)![0])).toBe(target);
  });
});

test.each([['ATTEMPT_STAGING'], ['ATTEMPT_STARTING'], ['ATTEMPT_RUNNING']] as const)(
  'an unreachable task that was to be killed is killed when %s',
  (event) => {
    const context = { attemptsLeft: 0, killRequested: true };
    expect(innermost(after('unreachable', event, context)![0])).toBe('killing');
  },
);

test.each([
  ['blocked', 'DEPENDENCIES_FINISHED', ['joinLine']],
  ['queued', 'LAUNCHED', ['leaveLine', 'orderLaunch']],
  ['queued', 'KILL_REQUESTED', ['leaveLine', 'concludeTask']],
  ['retrying', 'RETRY_DUE', ['cancelRetry', 'joinLine']],
  ['running', 'KILL_REQUESTED', ['orderKill']],
  ['running', 'ATTEMPT_FAILED', ['freeResources', 'scheduleRetry']],
  ['running', 'ATTEMPT_FINISHED', ['freeResources', 'concludeTask']],
  ['running', 'AGENT_UNREACHABLE', []],
  ['unreachable', 'ATTEMPT_RUNNING', []],
  ['unreachable', 'ATTEMPT_LOST', ['freeResources', 'scheduleRetry']],
] as const)('%s and %s do %j', (state, event, actions) => {
  expect(after(state, event)![1].map(({ type }) => type)).toEqual(actions);
});

test('a launch uses an attempt, and a kill request is remembered', () => {
  expect(after('queued', 'LAUNCHED')![0].context.attemptsLeft).toBe(0);
  expect(after('running', 'KILL_REQUESTED')![0].context.killRequested).toBe(true);
  expect(after('unreachable', 'KILL_REQUESTED')![0].context.killRequested).toBe(true);
});

test.each(active)(
  'an attempt that was refused in %s never ran: the last one is left again',
  (state) => {
    const context = { attemptsLeft: 0, killRequested: false };
    const [next, actions] = after(state, 'ATTEMPT_REFUSED', context)!;
    expect(innermost(next)).toBe('retrying');
    expect(next.context.attemptsLeft).toBe(1);
    expect(actions.map(({ type }) => type)).toEqual(['freeResources', 'scheduleRetry']);
  },
);

test.each(active)(
  'a task that was to be killed is killed when its attempt is refused in %s',
  (state) => {
    const context = { attemptsLeft: 0, killRequested: true };
    expect(innermost(after(state, 'ATTEMPT_REFUSED', context)![0])).toBe('killed');
  },
);

test('each state has the tag of one task state, and all of those occur', () => {
  const tags = Object.keys(table).map((state) => [...at(state).tags]);
  for (const tag of tags) expect(tag).toHaveLength(1);
  expect(new Set(tags.flat())).toEqual(new Set(taskStates));
});
