/** What outsiders rely on, from a bare client of the `nats` package that shares no code with ours. */
import { connect, type NatsConnection, RequestStrategy } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, pause, startCluster, type TestCluster } from './harness.ts';

let cluster: TestCluster;
let client: NatsConnection;

beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 1 });
  client = await connect({ servers: cluster.natsUrl });
}, 120_000);
afterAll(async () => {
  await client.close();
  await cluster.stop();
});

async function ended(taskId: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const task = await ask(client, 'mz.task.get', { taskId });
    if (/FINISHED|FAILED|KILLED|ERROR|LOST/.test(String(task.state))) return task;
    await pause(20);
  }
}

describe('a bare client', () => {
  it('runs the request of the first page, and reads what it wrote', async () => {
    const request = `{"name":"hello","command":"echo hi from $HOSTNAME","resources":{"cpus":0.1,"mem":32}}`;
    const events: string[] = [];
    const subscription = client.subscribe('mz.task.events.*', {
      callback: (_error, message) => events.push(message.json<{ state: string }>().state),
    });
    const answer = await client.request('mz.task.submit', request, { timeout: 10_000 });
    const { taskId } = answer.json<{ taskId: string }>();
    expect(await ended(taskId)).toMatchObject({ state: 'TASK_FINISHED', exitCode: 0 });
    const { data } = await ask(client, 'mz.task.output', { taskId });
    expect(data).toMatch(/^hi from \S+\n$/);
    while (!events.includes('TASK_FINISHED')) await pause(20);
    expect(events).toContain('TASK_RUNNING');
    subscription.unsubscribe();
  });

  it('sees the services', async () => {
    const found = new Set<string>();
    for await (const { name } of await client.services
      .client({ maxWait: 1000, strategy: RequestStrategy.Timer })
      .ping())
      found.add(name);
    expect([...found].some((name) => /task/.test(name))).toBe(true);
    expect([...found].some((name) => /znode|coord/.test(name))).toBe(true);
  });

  it('is told by each endpoint what it does, and what a request must be', async () => {
    const seen: string[] = [];
    for await (const { endpoints = [] } of await client.services
      .client({ maxWait: 1000, strategy: RequestStrategy.Timer })
      .info())
      for (const { subject, metadata = {} } of endpoints) {
        seen.push(subject);
        expect(metadata.description, subject).toMatch(/\w/);
        const schema = JSON.parse(metadata.request_schema ?? '{}') as Record<string, unknown>;
        expect(schema.$schema, subject).toMatch(/json-schema\.org/);
      }
    for (const subject of ['mz.task.submit', 'mz.znode.multi', 'mz.session.open'])
      expect(seen).toContain(subject);
  });

  it('gets the same task for the same idempotency key, and a conflict for another request', async () => {
    const request = { name: 'once', command: 'true', idempotencyKey: 'public-once' };
    const first = await ask(client, 'mz.task.submit', request);
    expect((await ask(client, 'mz.task.submit', request)).taskId).toBe(first.taskId);
    const other = await ask(client, 'mz.task.submit', { ...request, command: 'false' });
    expect(other.error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', definite: true });
  });

  it('is told why a task waits that no agent can hold', async () => {
    const { taskId, state } = await ask(client, 'mz.task.submit', {
      name: 'huge',
      command: 'true',
      resources: { cpus: 500, mem: 32 },
    });
    expect(state).toBe('TASK_QUEUED');
    const explained = await ask(client, 'mz.task.explain', { taskId });
    expect(JSON.stringify(explained)).toMatch(/cpus/);
    expect(explained.waitingFor).toBe('resources');
    await ask(client, 'mz.task.kill', { taskId });
    expect(await ended(taskId)).toMatchObject({ state: 'TASK_KILLED' });
  });
});

/** What is sent, as text, and the code of the answer. */
const refused: readonly [what: string, subject: string, payload: string, code: string][] = [
  ['no JSON', 'mz.task.submit', '{"name":', 'BAD_REQUEST'],
  ['an array', 'mz.task.submit', '[]', 'BAD_REQUEST'],
  ['nothing to run', 'mz.task.submit', '{"name":"a"}', 'BAD_REQUEST'],
  ['an unknown field', 'mz.task.submit', '{"name":"a","command":"x","colour":1}', 'UNKNOWN_FIELD'],
  ['a wrong type', 'mz.task.submit', '{"name":"a","command":7}', 'BAD_REQUEST'],
  ...['-1', '"NaN"', '1e300', 'null'].map((cpus): [string, string, string, string] => [
    `${cpus} cpus`,
    'mz.task.submit',
    `{"name":"a","command":"x","resources":{"cpus":${cpus}}}`,
    'BAD_REQUEST',
  ]),
  [
    'a dependency that does not exist',
    'mz.task.submit',
    '{"name":"a","command":"x","dependsOn":["nothing"]}',
    'NO_DEPENDENCY',
  ],
  [
    'a request above the limit',
    'mz.task.submit',
    JSON.stringify({ name: 'a', command: 'x', env: { BIG: 'x'.repeat(70_000) } }),
    'PAYLOAD_TOO_LARGE',
  ],
  ['a task that does not exist', 'mz.task.get', '{"taskId":"nothing"}', 'NO_TASK'],
  ['an illegal path', 'mz.znode.create', '{"path":"no/slash"}', 'BAD_PATH'],
  ['a path with dots', 'mz.znode.create', '{"path":"/a/../b"}', 'BAD_PATH'],
  ['a znode that does not exist', 'mz.znode.get', '{"path":"/nowhere"}', 'NO_NODE'],
  ['another version', 'mz.znode.set', '{"path":"/mine","data":"x","version":7}', 'BAD_VERSION'],
  ['a znode of the system', 'mz.znode.create', '{"path":"/mesozoo/mine"}', 'NO_AUTH'],
  ['a znode of the system', 'mz.znode.delete', '{"path":"/mesozoo/tasks/00"}', 'NO_AUTH'],
  [
    'an unknown session',
    'mz.session.ping',
    '{"sessionId":"0123456789abcdef","password":"0123456789abcdef0123456789abcdef"}',
    'SESSION_EXPIRED',
  ],
];

describe('bad input', () => {
  beforeAll(async () => {
    await ask(client, 'mz.znode.create', { path: '/mine', data: 'old' });
    // What other tests have submitted must not change by itself while this looks.
    const { tasks } = await ask(client, 'mz.task.list', { limit: 500 });
    for (const { taskId } of tasks as { taskId: string }[]) await ended(taskId);
  });

  it.each(refused)(
    '%s on %s is refused, and changes nothing',
    async (_what, subject, payload, code) => {
      const before = await ask(client, 'mz.task.list', { limit: 500 });
      const message = await client.request(subject, payload, { timeout: 10_000 });
      const { error } = message.json<{
        error: { code: string; message: string; definite: boolean };
      }>();
      expect(error).toMatchObject({ code, definite: true });
      expect(error.message.length).toBeGreaterThan(10);
      expect(message.headers?.get('Nats-Service-Error')).toContain(code);
      expect(await ask(client, 'mz.task.list', { limit: 500 })).toEqual(before);
      expect(await ask(client, 'mz.znode.get', { path: '/mine' })).toMatchObject({
        data: 'old',
        stat: { version: 0 },
      });
    },
  );
});
