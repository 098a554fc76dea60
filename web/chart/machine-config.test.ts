/** What the page reads in a machine's configuration is what XState makes of it. */
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { agentMachine } from '../../machines/agent.ts';
import { attemptMachine } from '../../machines/attempt.ts';
import { coordinatorMachine } from '../../machines/coordinator.ts';
import { frameworkMachine } from '../../machines/framework.ts';
import { masterMachine } from '../../machines/master.ts';
import { taskMachine } from '../../machines/task.ts';
import { definitionOf } from '../../runtime/inspection/form.ts';
import { everythingMachine } from '../testing/scenarios.ts';
import type { StateDefinition } from './definition.ts';
import { readMachine } from './machine-config.ts';

interface Flat {
  readonly path: string;
  readonly type: string;
  readonly initial: string | undefined;
  readonly transitions: readonly string[];
}

const flat = (state: StateDefinition): Flat[] => [
  {
    path: state.path,
    type: state.type,
    initial: state.initial,
    transitions: state.transitions
      .map(({ eventType, guard, targets }) => `${eventType} [${guard ?? ''}] ${targets.join()}`)
      .sort(),
  },
  ...state.states.flatMap(flat),
];

function byXState(machine: AnyStateMachine): Flat[] {
  const pathOf = (node: { path: readonly string[] }) => node.path.join('.');
  return [machine.root.id, ...idsBelow(machine.root)].map((id) => {
    const node = machine.getStateNodeById(id);
    const transitions = [...node.transitions.values()].flat();
    return {
      path: pathOf(node),
      type: node.type,
      initial: node.type === 'compound' ? pathOf(node.initial.target[0]!) : undefined,
      transitions: [...transitions, ...(node.always ?? [])]
        .map(({ eventType, guard, target }) => {
          const name = guard === undefined ? '' : typeof guard === 'string' ? guard : 'inline';
          return `${eventType} [${name}] ${(target ?? []).map(pathOf).join()}`;
        })
        .sort(),
    };
  });
}

function idsBelow(node: AnyStateMachine['root']): string[] {
  return Object.values(node.states).flatMap((child) => [child.id, ...idsBelow(child)]);
}

describe('read as XState reads it', () => {
  test.each([
    ['coordinator', coordinatorMachine],
    ['master', masterMachine],
    ['agent', agentMachine],
    ['task', taskMachine],
    ['attempt', attemptMachine],
    ['framework', frameworkMachine],
    ['everything', everythingMachine],
  ] as [string, AnyStateMachine][])('%s', (_name, machine) => {
    const states = flat(readMachine(definitionOf(machine)));
    expect(states.length).toBeGreaterThan(5);
    expect(states).toEqual(byXState(machine));
  });
});

describe('says what is wrong with', () => {
  test.each([
    ['no machine', '{"a":1}', 'not the configuration of an XState machine'],
    ['null', 'null', 'not the configuration of an XState machine'],
    ['a target that is not there', '{"id":"m","states":{"a":{"on":{"E":"b"}}}}', 'a leads to b'],
    ['text that is no JSON', '{', 'JSON'],
  ])('%s', (_name, json, expected) => {
    expect(() => readMachine(json)).toThrow(expected);
  });
});

test('names come out of strings, objects and functions; short forms are allowed', () => {
  const machine = readMachine(
    JSON.stringify({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          entry: ['open', { type: 'xstate.assign' }, { type: '' }],
          exit: 'shut',
          tags: 'busy',
          invoke: { src: 'worker', id: 'w', onDone: 'b' },
          on: { KNOWN: null, PLAIN: [{ guard: { type: 'isFresh' }, target: ['b'] }] },
          after: { 500: 'b' },
        },
        b: { id: 'other', states: { c: { on: { BACK: '#m.a', DEEP: '#other.c' } } } },
      },
    }),
  );
  const [a, b] = machine.states;
  expect(a).toMatchObject({
    entry: ['open', 'assign', 'inline'],
    exit: ['shut'],
    tags: ['busy'],
    invokes: ['worker'],
  });
  expect(a!.transitions.map(({ event, targets }) => [event, ...targets])).toEqual([
    ['KNOWN'],
    ['PLAIN', 'b'],
    ['done: w', 'b'],
    ['after 500 ms', 'b'],
  ]);
  expect(b!.initial).toBe('b.c');
  expect(b!.states[0]!.transitions.map(({ targets }) => targets)).toEqual([['a'], ['b.c']]);
});
