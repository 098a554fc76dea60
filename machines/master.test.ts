/** For every state of a master and every event: what is meant to happen. */

import { expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import { masterMachine } from './master.ts';

const events = [
  'SESSION_CONNECTED',
  'SESSION_EXPIRED',
  'ELECTED',
  'RECOVERED',
  'QUORUM_SILENT',
  'QUORUM_HEARD',
  'DEPOSED',
  'STOPPED',
] as const;
type EventType = (typeof events)[number];

/** How to get there, and where each event leads to from there; what is not named is not possible. */
const table: Record<string, { path: EventType[]; on: Partial<Record<EventType, string>> }> = {
  connecting: {
    path: [],
    on: { SESSION_CONNECTED: 'contending', SESSION_EXPIRED: 'deposed', STOPPED: 'stopped' },
  },
  contending: {
    path: ['SESSION_CONNECTED'],
    on: {
      ELECTED: 'elected.recovering',
      SESSION_EXPIRED: 'deposed',
      DEPOSED: 'deposed',
      STOPPED: 'stopped',
    },
  },
  'elected.recovering': {
    path: ['SESSION_CONNECTED', 'ELECTED'],
    on: {
      RECOVERED: 'elected.leading.serving',
      SESSION_EXPIRED: 'deposed',
      DEPOSED: 'deposed',
      STOPPED: 'stopped',
    },
  },
  'elected.leading.serving': {
    path: ['SESSION_CONNECTED', 'ELECTED', 'RECOVERED'],
    on: {
      QUORUM_SILENT: 'elected.leading.silenced',
      SESSION_EXPIRED: 'deposed',
      DEPOSED: 'deposed',
      STOPPED: 'stopped',
    },
  },
  'elected.leading.silenced': {
    path: ['SESSION_CONNECTED', 'ELECTED', 'RECOVERED', 'QUORUM_SILENT'],
    on: {
      QUORUM_HEARD: 'elected.leading.serving',
      SESSION_EXPIRED: 'deposed',
      DEPOSED: 'deposed',
      STOPPED: 'stopped',
    },
  },
  deposed: { path: ['SESSION_EXPIRED'], on: { STOPPED: 'stopped' } },
  stopped: { path: ['STOPPED'], on: {} },
};

const actionNames = [
  'openSession',
  'enterElection',
  'beginTerm',
  'endTerm',
  'abandonSession',
  'offerEndpoints',
  'withdrawEndpoints',
] as const;

function running(path: readonly EventType[]) {
  const did: string[] = [];
  const actions = Object.fromEntries(actionNames.map((name) => [name, () => did.push(name)]));
  const clock = new SimulatedClock();
  const actor = createActor(masterMachine.provide({ actions: actions as never }), { clock });
  actor.start();
  for (const type of path) actor.send({ type });
  return { actor, did, clock, state: () => pathOf(actor.getSnapshot().value) };
}
function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, inner]] = Object.entries(value as object) as [[string, unknown]];
  return `${name}.${pathOf(inner)}`;
}

test.each(Object.entries(table))('%s is reached by its path', (state, { path }) => {
  expect(running(path).state()).toBe(state);
});

test.each(
  Object.entries(table).flatMap(([state, row]) =>
    events.map((event) => [state, event, row.on[event]] as const),
  ),
)('%s and %s lead to %s', (state, event, target) => {
  const { actor, state: now } = running(table[state]!.path);
  // A chart that is done takes nothing, whatever its root knows.
  const { status } = actor.getSnapshot();
  const possible = status === 'active' && actor.getSnapshot().can({ type: event });
  expect(possible).toBe(target !== undefined);
  if (status === 'active') actor.send({ type: event });
  expect(now()).toBe(target ?? state);
});

test('a deposed master withdraws, ends its term, gives its session up, and after a while opens a new one', () => {
  const { actor, did, clock, state } = running(['SESSION_CONNECTED', 'ELECTED', 'RECOVERED']);
  expect(did).toEqual(['openSession', 'enterElection', 'beginTerm', 'offerEndpoints']);
  did.length = 0;
  actor.send({ type: 'DEPOSED' });
  expect(did).toEqual(['withdrawEndpoints', 'endTerm', 'abandonSession']);
  did.length = 0;
  clock.increment(500);
  expect(state()).toBe('connecting');
  expect(did).toEqual(['openSession']);
});
