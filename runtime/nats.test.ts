import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../actors/actor.ts';
import type { MesozooError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import type { Role } from '../protocol/subjects.ts';
import { taskRequests } from '../protocol/task-api.ts';
import { startNatsServer, type TestNatsServer, testSecrets } from '../tests/support/nats-server.ts';
import { createLogger } from './log.ts';
import { type ConnectedTransport, connectTransport } from './nats.ts';

const log = createLogger({ level: 'silent', fields: {} });
const text = (value: string) => new TextEncoder().encode(value);
const plain = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

let server: TestNatsServer;
const open: ConnectedTransport[] = [];
beforeAll(async () => {
  server = await startNatsServer();
});
afterEach(async () => {
  for (const connected of open.splice(0)) await connected.close();
});
afterAll(() => server.stop());

async function join(role: Role, extra: { noEcho?: boolean } = {}) {
  const connected = await connectTransport({
    url: server.url,
    role,
    name: `${role}-test`,
    user: role,
    pass: testSecrets[role],
    log,
    ...extra,
  });
  open.push(connected);
  return connected.transport;
}

/** Waits until `condition`; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('transport over NATS', () => {
  it('carries messages in order, with their reply subject', async () => {
    const [coord, client] = [await join('coord'), await join('client')];
    const got: Delivery[] = [];
    coord.subscribe('mz.znode.get', (delivery) => got.push(delivery), { queue: 'coords' });
    await settle(coord);
    for (let index = 0; index < 100; index += 1)
      client.publish('mz.znode.get', text(String(index)), { reply: `${client.inbox}.${index}` });
    await until(() => got.length === 100);
    expect(got.map((delivery) => plain(delivery.payload))).toEqual(
      [...Array(100).keys()].map(String),
    );
    expect(got[7]?.reply).toBe(`${client.inbox}.7`);
  });

  it('hands over what was sent to a member of a queue before it drained, and tells when that is all', async () => {
    const [one, other, client] = [await join('coord'), await join('coord'), await join('client')];
    const got: string[] = [];
    const gotWhenDrained: number[] = [];
    const endpoint = { service: 'test', name: 'get', subject: 'mz.znode.get', queue: 'coords' };
    const draining = one.serve(endpoint, ({ payload }) => {
      // With the first one: many more are behind it in what the server has sent to this connection.
      if (gotOfOne === 0) draining.drain(() => gotWhenDrained.push(gotOfOne));
      gotOfOne += 1;
      got.push(plain(payload));
    });
    let gotOfOne = 0;
    other.serve(endpoint, ({ payload }) => got.push(plain(payload)));
    await settle(one);
    await settle(other);
    const sent = [...Array(5000).keys()].map(String);
    for (const item of sent) client.publish('mz.znode.get', text(item));
    await until(() => gotWhenDrained.length > 0 && got.length >= sent.length);
    expect(got.toSorted()).toEqual(sent.toSorted());
    expect(gotWhenDrained).toEqual([gotOfOne]);
    expect(gotOfOne).toBeGreaterThan(1);
  });

  it('has drained at once without a connection', async () => {
    const own = await startNatsServer();
    const connected = await connectTransport({
      ...{ url: own.url, role: 'coord', name: 'lonely', user: 'coord' },
      ...{ pass: testSecrets.coord, log },
    });
    open.push(connected);
    const { transport } = connected;
    const subscription = transport.subscribe('mz.znode.get', () => undefined);
    await own.stop();
    await until(() => !transport.isConnected());
    await new Promise<void>((resolve) => subscription.drain(resolve));
  });

  it('gives each connection an inbox of its own below that of its role', async () => {
    const [one, two] = [await join('agent'), await join('agent')];
    expect(one.inbox).toMatch(/^_MZ_INBOX\.agent\.[0-9a-f]+$/);
    expect(two.inbox).not.toBe(one.inbox);
    expect((await join('client')).inbox).toMatch(/^_INBOX\.[0-9a-f]+$/);
  });

  it('tells an asker that nobody listens, with the status 503', async () => {
    const client = await join('client');
    const got: Delivery[] = [];
    client.subscribe(`${client.inbox}.>`, (delivery) => got.push(delivery));
    client.publish('mz.task.get', text('{}'), { reply: `${client.inbox}.1` });
    await until(() => got.length > 0);
    expect(got[0]).toMatchObject({ subject: `${client.inbox}.1`, status: 503 });
    expect(got[0]?.payload).toHaveLength(0);
  });

  it('refuses what is larger than the server takes', async () => {
    const client = await join('client');
    expect(client.maxPayloadBytes).toBe(limits.natsPayloadBytes);
    expect(() =>
      client.publish('mz.task.submit', new Uint8Array(limits.natsPayloadBytes + 1)),
    ).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }) as Error);
  });

  it('does not hear itself with noEcho', async () => {
    const [quiet, other] = [await join('coord', { noEcho: true }), await join('coord')];
    const [own, others]: [string[], string[]] = [[], []];
    quiet.subscribe('mz.quorum.all', ({ payload }) => own.push(plain(payload)));
    other.subscribe('mz.quorum.all', ({ payload }) => others.push(plain(payload)));
    await settle(quiet);
    await settle(other);
    quiet.publish('mz.quorum.all', text('mine'));
    await until(() => others.length === 1);
    other.publish('mz.quorum.all', text('yours'));
    await until(() => own.length === 1);
    expect(own).toEqual(['yours']);
  });

  it('puts an error into the NATS service headers, one printable line of it', async () => {
    const [coord, client] = [await join('coord'), await join('client')];
    coord.subscribe('mz.znode.get', ({ reply = '' }) =>
      coord.publish(reply, text('{}'), {
        error: { code: 'NO_NODE', message: 'no\r\nX-Evil: é', definite: true },
      }),
    );
    await settle(coord);
    const bare = await connect({ servers: server.url });
    const answer = await bare.request('mz.znode.get');
    expect(answer.headers?.get('Nats-Service-Error')).toBe('NO_NODE: no X-Evil:');
    expect(answer.headers?.get('Nats-Service-Error-Code')).toBe('404');
    expect(answer.headers?.has('X-Evil')).toBe(false);
    expect(client.isConnected()).toBe(true);
    await bare.close();
  });

  it('refuses wrong credentials with AUTH_FAILED', async () => {
    await expect(
      connectTransport({
        url: server.url,
        role: 'coord',
        name: 'x',
        user: 'coord',
        pass: 'no',
        log,
      }),
    ).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  });

  it('says UNAVAILABLE when no server answers in time', async () => {
    await expect(
      connectTransport({
        url: 'nats://127.0.0.1:1',
        role: 'client',
        name: 'x',
        log,
        firstConnectTimeoutMs: 100,
      }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('services', () => {
  const submit = {
    service: 'mesozoo-tasks',
    name: 'submit',
    subject: 'mz.task.submit',
    queue: 'leading-master',
    description: 'Submits a task.',
    schema: taskRequests.submit,
  };

  it('are seen by PING, INFO and STATS while an endpoint is offered, and not afterwards', async () => {
    const master = await join('master');
    const bare = await connect({ servers: server.url });
    const discovery = bare.services.client({ maxWait: 300, strategy: 'timer' as never });
    const offered = [
      master.serve(submit, ({ reply = '' }) => master.publish(reply, text('{"ok":true}'))),
      master.serve({ ...submit, name: 'get', subject: 'mz.task.get' }, ({ reply = '' }) =>
        master.publish(reply, text('{}'), {
          error: { code: 'NO_TASK', message: 'no task', definite: true },
        }),
      ),
    ];
    await settle(master);
    await bare.request('mz.task.submit', '{}');
    await bare.request('mz.task.submit', '{}');
    await bare.request('mz.task.get', '{}');

    const identities = await collect(await discovery.ping('mesozoo-tasks'));
    expect(identities).toMatchObject([
      { name: 'mesozoo-tasks', metadata: { instance: 'master-test' } },
    ]);
    const [info] = await collect(await discovery.info('mesozoo-tasks', identities[0]?.id));
    expect(info?.description).toContain('Submits a task.');
    expect(info?.endpoints).toMatchObject([
      { name: 'submit', subject: 'mz.task.submit', queue_group: 'leading-master' },
      { name: 'get', subject: 'mz.task.get' },
    ]);
    const { description, request_schema = '' } = info?.endpoints?.[0]?.metadata ?? {};
    expect(description).toBe('Submits a task.');
    expect(JSON.parse(request_schema)).toMatchObject({
      type: 'object',
      required: ['name'],
      oneOf: [{ required: ['command'] }, { required: ['argv'] }],
      additionalProperties: false,
      properties: { dependsOn: { maxItems: 256, description: expect.stringMatching(/finished/) } },
    });
    const [stats] = await collect(await discovery.stats());
    expect(stats?.endpoints).toMatchObject([
      { name: 'submit', num_requests: 2, num_errors: 0, last_error: '' },
      { name: 'get', num_requests: 1, num_errors: 1, last_error: 'NO_TASK' },
    ]);
    expect(stats?.endpoints?.[0]?.processing_time).toBeGreaterThan(0);

    offered[0]?.unsubscribe();
    await settle(master);
    await expect(bare.request('mz.task.submit', '{}')).rejects.toMatchObject({ code: '503' });
    expect((await collect(await discovery.info('mesozoo-tasks')))[0]?.endpoints).toHaveLength(1);
    offered[1]?.unsubscribe();
    await settle(master);
    await expect(discovery.ping().then(collect)).rejects.toMatchObject({ code: '503' });
    await bare.close();
  });

  it('never answer on a subject that is not an inbox', async () => {
    const master = await join('master');
    const agent = await join('agent');
    master.serve(submit, () => undefined);
    const got: Delivery[] = [];
    agent.subscribe('mz.agent.to.*', (delivery) => got.push(delivery));
    await settle(master);
    await settle(agent);
    const bare = await connect({ servers: server.url });
    bare.publish('$SRV.PING', '', { reply: 'mz.agent.to.a1' });
    await bare.flush();
    master.publish('mz.agent.to.a1', text('real'));
    await until(() => got.length > 0);
    expect(got.map((delivery) => plain(delivery.payload))).toEqual(['real']);
    await bare.close();
  });
});

describe('a connection that the package has closed for good', () => {
  it('is told, since nothing is heard on it any more; one that was closed here is not', async () => {
    const ends: MesozooError[] = [];
    const options = { url: server.url, role: 'client', name: 'client-test', log } as const;
    const ended = (error: MesozooError) => ends.push(error);
    const closedHere = await connectTransport({ ...options, ended });
    await closedHere.close();
    const drainedHere = await connectTransport({ ...options, ended });
    await drainedHere.drain();
    const closedElsewhere = await connectTransport({ ...options, ended });
    const { connection } = closedElsewhere.transport as unknown as { connection: NatsConnection };
    await connection.close();
    await until(() => ends.length > 0);
    expect(ends).toMatchObject([{ code: 'UNAVAILABLE' }]);
    expect(closedElsewhere.transport.isConnected()).toBe(false);
  });
});

describe('a server that goes away', () => {
  it('does not keep a connection from being drained and closed', async () => {
    const own = await startNatsServer();
    const connected = await connectTransport({
      ...{
        url: own.url,
        role: 'coord',
        name: 'coord',
        user: 'coord',
        pass: testSecrets.coord,
        log,
      },
    });
    connected.transport.subscribe('mz.quorum.all', () => undefined);
    await settle(connected.transport);
    own.signal('SIGKILL');
    await until(() => !connected.transport.isConnected());
    await connected.drain();
    connected.transport.publish('mz.quorum.all', text('late'));
    await own.stop();
  });

  it('is found again after kill -9, with every subscription; what is published meanwhile never throws', async () => {
    const own = await startNatsServer();
    const connected = await connectTransport({
      url: own.url,
      role: 'coord',
      name: 'coord',
      user: 'coord',
      pass: testSecrets.coord,
      log,
    });
    open.push(connected);
    const { transport } = connected;
    const changes: boolean[] = [];
    const got: string[] = [];
    transport.onConnection((state) => changes.push(state));
    transport.subscribe('mz.quorum.all', ({ payload }) => got.push(plain(payload)));
    own.signal('SIGKILL');
    await until(() => !transport.isConnected());
    transport.publish('mz.quorum.all', text('lost'));
    await own.restart();
    await until(() => transport.isConnected());
    transport.publish('mz.quorum.all', text('after'));
    await until(() => got.length > 0);
    expect(got).toEqual(['after']);
    expect(changes).toEqual([false, true]);
    await own.stop();
  });

  it('is given up when it is paused, whatever waits to be written, and used again when it goes on', async () => {
    const own = await startNatsServer();
    const connected = await connectTransport({
      url: own.url,
      role: 'coord',
      name: 'coord',
      user: 'coord',
      pass: testSecrets.coord,
      log,
    });
    open.push(connected);
    const { transport } = connected;
    const changes: boolean[] = [];
    const got: string[] = [];
    transport.onConnection((state) => changes.push(state));
    transport.subscribe('mz.quorum.all', ({ payload }) => got.push(plain(payload.slice(0, 5))));
    await settle(transport);
    own.signal('SIGSTOP');
    // More than the kernel's buffers take: the rest waits in the socket.
    for (let index = 0; index < 30; index += 1)
      transport.publish('mz.quorum.all', new Uint8Array(1024 * 1024));
    await until(() => !transport.isConnected());
    // Long enough for dials that time out, whose sockets the server will find when it goes on.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    own.signal('SIGCONT');
    await until(() => transport.isConnected());
    transport.publish('mz.quorum.all', text('after'));
    await until(() => got.includes('after'));
    // Past the time at which the server closes the abandoned sockets: they do not touch the live connection.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(changes).toEqual([false, true]);
    expect(transport.isConnected()).toBe(true);
    await own.stop();
  });
});

/** Everything that was sent before has been taken by the server. */
async function settle(transport: { inbox: string } & ConnectedTransport['transport']) {
  await new Promise<void>((resolve) => {
    const subscription = transport.subscribe(`${transport.inbox}.settle`, () => {
      subscription.unsubscribe();
      resolve();
    });
    transport.publish('mz.cluster.state', text('{}'), { reply: `${transport.inbox}.settle` });
  });
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
