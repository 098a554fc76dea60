/** The SDK with real masters (over a fake quorum and fake agents), where the other tests have a fake one. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { AttemptId } from '../../../protocol/ids.ts';
import { fromMesos, toMesos } from '../../../protocol/mesos-resources.ts';
import { countPorts, NOTHING } from '../../../protocol/resources.ts';
import type { FakeAgent } from '../../master/testing/fake-agent.ts';
import { type RunningMaster, SmallCluster } from '../../master/testing/small-cluster.ts';
import { ServiceKeeper } from '../services/keeper.ts';
import { TestFramework } from '../testing/test-framework.ts';
import { NatsLink } from './nats-link.ts';

let cluster: SmallCluster;
let first: RunningMaster;
let agents: FakeAgent[];

function addAgent(id: string): FakeAgent {
  const agent = cluster.agent(id, first);
  agent.onLaunch = ({ attemptId }) => agent.run(attemptId);
  return agent;
}

beforeEach(() => {
  cluster = new SmallCluster();
  first = cluster.master('m1');
  cluster.lead(first);
  agents = ['a1', 'a2', 'a3'].map(addAgent);
  cluster.run(100);
});

function subscribed(name = 'f1', id = 'mine'): TestFramework {
  const framework = new TestFramework(cluster.world, name, { id: { value: id } });
  cluster.world.runUntil(() => framework.offers.length > 0);
  return framework;
}

/** Everything that agents run now, each once. */
function running(): AttemptId[] {
  return agents.flatMap((agent) =>
    [...agent.attempts].filter(([, { state }]) => state === 'TASK_RUNNING').map(([id]) => id),
  );
}

function nextLeader(): RunningMaster {
  const second = cluster.master('m2');
  cluster.run(500);
  first.kill();
  cluster.expireSessions(first);
  cluster.lead(second);
  cluster.follow(second);
  cluster.run(1000);
  return second;
}

/** Updates of a task, each acknowledged as it is seen here. */
function statesOf(framework: TestFramework, taskId: string): string[] {
  return framework.updates
    .filter(({ task_id }) => task_id.value === taskId)
    .map(({ state, reason }) => (reason === undefined ? state : `${state} ${reason}`));
}

describe('a framework', () => {
  test('is offered all agents, launches, and is told until it has acknowledged', () => {
    const framework = subscribed();
    cluster.run(1000);
    const offers = framework.take();
    expect(offers.map(({ agent_id }) => agent_id.value).sort()).toEqual(['a1', 'a2', 'a3']);
    const offer = offers.find(({ agent_id }) => agent_id.value === 'a1')!;
    framework.scheduler.launch([offer], [framework.task('t1', 'a1', 2)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    expect(framework.updates[0]).toMatchObject({
      state: expect.stringMatching(/TASK_STARTING|TASK_RUNNING/),
      agent_id: { value: 'a1' },
      uuid: expect.any(String),
    });
    const before = framework.updates.length;
    cluster.run(30_000);
    expect(framework.updates.length).toBeGreaterThan(before);
    for (let index = 0; index < framework.updates.length; index++) {
      framework.scheduler.acknowledge(framework.updates[index]!);
      cluster.run(50);
    }
    agents[0]!.finish(running()[0]!);
    cluster.world.runUntil(() => framework.updates.at(-1)?.state === 'TASK_FINISHED');
    framework.scheduler.acknowledge(framework.updates.at(-1)!);
    framework.scheduler.reconcile([{ value: 't1' }]);
    cluster.run(100);
    expect(statesOf(framework, 't1').at(-1)).toBe('TASK_LOST REASON_TASK_UNKNOWN');
    expect(framework.failures).toEqual([]);
    expect(framework.masters).toHaveLength(1);
  });

  test('is told what is wrong with tasks and offers', () => {
    const framework = subscribed();
    const [offer] = framework.take();
    const agentId = offer!.agent_id.value;
    framework.scheduler.launch(
      [offer!],
      [framework.task('fits', agentId, 1), framework.task('too-large', agentId, 99)],
    );
    framework.scheduler.launch([offer!], [framework.task('too-late', agentId)]);
    cluster.run(200);
    expect(statesOf(framework, 'too-large')).toEqual(['TASK_ERROR REASON_TASK_INVALID']);
    expect(statesOf(framework, 'too-late')).toEqual(['TASK_LOST REASON_INVALID_OFFERS']);
    expect(running()).toHaveLength(1);
  });

  test('is left alone while it is suppressed, and offered what it refused once it revives', () => {
    const framework = subscribed();
    cluster.run(1000);
    framework.scheduler.decline(framework.take(), { refuse_seconds: 600 });
    framework.scheduler.suppress();
    cluster.run(30_000);
    expect(framework.offers).toEqual([]);
    framework.scheduler.revive();
    cluster.world.runUntil(() => framework.offers.length === 3, 3000);
  });

  test('asks for what it needs, is told why it waits, and gets an offer that says what it is for', () => {
    const capabilities = [{ type: 'REQUESTED_OFFERS' }];
    const framework = new TestFramework(cluster.world, 'f1', { capabilities });
    cluster.world.runUntil(() => framework.masters.length > 0);
    const { scheduler } = framework;
    const cpus = (value: number) => toMesos({ ...NOTHING, cpus: value });
    let why: string | undefined;
    scheduler.request([
      { id: 'fits', resources: cpus(2), port_count: 2 },
      { id: 'waits', resources: cpus(99) },
    ]);
    scheduler.explain({ requestId: 'waits' }, (result) => {
      why = result.ok ? result.reply.why : result.error.code;
    });
    cluster.run(2000);
    expect(why).toMatch(/more than any agent has/);
    expect(framework.offers).toHaveLength(1);
    const [offer] = framework.take();
    expect(offer!.requests?.map(({ id }) => id)).toEqual(['fits']);
    const { cpus: offered, ports } = fromMesos(offer!.requests![0]!.resources);
    expect([offered, countPorts(ports)]).toEqual([2, 2]);
    scheduler.request([], ['waits']);
    scheduler.explain({ requestId: 'waits' }, (result) => {
      why = result.ok ? result.reply.why : result.error.code;
    });
    cluster.run(100);
    expect(why).toBe('NO_REQUEST');
  });

  test('reads what its tasks have written', () => {
    const framework = subscribed();
    const [offer] = framework.take();
    framework.scheduler.launch([offer!], [framework.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    const answers: string[] = [];
    for (const value of ['nobody', 't1'])
      framework.scheduler.readOutput({ taskId: { value }, offset: 1 }, (result) => {
        if (!result.ok) answers.push(result.error.code);
        else
          answers.push(
            `${new TextDecoder().decode(result.reply.data as Uint8Array)} of ${result.reply.size}`,
          );
      });
    cluster.run(1000);
    expect(answers).toEqual(['NO_OUTPUT', 'i\n of 3']);
  });

  test('kills', () => {
    const framework = subscribed();
    const [offer] = framework.take();
    framework.scheduler.launch([offer!], [framework.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    framework.scheduler.kill({ value: 't1' }, { graceSeconds: 7 });
    cluster.run(200);
    expect(agents.flatMap(({ graces }) => graces)).toEqual([7000]);
  });
});

describe('a change of the leader', () => {
  test('is survived: what was not acknowledged comes again, what runs goes on', () => {
    const framework = subscribed();
    const [offer] = framework.take();
    framework.scheduler.launch([offer!], [framework.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    const seen = framework.updates.length;
    nextLeader();
    cluster.world.runUntil(() => framework.masters.length === 2, 20_000);
    expect(framework.masters).toEqual(['m1', 'm2']);
    cluster.run(1000);
    expect(framework.updates.length).toBeGreaterThan(seen);
    expect(framework.updates.at(-1)!.uuid).toBe(framework.updates[seen - 1]!.uuid);
    expect(running()).toHaveLength(1);
    expect(agents.flatMap(({ began }) => began)).toHaveLength(1);
    expect(cluster.crashes).toEqual([]);
  });
});

describe('another instance', () => {
  test('takes the subscription over, with the tasks', () => {
    const one = subscribed('f1');
    const [offer] = one.take();
    one.scheduler.launch([offer!], [one.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => one.updates.length > 0);
    const other = subscribed('f2');
    other.scheduler.reconcile();
    cluster.run(500);
    expect(one.errors).toEqual(['Framework failed over']);
    expect(statesOf(other, 't1')).toContainEqual(expect.stringMatching(/REASON_RECONCILIATION$/));
    cluster.run(60_000);
    expect(other.masters).toHaveLength(1);
    expect(one.link.state()).toBe('dismissed');
  });
});

describe('the end', () => {
  test('torn down: its tasks are killed, its id never subscribes again', () => {
    const framework = subscribed();
    const [offer] = framework.take();
    framework.scheduler.launch([offer!], [framework.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    framework.scheduler.teardown();
    cluster.run(1000);
    expect(framework.link.state()).toBe('tornDown');
    expect(agents.flatMap(({ killed }) => killed)).toHaveLength(1);
    const again = new TestFramework(cluster.world, 'f2', { id: { value: 'mine' } });
    cluster.run(1000);
    expect(again.errors).toEqual([expect.stringContaining('torn down')]);
    expect(again.link.state()).toBe('tornDown');
    expect(cluster.crashes).toEqual([]);
  });

  test('torn down while the end of a task is not acknowledged yet', () => {
    const framework = subscribed();
    const [offer] = framework.take();
    framework.scheduler.launch([offer!], [framework.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    const agent = agents.find(({ agentId }) => agentId === offer!.agent_id.value)!;
    agent.finish(running()[0]!);
    cluster.run(50);
    framework.scheduler.teardown();
    cluster.run(30_000);
    expect(framework.link.state()).toBe('tornDown');
    expect(first.actor.state()).toMatch(/serving$/);
    const below = [...cluster.coord.nodes.keys()].filter((path) => path.includes('/mine/'));
    expect(below).toEqual([]);
  });

  test('a framework that is silent loses its tasks after its failover timeout, not before', () => {
    const framework = new TestFramework(cluster.world, 'f1', { failover_timeout: 30 });
    cluster.world.runUntil(() => framework.offers.length > 0);
    const [offer] = framework.take();
    framework.scheduler.launch([offer!], [framework.task('t1', offer!.agent_id.value)]);
    cluster.world.runUntil(() => framework.updates.length > 0);
    framework.link.close();
    cluster.run(35_000);
    expect(agents.flatMap(({ killed }) => killed)).toEqual([]);
    cluster.run(15_000);
    expect(agents.flatMap(({ killed }) => killed)).toHaveLength(1);
  });
});

describe('a service', () => {
  function keep(name: string): ServiceKeeper {
    const ports = cluster.world.ports(name);
    const link = new NatsLink(ports, {
      cluster: 'mz',
      info: { user: '', name: 'web', id: { value: 'service-web' }, failover_timeout: 3600 },
    });
    const { clock, random, log } = ports;
    const keeper = new ServiceKeeper(link, {
      ...{ clock, random, log, records: new Map() },
      spec: {
        ...{ name: 'web', command: 'serve $PORT0', env: {}, killGraceSeconds: 1 },
        resources: { cpus: 1, mem: 64, disk: 0, gpus: 0, ports: 1 },
      },
      registry: { register: () => undefined, withdraw: () => undefined },
      over: (message) => {
        throw new Error(message);
      },
    });
    keeper.scaleTo(3);
    link.open();
    return keeper;
  }

  test('is kept at its number through failures of an instance, of the leader, and of an agent', () => {
    const keeper = keep('keeper1');
    const began = () => agents.flatMap((agent) => agent.began);
    cluster.world.runUntil(() => running().length === 3, 10_000);
    expect(agents.map(({ attempts }) => attempts.size)).toEqual([1, 1, 1]);

    agents[1]!.status(running()[1]!, 'TASK_FAILED', { exitCode: 1 });
    cluster.world.runUntil(() => running().length === 3, 10_000);
    expect(began()).toHaveLength(4);

    nextLeader();
    cluster.run(20_000);
    expect(running()).toHaveLength(3);
    expect(began()).toHaveLength(4);

    agents[2]!.silent = true;
    cluster.world.runUntil(() => running().length === 4, 60_000);
    expect(keeper.ids).toHaveLength(3);
    expect(began()).toHaveLength(5);
    expect(new Set(began()).size).toBe(5);
    expect(cluster.crashes).toEqual([]);
  });
});
