/** For every state of a framework and every event: what is meant to happen. */

import { expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import { frameworkMachine } from './framework.ts';

const events = [
  'SUBSCRIBE_RECEIVED',
  'SUBSCRIBED',
  'RECOVERED',
  'SUPPRESSED',
  'REVIVED',
  'DISCONNECTED',
  'TORN_DOWN',
] as const;
type EventType = (typeof events)[number];

/** How to get there, and where each event leads to from there; what is not named is not possible. */
const table: Record<string, { path: EventType[]; on: Partial<Record<EventType, string>> }> = {
  registering: {
    path: [],
    on: { SUBSCRIBE_RECEIVED: 'subscribing', RECOVERED: 'awaited', TORN_DOWN: 'tornDown' },
  },
  awaited: {
    path: ['RECOVERED'],
    on: { SUBSCRIBE_RECEIVED: 'failingOver', TORN_DOWN: 'tornDown' },
  },
  subscribing: {
    path: ['SUBSCRIBE_RECEIVED'],
    on: {
      SUBSCRIBED: 'subscribed.active',
      SUBSCRIBE_RECEIVED: 'subscribing',
      DISCONNECTED: 'disconnected',
      TORN_DOWN: 'tornDown',
    },
  },
  'subscribed.active': {
    path: ['SUBSCRIBE_RECEIVED', 'SUBSCRIBED'],
    on: {
      SUBSCRIBE_RECEIVED: 'failingOver',
      SUPPRESSED: 'subscribed.suppressed',
      DISCONNECTED: 'disconnected',
      TORN_DOWN: 'tornDown',
    },
  },
  'subscribed.suppressed': {
    path: ['SUBSCRIBE_RECEIVED', 'SUBSCRIBED', 'SUPPRESSED'],
    on: {
      SUBSCRIBE_RECEIVED: 'failingOver',
      REVIVED: 'subscribed.active',
      DISCONNECTED: 'disconnected',
      TORN_DOWN: 'tornDown',
    },
  },
  disconnected: {
    path: ['SUBSCRIBE_RECEIVED', 'SUBSCRIBED', 'DISCONNECTED'],
    on: { SUBSCRIBE_RECEIVED: 'failingOver', TORN_DOWN: 'tornDown' },
  },
  failingOver: {
    path: ['SUBSCRIBE_RECEIVED', 'SUBSCRIBED', 'SUBSCRIBE_RECEIVED'],
    on: {
      SUBSCRIBE_RECEIVED: 'failingOver',
      SUBSCRIBED: 'subscribed.active',
      DISCONNECTED: 'disconnected',
      TORN_DOWN: 'tornDown',
    },
  },
  tornDown: { path: ['TORN_DOWN'], on: {} },
};

const actionNames = [
  'activateFramework',
  'deactivateFramework',
  'suppressOffers',
  'reviveOffers',
  'recordFramework',
  'forgetFramework',
] as const;

function running(path: readonly EventType[]) {
  const did: string[] = [];
  const actions = Object.fromEntries(actionNames.map((name) => [name, () => did.push(name)]));
  const clock = new SimulatedClock();
  const machine = frameworkMachine.provide({ actions: actions as never });
  const actor = createActor(machine, { clock, input: { failoverTimeoutMs: 1000 } });
  actor.start();
  for (const type of path) actor.send(eventOf(type));
  return { actor, did, clock, state: () => pathOf(actor.getSnapshot().value) };
}
function eventOf(type: EventType) {
  return type === 'SUBSCRIBE_RECEIVED' ? { type, failoverTimeoutMs: 1000 } : { type };
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
  const possible = status === 'active' && actor.getSnapshot().can(eventOf(event));
  expect(possible).toBe(target !== undefined);
  if (status === 'active') actor.send(eventOf(event));
  expect(now()).toBe(target ?? state);
});

test('one that a new leader has found is given a while before its failover timeout begins', () => {
  const { clock, state } = running(table.awaited!.path);
  clock.increment(30_000);
  expect(state()).toBe('disconnected');
  clock.increment(1000);
  expect(state()).toBe('tornDown');
});

test('a disconnected framework is torn down when its failover timeout has passed', () => {
  const { clock, did, state } = running(table.disconnected!.path);
  clock.increment(999);
  expect(state()).toBe('disconnected');
  clock.increment(1);
  expect(state()).toBe('tornDown');
  expect(did.at(-1)).toBe('forgetFramework');
});

test('offers follow the subscription', () => {
  const { actor, did } = running(['SUBSCRIBE_RECEIVED', 'SUBSCRIBED']);
  actor.send({ type: 'SUPPRESSED' });
  actor.send({ type: 'REVIVED' });
  actor.send({ type: 'DISCONNECTED' });
  expect(did).toEqual([
    'recordFramework',
    'activateFramework',
    'suppressOffers',
    'reviveOffers',
    'deactivateFramework',
  ]);
});
