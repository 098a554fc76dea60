/** Bad input: each with a clear error, and nothing changed. */
import { expect, test } from 'vitest';
import { limits } from '../../../protocol/limits.ts';
import { idOfKey } from '../../framework/tasks/identity.ts';
import { SmallCluster } from '../testing/small-cluster.ts';

const cluster = new SmallCluster();
const master = cluster.master('m1');
cluster.lead(master);
cluster.run(1_000);
const existing = cluster.submit({ name: 'existing', idempotencyKey: 'used' });
const ok = { name: 'n', command: 'true' };
const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ['not JSON', 'task.submit', bytes('{"name":'), 'BAD_REQUEST', /neither JSON nor MessagePack/],
  ['not an object', 'task.submit', bytes('[1]'), 'BAD_REQUEST', /must be an object/],
  ['an unknown field', 'task.submit', { ...ok, comand: 'x' }, 'UNKNOWN_FIELD', /"comand"/],
  [
    'an unknown field inside',
    'task.submit',
    { ...ok, resources: { cpu: 1 } },
    'UNKNOWN_FIELD',
    /"resources\.cpu"/,
  ],
  ['a misspelled name', 'task.submit', { nam: 'n', command: 'true' }, 'UNKNOWN_FIELD', /"nam"/],
  [
    'no name',
    'task.submit',
    { command: 'true' },
    'BAD_REQUEST',
    /"name" is missing: expected string$/,
  ],
  [
    'neither command nor argv',
    'task.submit',
    { name: 'n' },
    'BAD_REQUEST',
    /either command or argv/,
  ],
  [
    'both command and argv',
    'task.submit',
    { ...ok, argv: ['true'] },
    'BAD_REQUEST',
    /either command or argv/,
  ],
  ['a wrong type', 'task.submit', { ...ok, priority: 'high' }, 'BAD_REQUEST', /"priority".*"high"/],
  [
    'negative resources',
    'task.submit',
    { ...ok, resources: { cpus: -1 } },
    'BAD_REQUEST',
    /"resources\.cpus".*given: -1/,
  ],
  [
    'absurd resources',
    'task.submit',
    { ...ok, resources: { mem: 1e15 } },
    'BAD_REQUEST',
    /"resources\.mem".*1000000000000000/,
  ],
  [
    'half a GPU',
    'task.submit',
    { ...ok, resources: { gpus: 0.5 } },
    'BAD_REQUEST',
    /"resources\.gpus".*0\.5/,
  ],
  ['a bad name', 'task.submit', { ...ok, name: '../x' }, 'BAD_REQUEST', /"name".*"\.\.\/x"/],
  ['a bad variable', 'task.submit', { ...ok, env: { 'A=B': '1' } }, 'BAD_REQUEST', /env/],
  [
    'a dependency that does not exist',
    'task.submit',
    { ...ok, dependsOn: ['nobody'] },
    'NO_DEPENDENCY',
    /nobody/,
  ],
  [
    'a key used for another request',
    'task.submit',
    { ...ok, idempotencyKey: 'used' },
    'IDEMPOTENCY_CONFLICT',
    /"used"/,
  ],
  [
    'a payload over the limit',
    'task.submit',
    { ...ok, env: { A: 'x'.repeat(limits.taskRequestBytes) } },
    'PAYLOAD_TOO_LARGE',
    /limit is 65536/,
  ],
  ['no such task', 'task.get', { taskId: 'nobody' }, 'NO_TASK', /nobody/],
  ['no such task to kill', 'task.kill', { taskId: 'nobody' }, 'NO_TASK', /nobody/],
  [
    'a wrong name of a variable',
    'task.submit',
    { name: 'a', command: 'true', env: { '1A': 'x' } },
    'BAD_REQUEST',
    /^the key "env.1A" is not valid: expected a variable name$/,
  ],
  ['no task id', 'task.explain', {}, 'BAD_REQUEST', /"taskId" is missing/],
  ['a page of nothing', 'task.list', { limit: 0 }, 'BAD_REQUEST', /"limit".*given: 0/],
  [
    'an unknown state',
    'task.list',
    { states: ['TASK_ASLEEP'] },
    'BAD_REQUEST',
    /"states\.0".*TASK_ASLEEP/,
  ],
  [
    'a field for the state of the cluster',
    'cluster.state',
    { verbose: true },
    'UNKNOWN_FIELD',
    /"verbose"/,
  ],
] as const)('%s', (_, subject, request, code, message) => {
  const nodes = cluster.coord.nodes.size;
  const error = cluster.refusal(subject, request);
  expect(error).toMatchObject({ code, definite: true });
  expect(error.message).toMatch(message);
  expect(cluster.coord.nodes.size).toBe(nodes);
  expect(cluster.crashes).toEqual([]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s, which MessagePack can carry', (cpus) => {
  const error = cluster.refusal('task.submit', { ...ok, resources: { cpus } }, 'msgpack');
  expect(error).toMatchObject({ code: 'BAD_REQUEST' });
  expect(error.message).toMatch(String(cpus));
});

test('a key whose task would depend on itself is a circle: its id can be derived', () => {
  const dependsOn = [existing, idOfKey('circle')];
  const error = cluster.refusal('task.submit', { ...ok, dependsOn, idempotencyKey: 'circle' });
  expect(error.code).toBe('DEPENDENCY_CYCLE');
});

test('a reply subject that is no inbox gets nothing: it would let a client speak with our voice', () => {
  const client = cluster.world.ports('evil').transport;
  const heard: string[] = [];
  for (const subject of ['mz.agent.to.a1', 'mz.task.events.x'])
    client.subscribe(subject, () => heard.push(subject));
  for (const reply of ['mz.agent.to.a1', 'mz.task.events.x', '_INBOX.*'])
    client.publish('mz.task.get', bytes(JSON.stringify({ taskId: existing })), { reply });
  cluster.run(100);
  expect(heard).toEqual([]);
});

test('the answer comes in the form of the question, empty bytes are an empty request', () => {
  expect(cluster.ask('task.list', new Uint8Array()).tasks).toBeDefined();
  expect(cluster.ask('task.get', { taskId: existing }, 'msgpack').taskId).toBe(existing);
});

test('lists come in pages, filtered', () => {
  const names = ['p1', 'p2', 'p3'].map((name) => cluster.submit({ name, queue: 'pages' })).sort();
  const first = cluster.ask('task.list', { queue: 'pages', limit: 2 }) as {
    tasks: { taskId: string }[];
    more: boolean;
  };
  expect(first.tasks.map(({ taskId }) => taskId)).toEqual(names.slice(0, 2));
  expect(first.more).toBe(true);
  const after = first.tasks[1]!.taskId;
  const rest = cluster.ask('task.list', { queue: 'pages', after }) as typeof first;
  expect(rest.tasks.map(({ taskId }) => taskId)).toEqual(names.slice(2));
  expect(rest.more).toBe(false);
  expect(cluster.ask('task.list', { states: ['TASK_FINISHED'] })).toEqual({
    tasks: [],
    more: false,
  });
});
