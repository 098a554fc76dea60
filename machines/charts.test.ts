/** Every chart: its names, its reach, and what happens in every state at every event. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnyStateNode, setup } from 'xstate';
import { type Chart, charts } from './tools/catalogue.ts';
import { readme, readmeUrl, tableUrl } from './tools/charts.ts';
import { tableOf } from './tools/table.ts';
import { guardName, isNamed, leavesOf, nameOfAction, walk } from './tools/walk.ts';

const nodesIn = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(nodesIn),
];
const transitionsIn = (node: AnyStateNode) => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
];
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** Names that a chart uses, and those that it gives an implementation to. */
function namesOf({ machine }: Chart) {
  const nodes = nodesIn(machine.root);
  const transitions = nodes.flatMap(transitionsIn);
  const actions = [
    ...nodes.flatMap((node) => [...node.entry, ...node.exit]),
    ...transitions.flatMap((taken) => taken.actions),
  ];
  return {
    used: {
      actions: sorted(actions.map(nameOfAction).filter(isNamed)),
      guards: sorted(
        transitions.map(({ guard }) => guardName(guard)).filter((name) => name !== undefined),
      ),
      delays: sorted(nodes.flatMap((node) => node.after.map(({ delay }) => String(delay)))),
    },
    implemented: {
      actions: sorted(Object.keys(machine.implementations.actions)),
      guards: sorted(Object.keys(machine.implementations.guards)),
      delays: sorted(Object.keys(machine.implementations.delays)),
    },
  };
}

test('every chart of this folder is in the catalogue', () => {
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -'.ts'.length));
  expect(sorted(charts.map(({ name }) => name))).toEqual(files.sort());
});

test('README.md shows the charts as they are (else: npm run charts)', () => {
  expect(readFileSync(readmeUrl, 'utf8')).toBe(readme());
});

describe.each(charts)('the chart $name', (chart) => {
  test('has its own name', () => {
    expect(chart.machine.id).toBe(chart.name);
  });

  test('can be in each of its states', () => {
    expect(sorted(walk(chart).reached)).toEqual(sorted(leavesOf(chart.machine)));
  });

  test('names every action, guard and delay that it uses, and implements each', () => {
    const { used, implemented } = namesOf(chart);
    expect(used).toEqual(implemented);
  });

  test('knows the events of the catalogue and no others', () => {
    const known = chart.machine.events.filter((name) => !name.startsWith('xstate.'));
    expect(sorted(known)).toEqual(sorted(Object.keys(chart.events)));
  });

  test('calls events by facts in capitals, and states by words', () => {
    for (const name of Object.keys(chart.events)) expect(name).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    for (const { key } of nodesIn(chart.machine.root))
      expect(key).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
  });

  test('can be left for good: from everywhere a final state is reached', () => {
    const { steps } = walk(chart);
    const finals = new Set(
      nodesIn(chart.machine.root)
        .filter((node) => node.type === 'final')
        .map((node) => node.path.join('.')),
    );
    const ending = new Set(finals);
    const lastOf = (to: string): string => to.split(' → ').at(-1)!;
    for (let size = 0; size < ending.size; ) {
      size = ending.size;
      for (const { from, to } of steps) if (ending.has(lastOf(to))) ending.add(from);
    }
    expect(sorted(ending)).toEqual(sorted(leavesOf(chart.machine)));
  });

  test('does in every state at every event what its table says', () => {
    // Where they differ, one of them is wrong. When the chart is right: npm run charts -- --tables.
    expect(tableOf(chart)).toBe(readFileSync(tableUrl(chart), 'utf8'));
  });
});

describe('the table of a chart', () => {
  const machine = setup({
    types: { events: {} as { type: 'GO' } | { type: 'STAY' } | { type: 'SHUN' } },
    actions: { leave: () => undefined, travel: () => undefined, arrive: () => undefined },
    guards: { isOpen: () => false },
    delays: { night: 1000 },
  }).createMachine({
    id: 'example',
    initial: 'home',
    states: {
      home: {
        exit: 'leave',
        on: {
          GO: [
            { guard: 'isOpen', target: 'unreached' },
            { target: 'away', actions: 'travel' },
          ],
          STAY: { actions: 'travel' },
        },
      },
      away: { entry: 'arrive', on: { SHUN: {} }, after: { night: 'passing' } },
      passing: { always: 'home' },
      unreached: {},
    },
  });
  const chart: Chart = {
    name: 'example',
    machine,
    purpose: '',
    events: { GO: '', STAY: '', SHUN: '' },
    inputs: [undefined],
  };

  test('tells targets, actions in order, delays, and what is ignored or refused', () => {
    expect(tableOf(chart)).toBe(`# example

home
  GO → away / leave, travel, arrive
  STAY → stays / travel
  refused: SHUN

away
  SHUN → ignored
  after night → passing → home
  refused: GO, STAY

passing
  never stayed in

unreached
  never reached
`);
  });

  test('comes from a walk that sees which states are never reached', () => {
    expect(sorted(walk(chart).reached)).toEqual(['away', 'home']);
  });
});
