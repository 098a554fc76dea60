/** One master over a fake quorum with fake agents, and frameworks that come to it over NATS by the SDK's link. */
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../protocol/codec.ts';
import type { CallType } from '../../protocol/framework-api.ts';
import type { AttemptId } from '../../protocol/ids.ts';
import { fromMesos } from '../../protocol/mesos-resources.ts';
import { TestFramework } from '../framework/testing/test-framework.ts';
import { SmallCluster } from './testing/small-cluster.ts';

function started() {
  const cluster = new SmallCluster();
  const master = cluster.master('m1');
  cluster.lead(master);
  const agent = cluster.agent('a1', master, { cpus: 4, mem: 1024 });
  cluster.run(100);
  return { cluster, master, agent };
}
function withFramework(info: ConstructorParameters<typeof TestFramework>[2] = {}) {
  const { cluster, master, agent } = started();
  const framework = new TestFramework(cluster.world, 'f1', { id: { value: 'fw' }, ...info });
  cluster.world.runUntil(() => framework.offers.length > 0);
  return { cluster, master, agent, framework };
}
type World = ReturnType<typeof withFramework>;

/** Launches one task out of everything that is on offer. */
function launch({ cluster, framework, agent }: World, id: string, cpus = 1): AttemptId {
  framework.scheduler.launch(framework.take(), [framework.task(id, 'a1', cpus)]);
  const before = agent.began.length;
  cluster.world.runUntil(() => agent.began.length > before);
  return agent.began.at(-1)!;
}
const states = (framework: TestFramework, id: string) =>
  framework.updates.filter(({ task_id }) => task_id.value === id).map(({ state }) => state);
const launchesInTree = (cluster: SmallCluster) =>
  [...cluster.coord.nodes.keys()].filter((path) => /\/frameworks\/fw\/tasks\/./.test(path));
function acknowledgeAll({ framework }: Pick<World, 'framework'>) {
  for (const status of framework.updates) framework.scheduler.acknowledge(status);
}

describe('an offer', () => {
  test('has what the agent has left, and its resources and attributes by their names', () => {
    const { framework } = withFramework();
    const [offer] = framework.offers;
    expect(offer).toMatchObject({
      framework_id: { value: 'fw' },
      agent_id: { value: 'a1' },
      hostname: 'a1.host',
    });
    expect(fromMesos(offer!.resources)).toMatchObject({ cpus: 4, mem: 1024 });
  });

  test('is used once: what is left of it comes back, and a second use loses its task', () => {
    const world = withFramework();
    const { cluster, framework } = world;
    const [offer] = framework.offers;
    launch(world, 't1', 1);
    framework.scheduler.launch([offer!], [framework.task('t2', 'a1')]);
    cluster.world.runUntil(() => states(framework, 't2').length > 0);
    expect(framework.updates.at(-1)).toMatchObject({
      state: 'TASK_LOST',
      reason: 'REASON_INVALID_OFFERS',
    });
    framework.scheduler.revive();
    cluster.world.runUntil(() => framework.offers.length > 0);
    expect(fromMesos(framework.offers[0]!.resources).cpus).toBe(3);
  });

  test('that was declined does not come again before the filter has passed, or until a revive', () => {
    const { cluster, framework } = withFramework();
    framework.scheduler.decline(framework.take(), { refuse_seconds: 20 });
    cluster.run(15_000);
    expect(framework.offers).toEqual([]);
    cluster.run(6_000);
    expect(framework.offers).toHaveLength(1);
    framework.scheduler.decline(framework.take(), { refuse_seconds: 1000 });
    cluster.run(1_000);
    framework.scheduler.revive();
    cluster.run(1_000);
    expect(framework.offers).toHaveLength(1);
  });

  test('is rescinded when nobody answers, and when its agent is gone', () => {
    const { cluster, framework, agent } = withFramework();
    const [first] = framework.offers;
    cluster.run(11_000);
    expect(framework.heard).toContain('rescinded');
    expect(framework.offers.map(({ id }) => id)).not.toContainEqual(first!.id);
    cluster.world.runUntil(() => framework.offers.length > 0);
    agent.silent = true;
    cluster.world.runUntil(() => framework.offers.length === 0);
    cluster.run(60_000);
    expect(framework.offers).toEqual([]);
    expect(framework.heard).toContain('failure a1');
  });

  test('is not made to a framework that has suppressed them', () => {
    const { cluster, framework } = withFramework();
    framework.scheduler.suppress();
    framework.scheduler.decline(framework.take(), { refuse_seconds: 0 });
    cluster.run(5_000);
    expect(framework.offers).toEqual([]);
    framework.scheduler.revive();
    cluster.run(1_000);
    expect(framework.offers).toHaveLength(1);
  });

  test('gives way to requests: a submitted task does not wait for long behind unanswered offers', () => {
    const { cluster, framework, agent } = withFramework();
    const id = cluster.submit({ name: 'urgent', resources: { cpus: 3 } });
    expect(cluster.get(id).state).toBe('TASK_QUEUED');
    cluster.run(4_000);
    expect(framework.heard).toContain('rescinded');
    expect(agent.began).toEqual([cluster.attempt(id)]);
  });

  test('is not made again to others while a request waits for what it holds', () => {
    const world = withFramework();
    const { cluster, framework, master, agent } = world;
    const second = cluster.agent('b1', master, { cpus: 4, mem: 1024 });
    agent.run(launch(world, 't1', 3));
    // It never answers.
    cluster.run(3_000);
    const id = cluster.submit({ name: 'urgent', resources: { cpus: 3 } });
    cluster.run(10_000);
    expect(second.began).toEqual([cluster.attempt(id)]);
    expect(framework.offers.length).toBeLessThan(3);
  });

  test('lasts its time when what waits could not be met anyway', () => {
    const { cluster, framework } = withFramework();
    cluster.submit({ name: 'giant', resources: { cpus: 900 } });
    cluster.run(7_000);
    expect(framework.heard).not.toContain('rescinded');
  });

  test('is used together with others of its agent', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    // The rest of what is launched from is one offer, what comes free is another one.
    const attempt = launch(world, 't1', 2);
    framework.scheduler.revive();
    cluster.world.runUntil(() => framework.offers.length === 1);
    agent.finish(attempt);
    cluster.world.runUntil(() => framework.offers.length === 2);
    framework.scheduler.launch(framework.take(), [framework.task('t2', 'a1', 4)]);
    cluster.run(1_000);
    expect(agent.began).toHaveLength(2);
  });

  test('goes to the framework with the smaller dominant share', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1', 2);
    agent.run(attempt);
    framework.scheduler.decline(framework.take(), { refuse_seconds: 0 });
    const other = new TestFramework(cluster.world, 'f2', { id: { value: 'other' } });
    cluster.run(3_000);
    expect(other.offers).toHaveLength(1);
    other.scheduler.decline(other.take(), { refuse_seconds: 0 });
    cluster.run(300);
    expect(other.offers).toHaveLength(1);
  });
});

describe('a launched task', () => {
  test('lives as its agent says, one acknowledged status after the other, and then leaves the tree', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    expect(launchesInTree(cluster)).toEqual([`/mesozoo/frameworks/fw/tasks/${attempt}`]);
    agent.run(attempt);
    agent.finish(attempt);
    cluster.run(1_000);
    // The next one comes after the acknowledgement of the first.
    expect(states(framework, 't1')).toEqual(['TASK_STARTING']);
    acknowledgeAll(world);
    cluster.run(100);
    acknowledgeAll(world);
    cluster.run(100);
    expect(states(framework, 't1')).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    expect(framework.updates.at(-1)).toMatchObject({ exit_code: 0, agent_id: { value: 'a1' } });
    expect(launchesInTree(cluster)).toHaveLength(1);
    acknowledgeAll(world);
    cluster.run(100);
    expect(launchesInTree(cluster)).toEqual([]);
    expect(cluster.crashes).toEqual([]);
  });

  test('is told again what it has not acknowledged', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    agent.run(launch(world, 't1'));
    cluster.run(11_000);
    expect(states(framework, 't1')).toEqual(['TASK_STARTING', 'TASK_STARTING']);
    const [first, second] = framework.updates;
    expect(second!.uuid).toBe(first!.uuid);
  });

  test.each([
    ['more than was offered', { cpus: 5 }, 'it uses more than was offered'],
    ['another agent', { agent: 'a2' }, 'its agent is a2'],
    ['no command', { command: undefined }, 'it has no command'],
    ['an executor', { executor: {} }, 'executors are not supported'],
    ['a wrong resource', { resources: [{ name: 'x', type: 'SCALAR', scalar: { value: 1 } }] }, 'x'],
  ])('with %s is an error, and the rest of the offer is not lost', (_, wrong, message) => {
    const { cluster, framework, agent } = withFramework();
    const { cpus, agent: agentId, ...more } = wrong as { cpus?: number; agent?: string };
    const bad = { ...framework.task('bad', agentId ?? 'a1', cpus), ...more };
    framework.scheduler.launch(framework.take(), [bad, framework.task('good', 'a1')]);
    cluster.world.runUntil(() => agent.began.length > 0 && framework.updates.length > 0);
    expect(framework.updates[0]).toMatchObject({
      task_id: { value: 'bad' },
      state: 'TASK_ERROR',
      reason: 'REASON_TASK_INVALID',
    });
    expect(framework.updates[0]!.message).toContain(message);
    expect(agent.began).toHaveLength(1);
  });

  test('that would not fit its znode is an error, and the master leads on', () => {
    const { cluster, master, framework } = withFramework();
    const variables = Array.from({ length: 5 }, (_, index) => ({
      name: `V${index}`,
      value: '"'.repeat(60_000),
    }));
    const large = {
      ...framework.task('large', 'a1'),
      command: { value: 'true', environment: { variables } },
    };
    framework.scheduler.launch(framework.take(), [large]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    expect(framework.updates[0]).toMatchObject({ state: 'TASK_ERROR' });
    expect(master.actor.state()).toContain('serving');
    framework.scheduler.revive();
    cluster.run(1_000);
    expect(fromMesos(framework.offers[0]!.resources).cpus).toBe(4);
  });

  test('has bounds that its agent understands, whatever it asks for', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const rlimits = [
      { type: 'RLMT_AS' as const, hard: 2 ** 64 },
      { type: 'RLMT_NOFILE' as const, hard: 1.5 },
    ];
    const container = { rlimit_info: { rlimits } };
    framework.scheduler.launch(framework.take(), [{ ...framework.task('t1', 'a1'), container }]);
    cluster.world.runUntil(() => agent.began.length > 0);
    expect(agent.attempts.get(agent.began[0]!)!.spec.limits).toEqual({ openFiles: 1 });
  });

  test('cannot have the id of another one that lives', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    launch(world, 't1');
    framework.scheduler.revive();
    cluster.world.runUntil(() => framework.offers.length > 0);
    framework.scheduler.launch(framework.take(), [framework.task('t1', 'a1')]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    expect(framework.updates[0]).toMatchObject({ state: 'TASK_ERROR' });
    expect(agent.began).toHaveLength(1);
  });

  test('is killed with the grace that is asked for', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    framework.scheduler.kill({ value: 't1' }, { graceSeconds: 7 });
    cluster.world.runUntil(() => agent.killed.length > 0);
    expect(agent.graces).toEqual([7000]);
    for (let round = 0; round < 4; round++) {
      acknowledgeAll(world);
      cluster.run(100);
    }
    expect(states(framework, 't1').at(-1)).toBe('TASK_KILLED');
    expect(launchesInTree(cluster)).toEqual([]);
  });

  test('that nobody knows is lost, as far as a kill or a reconciliation can tell', () => {
    const { cluster, framework } = withFramework();
    framework.scheduler.kill({ value: 'ghost' });
    framework.scheduler.reconcile([{ value: 'spirit' }]);
    cluster.run(100);
    expect(framework.updates).toMatchObject([
      { task_id: { value: 'ghost' }, state: 'TASK_LOST', reason: 'REASON_TASK_UNKNOWN' },
      { task_id: { value: 'spirit' }, state: 'TASK_LOST', reason: 'REASON_TASK_UNKNOWN' },
    ]);
    expect(framework.updates.every(({ uuid }) => uuid === undefined)).toBe(true);
  });

  test('is told of by an implicit reconciliation while it lives', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    agent.status(launch(world, 't1'), 'TASK_RUNNING');
    cluster.run(100);
    framework.updates.length = 0;
    framework.scheduler.reconcile();
    cluster.run(100);
    expect(framework.updates).toMatchObject([
      { task_id: { value: 't1' }, state: 'TASK_RUNNING', reason: 'REASON_RECONCILIATION' },
    ]);
  });

  test('has output that its framework can read', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    agent.run(launch(world, 't1'));
    let read: unknown;
    framework.scheduler.readOutput({ taskId: { value: 't1' } }, (result) => {
      read = result.ok ? result.reply : result.error;
    });
    cluster.run(100);
    expect(read).toMatchObject({ offset: 0, size: 3 });
  });

  test('is hidden from agents under an id of its own, whatever its framework calls it', () => {
    const world = withFramework();
    const attempt = launch(world, 'a task with spaces'.replaceAll(' ', '…'));
    expect(attempt).toMatch(/^fw-[0-9a-f]{16}\.[0-9a-z]+\.1$/);
    expect(world.agent.attempts.get(attempt)!.spec.env.MESOZOO_TASK_ID).toBe('a…task…with…spaces');
  });
});

describe('a request', () => {
  test('is met before others get what is left, in an offer that names it', () => {
    const { cluster, framework } = withFramework({
      capabilities: [{ type: 'PARTITION_AWARE' }],
    });
    framework.scheduler.decline(framework.take(), { refuse_seconds: 1000 });
    framework.scheduler.request([
      {
        id: 'r1',
        resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 2 } }],
        port_count: 1,
      },
    ]);
    cluster.world.runUntil(() => framework.offers.length > 0);
    const [offer] = framework.offers;
    expect(offer!.requests).toMatchObject([{ id: 'r1' }]);
    expect(fromMesos(offer!.resources)).toMatchObject({ cpus: 2, mem: 0, ports: [[31000, 31000]] });
  });

  test('waits on when nobody has answered the offer that was made for it', () => {
    const { cluster, framework } = withFramework();
    framework.scheduler.decline(framework.take(), { refuse_seconds: 1000 });
    const resources = [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value: 1 } }];
    framework.scheduler.request([{ id: 'r1', resources }]);
    cluster.world.runUntil(() => framework.offers.length > 0);
    cluster.run(11_000);
    expect(framework.heard).toContain('rescinded');
    expect(framework.offers[0]!.requests).toMatchObject([{ id: 'r1' }]);
  });

  test('that cannot be met is explained, and can be withdrawn', () => {
    const { cluster, framework } = withFramework();
    const cpus = (value: number) => [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value } }];
    framework.scheduler.request([{ id: 'big', resources: cpus(64) }]);
    const answers: unknown[] = [];
    const explain = () =>
      framework.scheduler.explain({ requestId: 'big' }, (result) =>
        answers.push(result.ok ? result.reply : result.error.code),
      );
    explain();
    cluster.run(100);
    framework.scheduler.request([], ['big']);
    explain();
    cluster.run(100);
    expect(answers).toMatchObject([{ waitingFor: 'resources' }, 'NO_REQUEST']);
  });
});

describe('a framework', () => {
  test('that another instance takes over is told so, and its tasks go on', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    cluster.run(100);
    const second = new TestFramework(cluster.world, 'f2', { id: { value: 'fw' } });
    cluster.world.runUntil(() => states(second, 't1').length > 0);
    expect(framework.errors).toEqual(['Framework failed over']);
    expect(states(second, 't1')).toEqual(['TASK_STARTING']);
    // The first one has no say any more.
    framework.scheduler.kill({ value: 't1' });
    cluster.run(1_000);
    expect(agent.killed).toEqual([]);
    expect(agent.attempts.get(attempt)!.state).toBe('TASK_RUNNING');
  });

  test('that is silent for too long loses its tasks, and its id for good', () => {
    const world = withFramework({ failover_timeout: 30 });
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    framework.transport.setConnected(false);
    cluster.run(25_000);
    expect(agent.killed).toEqual([]);
    cluster.run(30_000);
    expect(agent.killed).toEqual([attempt]);
    cluster.run(1_000);
    expect(launchesInTree(cluster)).toEqual([]);
    const again = new TestFramework(cluster.world, 'f2', { id: { value: 'fw' } });
    cluster.run(1_000);
    expect(again.errors.join()).toContain('torn down');
    expect(again.heard).not.toContain('subscribed');
    expect(cluster.crashes).toEqual([]);
  });

  test('that comes back in time goes on where it was', () => {
    const world = withFramework({ failover_timeout: 60 });
    const { cluster, framework, agent } = world;
    agent.run(launch(world, 't1'));
    framework.transport.setConnected(false);
    cluster.run(30_000);
    framework.transport.setConnected(true);
    cluster.run(10_000);
    expect(agent.killed).toEqual([]);
    expect(framework.heard.filter((word) => word === 'subscribed').length).toBeGreaterThan(1);
    expect(states(framework, 't1').length).toBeGreaterThan(0);
  });

  test('tears itself down', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    framework.scheduler.teardown();
    cluster.run(2_000);
    expect(agent.killed).toEqual([attempt]);
    expect(launchesInTree(cluster)).toEqual([]);
    const node = cluster.coord.nodes.get('/mesozoo/frameworks/fw')!;
    expect(JSON.parse(Buffer.from(node.data).toString())).toMatchObject({
      tornDown: true,
      over: true,
    });
    expect(cluster.coord.nodes.has('/mesozoo/frameworks/fw/tasks')).toBe(false);
  });

  test('cannot take the id of one of the cluster', () => {
    const { cluster } = started();
    const intruder = new TestFramework(cluster.world, 'f1', { id: { value: 'tasks' } });
    cluster.run(1_000);
    expect(intruder.heard).toEqual([]);
    expect(intruder.errors.join()).toContain('belongs to the cluster itself');
  });

  test('of the cluster itself is not to be ended from outside', () => {
    const { cluster, agent } = started();
    const id = cluster.submit({ name: 'mine' });
    cluster.run(100);
    for (const stream_id of ['bundled', 'tasks'])
      expect(
        cluster.refusal('framework.call', {
          type: 'TEARDOWN',
          framework_id: { value: 'tasks' },
          stream_id,
        }),
      ).toMatchObject({ code: 'NOT_SUBSCRIBED' });
    cluster.run(2_000);
    expect(agent.killed).toEqual([]);
    expect(cluster.get(id).state).toBe('TASK_STAGING');
  });

  test('gets an answer to each SUBSCRIBE, of which the last one counts', () => {
    const { cluster } = started();
    const subscribe = (events: string) =>
      encode(
        {
          type: 'SUBSCRIBE',
          framework_id: { value: 'twice' },
          subscribe: { framework_info: { user: '', name: 'x' } },
          events,
        },
        'json',
      );
    const answers = ['_INBOX.x.1', '_INBOX.x.2'].map((events) =>
      cluster.send('framework.call', subscribe(events)),
    );
    cluster.run(1_000);
    expect(answers[0]!.answer).toMatchObject({ error: { code: 'FAILED_OVER' } });
    expect(answers[1]!.answer).toMatchObject({ framework_id: { value: 'twice' } });
  });

  test('is dismissed when another instance comes while its record is being written', () => {
    const { cluster } = started();
    // Both come in one turn: the record that the first one waits for is that of the second one.
    const instances = ['f1', 'f2'].map(
      (name) => new TestFramework(cluster.world, name, { id: { value: 'fw' } }),
    );
    cluster.run(3_000);
    expect(instances.map(({ link }) => link.state())).toEqual(['dismissed', 'subscribed']);
    expect(instances.map(({ errors }) => errors.length)).toEqual([1, 0]);
  });

  test('whose info is too large for its record is refused', () => {
    const { cluster, master } = started();
    const labels = { labels: [{ key: 'k', value: 'v'.repeat(300_000) }] };
    const framework = new TestFramework(cluster.world, 'f1', { id: { value: 'fw' }, labels });
    cluster.run(5_000);
    expect(framework.errors.join()).toContain('framework_info');
    expect(master.actor.state()).toContain('serving');
    expect(cluster.coord.nodes.has('/mesozoo/frameworks/fw')).toBe(false);
  });

  test('is refused with wrong words before it has changed anything', () => {
    const { cluster } = started();
    const subscribe = (more: object) =>
      cluster.refusal('framework.call', {
        type: 'SUBSCRIBE',
        subscribe: { framework_info: { user: '', name: 'x' } },
        events: '_INBOX.x',
        ...more,
      });
    expect(subscribe({ events: 'mz.task.submit' })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(subscribe({ subscribe: {} })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(subscribe({ framework_id: { value: 'a.b' } })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(subscribe({ type: 'SING' })).toMatchObject({ code: 'BAD_REQUEST' });
    const kill = { type: 'KILL', kill: { task_id: { value: 't' } }, stream_id: 'x' };
    expect(
      cluster.refusal('framework.call', { ...kill, framework_id: { value: 'none' } }),
    ).toMatchObject({ code: 'NO_FRAMEWORK' });
    expect(
      cluster.refusal('framework.call', { ...kill, framework_id: { value: 'tasks' } }),
    ).toMatchObject({ code: 'NOT_SUBSCRIBED' });
    expect([...cluster.coord.nodes.keys()].filter((path) => /frameworks\/./.test(path))).toEqual([
      '/mesozoo/frameworks/tasks',
      '/mesozoo/frameworks/tasks/tasks',
    ]);
  });
});

describe('a call that the network delivers twice is carried out once:', () => {
  function repeating(repeated: CallType) {
    const world = withFramework();
    world.cluster.world.meddle = ({ subject, payload }) =>
      subject === 'mz.framework.call' && decode(payload).value.type === repeated
        ? 'repeat'
        : 'deliver';
    return world;
  }

  test('ACCEPT does not say of a task that is there that its offer is void', () => {
    const world = repeating('ACCEPT');
    world.agent.run(launch(world, 't1'));
    world.cluster.run(1000);
    expect(states(world.framework, 't1')).toEqual(['TASK_STARTING']);
  });

  test('SUPPRESS does not undo the REVIVE that came after it', () => {
    const { cluster, framework } = repeating('SUPPRESS');
    framework.scheduler.suppress();
    framework.scheduler.revive();
    framework.scheduler.decline(framework.take(), { refuse_seconds: 0 });
    cluster.run(1000);
    expect(framework.offers).toHaveLength(1);
  });
});

describe('SUBSCRIBE that the network delivers twice or late', () => {
  const isSubscribe = ({ subject, payload }: { subject: string; payload: Uint8Array }) =>
    subject === 'mz.framework.call' && decode(payload).value.type === 'SUBSCRIBE';

  test('is one subscription', () => {
    const { cluster } = started();
    cluster.world.meddle = (message) => (isSubscribe(message) ? 'repeat' : 'deliver');
    const framework = new TestFramework(cluster.world, 'f1', { id: { value: 'fw' } });
    cluster.run(3000);
    expect(framework.heard.filter((word) => word === 'subscribed')).toHaveLength(1);
    expect(framework.link.state()).toBe('subscribed');
    expect(framework.errors).toEqual([]);
  });

  test('behind another one of its instance ends nothing', () => {
    const { cluster } = started();
    let isFirst = true;
    cluster.world.meddle = (message) => {
      if (!isSubscribe(message) || !isFirst) return 'deliver';
      isFirst = false;
      // Longer than it is waited for.
      return { delayMs: 9_000 };
    };
    const framework = new TestFramework(cluster.world, 'f1', { id: { value: 'fw' } });
    cluster.run(20_000);
    expect(framework.errors).toEqual([]);
    expect(framework.heard.filter((word) => word === 'subscribed')).toHaveLength(1);
    expect(framework.link.state()).toBe('subscribed');
  });

  test('does not end the one that came after it', () => {
    const { cluster } = started();
    const copies: Uint8Array[] = [];
    cluster.world.meddle = (message) => {
      if (isSubscribe(message)) copies.push(message.payload);
      return 'deliver';
    };
    new TestFramework(cluster.world, 'f1', { id: { value: 'fw' } });
    cluster.world.runUntil(() => copies.length === 1);
    const second = new TestFramework(cluster.world, 'f2', { id: { value: 'fw' } });
    cluster.world.runUntil(() => second.link.state() === 'subscribed');
    cluster.world.ports('late').transport.publish('mz.framework.call', copies[0]!);
    cluster.run(3000);
    expect(second.errors).toEqual([]);
    expect(second.link.state()).toBe('subscribed');
  });
});

describe('a new leader', () => {
  function failedOver(world: World) {
    const { cluster, master } = world;
    const next = cluster.master('m2');
    cluster.run(100);
    master.kill();
    cluster.expireSessions(master);
    cluster.lead(next);
    cluster.follow(next);
    return next;
  }

  test('goes on with what a framework has launched, and tells what was not acknowledged', () => {
    const world = withFramework();
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    cluster.run(100);
    failedOver(world);
    cluster.run(20_000);
    expect(framework.masters.at(-1)).toBe('m2');
    for (let round = 0; round < 3; round++) {
      acknowledgeAll(world);
      cluster.run(100);
    }
    expect([...new Set(states(framework, 't1'))]).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
    agent.finish(attempt);
    cluster.run(100);
    acknowledgeAll(world);
    cluster.run(100);
    expect(states(framework, 't1').at(-1)).toBe('TASK_FINISHED');
    expect(agent.began).toEqual([attempt]);
    expect(launchesInTree(cluster)).toEqual([]);
    expect(cluster.crashes).toEqual([]);
  });

  test('gives frameworks their time from when it leads, however long it has read', () => {
    const world = withFramework({ failover_timeout: 1 });
    const { cluster, framework, master, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    cluster.run(100);
    const next = cluster.master('m2');
    cluster.run(100);
    const { refuse } = cluster.coord;
    let slow = true;
    cluster.coord.refuse = (name, request, member) =>
      slow && name === 'children' && String(request.path).startsWith('/mesozoo/tasks')
        ? 'UNAVAILABLE'
        : refuse(name, request, member);
    master.kill();
    cluster.expireSessions(master);
    cluster.run(40_000);
    expect(next.actor.state()).toContain('recovering');
    slow = false;
    cluster.lead(next);
    cluster.follow(next);
    cluster.run(10_000);
    expect(cluster.crashes).toEqual([]);
    expect(framework.masters.at(-1)).toBe('m2');
    expect(agent.killed).toEqual([]);
  });

  test('waits for a framework, and tears down one that does not come', () => {
    const world = withFramework({ failover_timeout: 5 });
    const { cluster, framework, agent } = world;
    const attempt = launch(world, 't1');
    agent.run(attempt);
    cluster.run(100);
    framework.transport.setConnected(false);
    failedOver(world);
    cluster.run(25_000);
    expect(agent.killed).toEqual([]);
    cluster.run(15_000);
    expect(agent.killed).toEqual([attempt]);
    expect(cluster.crashes).toEqual([]);
  });
});
