/** Every step of the real charts is explained by the transition that XState took. */
import { describe, expect, test } from 'vitest';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  initialTransition,
  transition,
} from 'xstate';
import { attemptMachine } from '../../machines/attempt.ts';
import { coordinatorMachine } from '../../machines/coordinator.ts';
import { masterMachine } from '../../machines/master.ts';
import { taskMachine } from '../../machines/task.ts';
import { definitionOf } from '../../runtime/inspection/form.ts';
import type { StateValue } from '../model/wire.ts';
import { everythingMachine } from '../testing/scenarios.ts';
import { chartOf, transitionText } from './graph.ts';
import { readMachine } from './machine-config.ts';
import { transitionsTaken } from './taken.ts';

type Events = readonly { readonly type: string; readonly [field: string]: unknown }[];

/** What each event is explained by: source, label and targets. */
function explained(machine: AnyStateMachine, input: unknown, events: Events): string[] {
  const graph = chartOf(readMachine(definitionOf(machine)));
  let [snapshot] = initialTransition(machine, input) as [AnyMachineSnapshot, unknown];
  return events.map((event) => {
    const from = snapshot.value as StateValue;
    [snapshot] = transition(machine, snapshot, event) as [AnyMachineSnapshot, unknown];
    const to = snapshot.value as StateValue;
    return transitionsTaken(graph, { from, to, event })
      .map((each) => `${each.source}: ${transitionText(each)} → ${each.targets.join()}`)
      .join('; ');
  });
}

test('guards that lead to different states', () => {
  expect(
    explained(coordinatorMachine, undefined, [
      { type: 'RECOVERED', mayVote: false },
      { type: 'ADMITTED' },
      { type: 'STOPPED' },
    ]),
  ).toEqual([
    'recovering: RECOVERED → catchingUp',
    'catchingUp: ADMITTED → following',
    ': STOPPED → stopped',
  ]);
  expect(explained(coordinatorMachine, undefined, [{ type: 'RECOVERED', mayVote: true }])).toEqual([
    'recovering: RECOVERED [mayVote] → following',
  ]);
});

test('transitions of outer states, into states with an inside, and of delays', () => {
  expect(
    explained(masterMachine, undefined, [
      { type: 'SESSION_CONNECTED' },
      { type: 'ELECTED' },
      { type: 'RECOVERED' },
      { type: 'DEPOSED' },
      { type: 'xstate.after.reconnectDelay.master.deposed' },
    ]),
  ).toEqual([
    'connecting: SESSION_CONNECTED → contending',
    'contending: ELECTED → elected',
    'elected.recovering: RECOVERED → elected.leading',
    'elected: DEPOSED → deposed',
    'deposed: after reconnectDelay → connecting',
  ]);
  expect(
    explained(taskMachine, { attempts: 2 }, [
      { type: 'DEPENDENCIES_FINISHED' },
      { type: 'LAUNCHED' },
      { type: 'ATTEMPT_FAILED' },
    ]).at(-1),
  ).toBe('active: ATTEMPT_FAILED [mayRetry] → waiting.retrying');
});

test('what stays where it is, what enters itself anew, and what goes on by itself', () => {
  const { attemptId, graceMs } = { attemptId: 'x.1', graceMs: 1000 };
  expect(
    explained(attemptMachine, { attemptId, graceMs }, [
      { type: 'CHECKPOINTED' },
      { type: 'STARTED' },
      { type: 'KILL_ASKED', graceMs },
      { type: 'GIVEN_UP', graceMs },
      { type: 'EXITED' },
    ]),
  ).toEqual([
    'checkpointing: CHECKPOINTED → launching',
    'launching: STARTED → running',
    'running: KILL_ASKED / noteGrace → terminating',
    'terminating: GIVEN_UP / noteGivenUp → ',
    'terminating: EXITED → ended; ended: always [isGivenUp] → forgotten',
  ]);
});

test('regions of a parallel state', () => {
  expect(
    explained(everythingMachine, undefined, [
      { type: 'SWITCH_ON' },
      { type: 'HEAT' },
      { type: 'AGAIN' },
      { type: 'COUNTED' },
      { type: 'SWITCH_OFF' },
    ]),
  ).toEqual([
    'off: SWITCH_ON [isFresh] → on',
    'on.heater.cold: HEAT → on.heater.warm',
    'on.fan.slow: AGAIN → on.fan.slow',
    'on: COUNTED / count → ',
    'on: SWITCH_OFF → off',
  ]);
});

describe('nothing is made up', () => {
  const graph = chartOf(readMachine(definitionOf(coordinatorMachine)));
  test.each([
    ['no state before', undefined, 'leading', 'ELECTED'],
    ['no state after', 'preparing', undefined, 'ELECTED'],
    ['an event that the chart does not have', 'preparing', 'leading', 'WRONG'],
    ['a move that no transition makes', 'recovering', 'leading', 'ELECTED'],
  ])('%s', (_name, from, to, type) => {
    expect(transitionsTaken(graph, { from, to, event: { type } })).toEqual([]);
  });
  test('without an event, only where one leads there', () => {
    const taken = transitionsTaken(graph, { from: 'preparing', to: 'leading', event: undefined });
    expect(taken.map(({ event }) => event)).toEqual(['ELECTED']);
  });
});
