import { describe, expect, test } from 'vitest';
import { countUntil, History, isGone } from './history.ts';
import type { InspectionEvent, LiveItem, StateValue } from './wire.ts';

let ids = 0;
function nextId(): string {
  ids += 1;
  return String(ids);
}
const item = (at: number, event: InspectionEvent): LiveItem => ({ at, event });
const actor = (at: number, sessionId: string, value: StateValue, more: object = {}) =>
  item(at, {
    type: '@xstate.actor',
    id: nextId(),
    sessionId,
    snapshot: { value, status: 'active', ...more },
  });
const moved = (at: number, sessionId: string, type: string, value: StateValue, more: object = {}) =>
  item(at, {
    type: '@xstate.snapshot',
    id: nextId(),
    sessionId,
    event: { type },
    snapshot: { value, status: 'active', ...more },
  });
const sent = (at: number, sessionId: string, type: string, more: object = {}) =>
  item(at, {
    type: '@xstate.event',
    id: nextId(),
    sessionId,
    event: { type, ...more },
    sourceId: 's',
  });

const told = (history: History, sessionId: string) =>
  history.actors
    .get(sessionId)!
    .steps.map(
      ({ at, event, fromText, toText }) => `${at} ${event?.type ?? '-'} ${fromText}→${toText}`,
    );

test('events and the snapshots that follow them become one step each', () => {
  const history = new History();
  history.add([
    actor(1, 'master.m', 'a'),
    sent(2, 'master.m', 'GO', { payload: 7 }),
    moved(2, 'master.m', 'GO', { b: 'c' }, { context: { n: 1 } }),
  ]);
  expect(told(history, 'master.m')).toEqual(['1 - →a', '2 GO a→b.c']);
  const last = history.actors.get('master.m')!.steps.at(-1)!;
  expect(last).toMatchObject({ sourceId: 's', since: 2, snapshot: { context: { n: 1 } } });
});

test('an event that changed nothing is told, in full detail and in the list', () => {
  const history = new History();
  history.add([
    actor(1, 'master.m', 'a'),
    sent(2, 'master.m', 'IGNORED'),
    sent(3, 'master.m', 'GO'),
    moved(3, 'master.m', 'GO', 'b'),
    moved(4, 'master.m', 'AGAIN', 'b'),
  ]);
  expect(told(history, 'master.m')).toEqual(['1 - →a', '2 IGNORED a→a', '3 GO a→b', '4 AGAIN b→b']);
  expect(history.actors.get('master.m')!.steps.at(-1)!.since).toBe(3);
});

test('since when is what the server says at first, and the time of the step later', () => {
  const history = new History();
  history.add([actor(100, 'agent.a', 'x', { since: 40 })]);
  expect(history.actors.get('agent.a')!.steps.at(-1)!.since).toBe(40);
  history.add([moved(120, 'agent.a', 'E', 'y', { since: 120 })]);
  expect(history.actors.get('agent.a')!.steps.at(-1)!.since).toBe(120);
});

test('an actor that is told of again as it was is no step; otherwise it is one', () => {
  const history = new History();
  history.add([actor(1, 'agent.a', 'x'), actor(2, 'agent.a', 'x'), actor(3, 'agent.a', 'y')]);
  expect(told(history, 'agent.a')).toEqual(['1 - →x', '3 - x→y']);
});

test('a definition serves every actor of its kind', () => {
  const history = new History();
  history.add([
    actor(1, 'agent.a', 'x'),
    item(2, { type: '@xstate.actor', sessionId: 'agent.b', definition: '{"id":"agent"}' }),
  ]);
  expect(history.definitionOf('agent.a')).toBe('{"id":"agent"}');
  expect(history.definitionOf('agent.nobody')).toBe('{"id":"agent"}');
  expect(history.definitionOf('master.m')).toBeUndefined();
});

test('one that is gone keeps its last state', () => {
  const history = new History();
  history.add([
    actor(1, 'agent.a', 'x'),
    moved(2, 'agent.a', 'xstate.stop', 'x', { status: 'stopped' }),
  ]);
  const last = history.actors.get('agent.a')!.steps.at(-1)!;
  expect([isGone(last), last.toText, last.since]).toEqual([true, 'x', 2]);
});

describe('at a moment', () => {
  const history = new History();
  history.add([
    actor(10, 'agent.a', 'x'),
    moved(20, 'agent.a', 'E', 'y'),
    moved(20, 'agent.a', 'F', 'z'),
    moved(30, 'agent.a', 'G', 'w'),
  ]);
  const { steps } = history.actors.get('agent.a')!;
  test.each([
    [9, Number.POSITIVE_INFINITY, undefined],
    [10, Number.POSITIVE_INFINITY, 'x'],
    [20, steps[1]!.number, 'y'],
    [20, steps[2]!.number, 'z'],
    [25, 0, 'z'],
    [99, Number.POSITIVE_INFINITY, 'w'],
  ])('%d (%d) it is in %s', (at, number, state) => {
    expect(history.stepAt(history.actors.get('agent.a')!, { at, number })?.toText).toBe(state);
  });
  test('and now', () => {
    expect(history.stepAt(history.actors.get('agent.a')!, undefined)?.toText).toBe('w');
    expect(countUntil(history.steps, { at: 20, number: -1 })).toBe(1);
  });
});

test('steps of clocks that differ are put in the order of time', () => {
  const history = new History();
  history.add([actor(10, 'agent.a', 'x'), actor(30, 'agent.b', 'x'), actor(20, 'agent.c', 'x')]);
  expect(history.steps.map(({ at }) => at)).toEqual([10, 20, 30]);
});

test('the past that is told again after a new beginning is not there twice', () => {
  const history = new History();
  const past = [
    actor(1, 'agent.a', 'x'),
    moved(5, 'agent.a', 'E', 'y'),
    moved(5, 'agent.a', 'F', 'z'),
  ];
  history.add(past);
  history.resume();
  // In the same millisecond as the last that was known, and new.
  history.add([...past, moved(5, 'agent.a', 'G', 'v'), moved(6, 'agent.a', 'H', 'w')]);
  expect(told(history, 'agent.a')).toEqual(['1 - →x', '5 E x→y', '5 F y→z', '5 G z→v', '6 H v→w']);
});

test('what a process tells after a new beginning is heard, though its clock is behind that of others', () => {
  const history = new History();
  // Both were started in the same millisecond: their runs are called the same.
  const of = (process: string, number: number, told: LiveItem) => ({
    at: told.at,
    event: { ...told.event, process, id: `run-${number}` },
  });
  const past = [
    of('agent-late', 7, actor(500, 'agent.late', 'x')),
    of('agent-early', 90, actor(9000, 'agent.early', 'x')),
  ];
  history.add(past);
  history.resume();
  history.add([...past, of('agent-late', 8, moved(600, 'agent.late', 'E', 'y'))]);
  expect(told(history, 'agent.late')).toEqual(['500 - →x', '600 E x→y']);
  expect(told(history, 'agent.early')).toEqual(['9000 - →x']);
});

test('a past that begins with how actors were long ago is all heard the first time', () => {
  const history = new History();
  history.add([
    { at: 9, event: { ...actor(9, 'agent.a', 'x').event, id: 'run-90' } },
    { at: 2, event: { ...actor(2, 'agent.b', 'x').event, id: 'run-7' } },
  ]);
  expect([...history.actors.keys()]).toEqual(['agent.a', 'agent.b']);
  expect(told(history, 'agent.b')).toEqual(['2 - →x']);
});

test('an actor is as it was told of last, also by a process whose clock is behind', () => {
  const history = new History();
  history.add([
    actor(100, 'framework.f', 'x'),
    moved(100, 'framework.f', 'mesozoo.process.silent', 'x', { status: 'stopped' }),
    actor(60, 'framework.f', 'y'),
    moved(70, 'framework.f', 'E', 'z'),
  ]);
  const { steps } = history.actors.get('framework.f')!;
  expect(steps.map(({ toText, status }) => `${toText} ${status}`)).toEqual([
    'x active',
    'x stopped',
    'y active',
    'z active',
  ]);
  expect(history.steps).toEqual(steps);
});

test('the oldest steps are forgotten, never the state that somebody is in', () => {
  const history = new History(100);
  history.add([actor(0, 'agent.quiet', 'x')]);
  for (let at = 1; at <= 500; at += 1)
    history.add([moved(at, 'agent.busy', 'E', at % 2 ? 'y' : 'z')]);
  expect(history.steps.length).toBeLessThanOrEqual(100);
  expect(history.steps.length).toBeGreaterThan(80);
  expect(told(history, 'agent.quiet')).toEqual(['0 - →x']);
  const busy = history.actors.get('agent.busy')!.steps;
  expect(busy.length).toBeLessThanOrEqual(100);
  expect(busy.at(-1)!.at).toBe(500);
});

test('who has ended is forgotten with its last step, and not met anew when the past is told again', () => {
  const history = new History(100);
  const task = (index: number) => [
    actor(3 * index, `task.t${index}`, 'running'),
    moved(3 * index + 1, `task.t${index}`, 'FINISHED', 'finished', { status: 'done' }),
  ];
  const first = task(0).map((told, index) => ({
    ...told,
    event: { ...told.event, id: `run-${index + 1}` },
  }));
  history.add([actor(0, 'agent.quiet', 'x'), ...first]);
  for (let index = 1; index <= 500; index += 1) history.add(task(index));
  expect(history.actors.has('agent.quiet')).toBe(true);
  expect(history.actors.size).toBeLessThanOrEqual(51);
  const arrivals = [...history.actors.values()].map(({ arrival }) => arrival);
  expect(new Set(arrivals).size).toBe(arrivals.length);
  history.resume();
  history.add(first);
  expect(history.actors.has('task.t0')).toBe(false);
});
