/**
 * Frameworks on a real cluster of processes: a bare NATS client that speaks JSON and shares no code with ours, and the
 * example of a service kept at N instances, while whatever it stands on is killed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentView } from '../../protocol/task-api.ts';
import { ask, pause, startCluster, type TestCluster } from './harness.ts';
import { ServiceProcess } from './service-process.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
}, 120_000);
afterAll(() => cluster.stop());

async function until(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > untilMs)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await pause(50);
  }
}

describe('a framework of plain JSON messages', () => {
  it('subscribes, launches, answers heartbeats, acknowledges, and is torn down', async () => {
    const client = await cluster.client();
    const events: Record<string, unknown>[] = [];
    const inbox = `_INBOX.plain-framework`;
    const subscription = client.subscribe(inbox, {
      callback: (_error, message) => {
        const event = message.json<Record<string, unknown>>();
        events.push(event);
        if (event.type === 'HEARTBEAT') message.respond();
      },
    });
    const { framework_id, stream_id } = await ask(client, 'mz.framework.call', {
      type: 'SUBSCRIBE',
      subscribe: { framework_info: { user: '', name: 'plain' } },
      events: inbox,
    });
    const call = (body: object) =>
      ask(client, 'mz.framework.call', { framework_id, stream_id, ...body });
    const find = (holds: (event: Record<string, unknown>) => boolean) => events.find(holds);

    await until('offers', () => find(({ type }) => type === 'OFFERS') !== undefined);
    const { offers } = find(({ type }) => type === 'OFFERS')!.offers as {
      offers: { id: object; agent_id: object }[];
    };
    const [offer] = offers;
    await call({
      type: 'ACCEPT',
      accept: {
        offer_ids: [offer!.id],
        operations: [
          {
            type: 'LAUNCH',
            launch: {
              task_infos: [
                {
                  name: 'hello',
                  task_id: { value: 'hello-1' },
                  agent_id: offer!.agent_id,
                  resources: [
                    { name: 'cpus', type: 'SCALAR', scalar: { value: 0.1 } },
                    { name: 'mem', type: 'SCALAR', scalar: { value: 32 } },
                  ],
                  command: { value: 'echo hello; sleep 12' },
                },
              ],
            },
          },
        ],
      },
    });
    const acknowledged = new Set<unknown>();
    const finished = async () => {
      for (const { type, update } of events) {
        if (type !== 'UPDATE') continue;
        const { status } = update as { status: Record<string, unknown> };
        if (acknowledged.has(status.uuid)) continue;
        acknowledged.add(status.uuid);
        const { task_id, agent_id, uuid } = status;
        await call({ type: 'ACKNOWLEDGE', acknowledge: { task_id, agent_id, uuid } });
        if (status.state === 'TASK_FINISHED') return true;
      }
      return false;
    };
    // Longer than a framework may be silent.
    await until('the end of the task', finished);
    expect(events.filter(({ type }) => type === 'HEARTBEAT').length).toBeGreaterThan(4);
    expect(events.map(({ sequence }) => sequence)).toEqual(
      events.map((_event, index) => index + 1),
    );
    expect(await call({ type: 'TEARDOWN' })).toEqual({});
    expect(await call({ type: 'REVIVE' })).toMatchObject({
      error: { code: 'NO_FRAMEWORK', definite: true },
    });
    subscription.unsubscribe();
  }, 60_000);
});

describe('a service kept at four instances', () => {
  let service: ServiceProcess;

  /** In the tree: what others find. */
  async function registered(): Promise<string[]> {
    const client = await cluster.client();
    const { children } = await ask(client, 'mz.znode.children', { path: '/services/web' });
    return [...(children as string[])].sort();
  }
  const ids = () =>
    service
      .alive()
      .map(({ id }) => id)
      .sort();
  const untilComplete = (count = 4, withinMs = 40_000) =>
    until(
      () => `${count} instances, registered: there are ${ids()}\n${service.lines.join('\n')}`,
      async () =>
        ids().length === count && JSON.stringify(await registered()) === JSON.stringify(ids()),
      withinMs,
    );

  beforeAll(async () => {
    service = new ServiceProcess(cluster, 'web', 4);
    await until('its first four', () => ids().length === 4);
    await untilComplete();
  }, 60_000);
  afterAll(() => service.signal('SIGKILL'));

  it('replaces an instance that is killed, and leaves the others alone', async () => {
    const before = service.alive();
    process.kill(before[0]!.pid, 'SIGKILL');
    await until('a fifth start', () => service.starts().length === 5);
    await untilComplete();
    expect(ids()).toEqual(expect.arrayContaining(before.slice(1).map(({ id }) => id)));
  }, 60_000);

  it('loses none when an agent is killed: its instances are found again', async () => {
    const before = ids();
    const starts = service.starts().length;
    const client = await cluster.client();
    const agents = async () =>
      (await ask(client, 'mz.cluster.state', {})).agents as readonly AgentView[];
    const victim = (await agents()).toSorted((a, b) => b.attempts - a.attempts)[0]!;
    expect(victim.attempts).toBeGreaterThan(0);
    cluster.signal(victim.agentId.split('-').slice(0, 2).join('-'), 'SIGKILL');
    await until('it has registered anew, with what it runs', async () => {
      const seen = (await agents()).find(({ agentId }) => agentId === victim.agentId);
      return (
        seen?.state === 'active' &&
        seen.registeredAtMs > victim.registeredAtMs &&
        seen.attempts === victim.attempts
      );
    });
    await untilComplete();
    expect(ids()).toEqual(before);
    expect(service.starts()).toHaveLength(starts);
  }, 60_000);

  it('goes on under the next leader, which replaces what ends', async () => {
    const before = ids();
    const starts = service.starts().length;
    cluster.signal(await cluster.leadingMaster(), 'SIGKILL');
    await cluster.untilWell();
    process.kill(service.alive()[0]!.pid, 'SIGKILL');
    await until('one more start', () => service.starts().length === starts + 1);
    await untilComplete();
    expect(ids().filter((id) => before.includes(id))).toHaveLength(3);
  }, 60_000);

  it('is found again by a process that is started after a kill -9, under another leader', async () => {
    const before = ids();
    service.signal('SIGKILL');
    await service.ended();
    cluster.signal(await cluster.leadingMaster(), 'SIGKILL');
    service = new ServiceProcess(cluster, 'web', 4);
    await until('the instances found', () =>
      service.lines.some((line) => line.endsWith('found instances=4')),
    );
    await untilComplete();
    expect(ids()).toEqual(before);
  }, 60_000);

  it('replaces what a paused agent runs, and ends what is too many when it is back', async () => {
    const starts = service.starts().length;
    cluster.signal('agent-1', 'SIGSTOP');
    await until('a replacement', () => service.starts().length > starts, 40_000);
    cluster.signal('agent-1', 'SIGCONT');
    await cluster.untilWell();
    await untilComplete();
  }, 120_000);

  it('grows and shrinks as the tree says', async () => {
    const client = await cluster.client();
    await ask(client, 'mz.znode.set', { path: '/config/services/web', data: '6' });
    await untilComplete(6);
    await ask(client, 'mz.znode.set', { path: '/config/services/web', data: '3' });
    await untilComplete(3);
  }, 60_000);

  it('a second process takes it over, and the first one says so and ends', async () => {
    const before = ids();
    const first = service;
    service = new ServiceProcess(cluster, 'web', 4);
    expect(await first.ended()).toBe(1);
    expect(first.lines.at(-1)).toMatch(/failed over/);
    await untilComplete(3);
    expect(ids()).toEqual(before);
  }, 60_000);

  it('has started no instance twice', () => {
    const started = service.starts().map(({ id }) => id);
    expect(new Set(started).size).toBe(started.length);
  });

  it('ends with all its instances when it is asked to, and leaves nothing in the tree', async () => {
    service.signal('SIGTERM');
    expect(await service.ended()).toBe(0);
    expect(ids()).toEqual([]);
    const client = await cluster.client();
    const { children } = await ask(client, 'mz.znode.children', { path: '/services' });
    expect(children).toEqual([]);
    const { exists } = await ask(client, 'mz.znode.exists', { path: '/config/services/web' });
    expect(exists).toBe(false);
  }, 60_000);
});
