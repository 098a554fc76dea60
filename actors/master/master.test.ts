/** One master over a fake quorum with fake agents: the life of tasks, from the request to the final state. */
import { describe, expect, test } from 'vitest';
import { pack } from '../../protocol/codec.ts';
import type { ExplainReply } from '../../protocol/task-api.ts';
import { SmallCluster } from './testing/small-cluster.ts';

function started(options = {}) {
  const cluster = new SmallCluster();
  const master = cluster.master('m1', options);
  cluster.lead(master);
  return { cluster, master };
}
function withAgent(total = {}) {
  const { cluster, master } = started();
  const agent = cluster.agent('a1', master, total);
  cluster.run(100);
  return { cluster, master, agent };
}

describe('a task', () => {
  test('is accepted, launched, run and finished, and each state is told once it is in the tree', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'hello' });
    expect(id).toMatch(/^hello-[0-9a-f]{10}$/);
    cluster.run(50);
    expect(agent.began).toEqual([cluster.attempt(id)]);
    agent.run(cluster.attempt(id));
    agent.finish(cluster.attempt(id));
    cluster.run(50);
    expect(cluster.statesOf(id)).toEqual([
      'TASK_QUEUED',
      'TASK_STAGING',
      'TASK_STARTING',
      'TASK_RUNNING',
      'TASK_FINISHED',
    ]);
    expect(cluster.stateInTree(id)).toBe('TASK_FINISHED');
    expect(cluster.get(id)).toMatchObject({ state: 'TASK_FINISHED', exitCode: 0, attempts: 1 });
    expect(agent.attempts.size).toBe(0);
    expect(cluster.crashes).toEqual([]);
  });

  test('gets its command by /bin/sh, its environment and its ports', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({
      name: 'web',
      command: 'run $PORT0',
      env: { A: 'b' },
      resources: { ports: 2 },
    });
    cluster.run(50);
    const { spec } = agent.attempts.get(cluster.attempt(id))!;
    expect(spec).toMatchObject({
      argv: ['/bin/sh', '-c', 'run $PORT0'],
      env: {
        A: 'b',
        MESOZOO_TASK_ID: id,
        MESOZOO_ATTEMPT_ID: cluster.attempt(id),
        MESOZOO_PORTS: '31000,31001',
        PORT0: '31000',
        PORT1: '31001',
      },
    });
  });

  test('waits for what it depends on', () => {
    const { cluster, agent } = withAgent();
    const first = cluster.submit({ name: 'first' });
    const second = cluster.submit({ name: 'second', dependsOn: [first] });
    cluster.run(50);
    expect(cluster.get(second).state).toBe('TASK_BLOCKED');
    expect(cluster.ask('task.explain', { taskId: second })).toMatchObject({
      waitingFor: 'dependencies',
      dependencies: [{ taskId: first, state: 'TASK_STAGING' }],
    });
    agent.run(cluster.attempt(first));
    agent.finish(cluster.attempt(first));
    cluster.run(50);
    expect(agent.began).toEqual([cluster.attempt(first), cluster.attempt(second)]);
  });

  test('ends in error when a dependency does not finish, and so does what depends on it', () => {
    const { cluster, agent } = withAgent();
    const first = cluster.submit({ name: 'first' });
    const second = cluster.submit({ name: 'second', dependsOn: [first] });
    const third = cluster.submit({ name: 'third', dependsOn: [second, first] });
    cluster.run(50);
    agent.status(cluster.attempt(first), 'TASK_FAILED', { exitCode: 1 });
    cluster.run(50);
    expect(cluster.get(second)).toMatchObject({
      state: 'TASK_ERROR',
      reason: 'REASON_DEPENDENCY_FAILED',
    });
    expect(cluster.get(third).state).toBe('TASK_ERROR');
    const fourth = cluster.submit({ name: 'fourth', dependsOn: [third] });
    expect(cluster.get(fourth).state).toBe('TASK_ERROR');
  });

  test('is tried again after its delay while attempts are left', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'flaky', retry: { attempts: 2, delaySeconds: 5 } });
    cluster.run(50);
    agent.status(cluster.attempt(id), 'TASK_FAILED', { exitCode: 1 });
    cluster.run(50);
    expect(cluster.get(id).state).toBe('TASK_QUEUED');
    expect(cluster.ask('task.explain', { taskId: id }).waitingFor).toBe('retry');
    cluster.run(6_000);
    expect(agent.began).toEqual([cluster.attempt(id), cluster.attempt(id, 2)]);
    agent.status(cluster.attempt(id, 2), 'TASK_FAILED', { exitCode: 3 });
    cluster.run(50);
    expect(cluster.get(id)).toMatchObject({ state: 'TASK_FAILED', exitCode: 3, attempts: 2 });
  });

  test('killed before its launch ends at once; killed later its attempt is ended; twice is once', () => {
    const { cluster, agent, master } = withAgent({ cpus: 1 });
    const running = cluster.submit({ name: 'running', resources: { cpus: 1 } });
    const waiting = cluster.submit({ name: 'waiting', resources: { cpus: 1 } });
    cluster.run(50);
    expect(cluster.ask('task.kill', { taskId: waiting })).toEqual({
      taskId: waiting,
      state: 'TASK_KILLED',
    });
    expect(cluster.refusal('task.kill', { taskId: waiting }).code).toBe('TASK_ENDED');
    agent.silent = true;
    expect(cluster.ask('task.kill', { taskId: running }).state).toBe('TASK_KILLING');
    expect(cluster.ask('task.kill', { taskId: running }).state).toBe('TASK_KILLING');
    // The order was lost, and is repeated.
    agent.silent = false;
    cluster.run(6_000);
    expect(agent.killed).toEqual([cluster.attempt(running)]);
    expect(cluster.get(running).state).toBe('TASK_KILLED');
    master.actor.invariants();
  });

  test('killed before its launch has left is never launched', () => {
    const { cluster, agent } = withAgent();
    agent.silent = true;
    const id = cluster.submit({ name: 'hello' });
    cluster.run(50);
    cluster.ask('task.kill', { taskId: id });
    agent.silent = false;
    cluster.run(6_000);
    expect(agent.began).toEqual([]);
    expect(cluster.get(id)).toMatchObject({
      state: 'TASK_KILLED',
      reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
    });
  });

  test('that is being killed is killed sooner when the second grace is shorter, never later', () => {
    const { cluster, agent } = withAgent();
    agent.slowToKill = true;
    const id = cluster.submit({ name: 'stubborn', killGraceSeconds: 60 });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    for (const graceSeconds of [undefined, 90, 30, 40, 5]) {
      expect(cluster.ask('task.kill', { taskId: id, graceSeconds }).state).toBe('TASK_KILLING');
      cluster.run(50);
    }
    expect(agent.graces).toEqual([60_000, 30_000, 5_000]);
  });

  test('keeps the beginning of what an agent says at length', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'talks' });
    cluster.run(50);
    agent.status(cluster.attempt(id), 'TASK_FAILED', { message: 'x'.repeat(60_000) });
    cluster.run(50);
    expect(cluster.get(id).message).toHaveLength(2048);
  });

  test('whose launch was lost is launched again under the same attempt', () => {
    const { cluster, agent } = withAgent();
    agent.silent = true;
    const id = cluster.submit({ name: 'hello' });
    cluster.run(50);
    agent.silent = false;
    cluster.run(6_000);
    expect(agent.began).toEqual([cluster.attempt(id)]);
  });

  test('published without a reply subject is carried out; a refusal is an event', () => {
    const { cluster } = withAgent();
    cluster.publish('task.submit', { name: 'quiet', command: 'true', idempotencyKey: 'k' });
    cluster.publish('task.submit', { name: 'bad', comand: 'true' });
    cluster.run(50);
    expect(cluster.events.filter(({ name }) => name === 'quiet')[0]?.state).toBe('TASK_QUEUED');
    expect(cluster.events.filter(({ name }) => name === 'bad')).toMatchObject([
      {
        state: 'TASK_ERROR',
        reason: 'REASON_TASK_INVALID',
        message: 'UNKNOWN_FIELD: unknown field "comand"',
      },
    ]);
  });
});

describe('a repeat', () => {
  test('of an idempotency key finds the task; with another request it is a conflict', () => {
    const { cluster } = withAgent();
    const id = cluster.submit({ name: 'once', idempotencyKey: 'k1', env: { A: '1', B: '2' } });
    expect(cluster.submit({ env: { B: '2', A: '1' }, name: 'once', idempotencyKey: 'k1' })).toBe(
      id,
    );
    expect(
      cluster.refusal('task.submit', { name: 'once', command: 'false', idempotencyKey: 'k1' }).code,
    ).toBe('IDEMPOTENCY_CONFLICT');
  });

  test('of a status update is acknowledged again and changes nothing', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'hello' });
    cluster.run(50);
    const attemptId = cluster.attempt(id);
    agent.run(attemptId);
    const update = agent.attempts.get(attemptId)!.unacknowledged[0]!;
    agent.finish(attemptId);
    cluster.run(50);
    const told = cluster.events.length;
    agent.send({ type: 'status', epoch: agent.epoch, update });
    cluster.run(50);
    expect(cluster.events.length).toBe(told);
    expect(agent.attempts.size).toBe(0);
  });
});

describe('explain', () => {
  test.each([
    ['no agent', { cluster: [] as object[], request: {} }, 'agents', undefined],
    [
      'a request larger than any agent',
      { cluster: [{}], request: { resources: { cpus: 64 } } },
      'resources',
      ['cpus: 64 wanted, 4 in total'],
    ],
    [
      'constraints that hold nowhere',
      { cluster: [{}], request: { constraints: [{ attribute: 'rack', equals: 'r9' }] } },
      'constraints',
      ['constraint {"attribute":"rack","equals":"r9"} does not hold'],
    ],
  ])('names %s', (_, { cluster: agents, request }, waitingFor, lacks) => {
    const { cluster, master } = started();
    for (const [index, total] of agents.entries()) cluster.agent(`a${index}`, master, total);
    cluster.run(50);
    const taskId = cluster.submit({ name: 'waits', ...request });
    const reply = cluster.ask('task.explain', { taskId }) as unknown as ExplainReply;
    expect(reply).toMatchObject({ state: 'TASK_QUEUED', waitingFor });
    expect(reply.agents?.[0]?.lacks).toEqual(lacks);
  });

  test('names missing room, and what goes first', () => {
    const { cluster } = withAgent({ cpus: 2 });
    cluster.submit({ name: 'holds', resources: { cpus: 1 } });
    const big = cluster.submit({ name: 'big', resources: { cpus: 2 } });
    const small = cluster.submit({ name: 'small', resources: { cpus: 0.5 } });
    cluster.run(50);
    expect(cluster.ask('task.explain', { taskId: big })).toMatchObject({
      waitingFor: 'resources',
      ahead: 0,
      agents: [{ lacks: ['cpus: 2 wanted, 1 available'] }],
    });
    expect(cluster.ask('task.explain', { taskId: small })).toMatchObject({
      waitingFor: 'turn',
      ahead: 1,
    });
  });
});

describe('output', () => {
  test('is read from the agent of the attempt, as text in JSON', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'hello' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    expect(cluster.ask('task.output', { taskId: id, offset: 1 })).toEqual({
      data: 'i\n',
      offset: 1,
      size: 3,
    });
    expect(cluster.ask('task.follow', { taskId: id })).toMatchObject({
      stdoutOffset: 3,
      stderrOffset: 0,
    });
  });

  test('of a task that has no attempt, or whose agent is gone, is NO_OUTPUT', () => {
    const { cluster, agent } = withAgent();
    const big = cluster.submit({ name: 'big', resources: { cpus: 99 } });
    expect(cluster.refusal('task.output', { taskId: big }).code).toBe('NO_OUTPUT');
    const id = cluster.submit({ name: 'hello' });
    cluster.run(50);
    agent.silent = true;
    expect(cluster.refusal('task.output', { taskId: id }).code).toBe('UNAVAILABLE');
    cluster.run(15_000);
    expect(cluster.refusal('task.output', { taskId: id }).code).toBe('NO_OUTPUT');
  });
});

describe('an agent', () => {
  test('that is not heard is unreachable; when it comes back its tasks go on', () => {
    const { cluster, agent, master } = withAgent();
    const id = cluster.submit({ name: 'long' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    agent.silent = true;
    cluster.run(12_000);
    expect(cluster.get(id).state).toBe('TASK_UNREACHABLE');
    agent.silent = false;
    cluster.run(3_000);
    expect(cluster.get(id).state).toBe('TASK_RUNNING');
    agent.finish(cluster.attempt(id));
    cluster.run(50);
    expect(cluster.get(id).state).toBe('TASK_FINISHED');
    master.actor.invariants();
  });

  test('that stays away loses its attempts, which are tried elsewhere and given up when it comes back', () => {
    const { cluster, agent, master } = withAgent();
    const id = cluster.submit({ name: 'long', retry: { attempts: 2, delaySeconds: 0 } });
    const lost = cluster.submit({ name: 'lost' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    agent.silent = true;
    cluster.run(45_000);
    expect(cluster.get(lost)).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' });
    const other = cluster.agent('a2', master);
    cluster.run(1_000);
    expect(other.began).toEqual([cluster.attempt(id, 2)]);
    agent.silent = false;
    cluster.run(3_000);
    expect(agent.gaveUp).toContain(cluster.attempt(id));
    expect(agent.gaveUp).toContain(cluster.attempt(lost));
    expect(cluster.get(id).attempt?.agentId).toBe('a2');
  });

  test('whose acceptance of the epoch was lost is asked again, and is given nothing before', () => {
    const { cluster, master } = started();
    cluster.world.meddle = ({ from, payload }) => {
      const accepted = from === 'a1' && new TextDecoder().decode(payload).includes('epochAccepted');
      return accepted ? 'lose' : 'deliver';
    };
    const agent = cluster.agent('a1', master);
    const id = cluster.submit({ name: 'hello' });
    cluster.run(2_000);
    expect(agent.began).toEqual([]);
    cluster.world.meddle = () => 'deliver';
    cluster.run(5_000);
    expect(agent.began).toEqual([cluster.attempt(id)]);
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['null', pack(null)],
    ['no id', pack({ type: 'pong', epoch: 1 })],
    ['an id that is no token', pack({ type: 'pong', agentId: 'a.>', epoch: 1 })],
    ['an unknown kind', pack({ type: 'sing', agentId: 'a1', epoch: 1 })],
    ['a status without an update', pack({ type: 'status', agentId: 'a1', epoch: 1 })],
    ['an empty registration', pack({ type: 'register', agentId: 'a1', epoch: 1 })],
    ['no usage', pack({ type: 'usage', agentId: 'a1', epoch: 1, cpus: 'all' })],
  ])('that says %s changes nothing', (_, payload) => {
    const { cluster, agent } = withAgent();
    agent.ports.transport.publish('mz.master.to.m1', payload);
    cluster.run(100);
    expect(cluster.crashes).toEqual([]);
    expect(cluster.ask('cluster.state', {}).agents).toHaveLength(1);
  });

  test('that leaves without attempts is forgotten at once', () => {
    const { cluster, agent } = withAgent();
    agent.send({ type: 'leaving', epoch: agent.epoch });
    agent.silent = true;
    cluster.run(100);
    expect(cluster.ask('cluster.state', {}).agents).toEqual([]);
  });

  test.each(['REASON_AGENT_DRAINING', 'REASON_INSUFFICIENT_RESOURCES'] as const)(
    'that refuses a launch with %s uses up no attempt: the task runs elsewhere',
    (reason) => {
      const { cluster, agent, master } = withAgent();
      agent.silent = true;
      const id = cluster.submit({ name: 'patient' });
      const killed = cluster.submit({ name: 'killed' });
      cluster.run(50);
      cluster.ask('task.kill', { taskId: killed });
      agent.silent = false;
      agent.refusal = reason;
      cluster.run(6_000);
      expect(cluster.get(killed).state).toBe('TASK_KILLED');
      expect(cluster.get(id).state).not.toBe('TASK_LOST');
      agent.send({ type: 'draining', epoch: agent.epoch });
      cluster.run(2_000);
      expect(cluster.get(id).state).toBe('TASK_QUEUED');
      const other = cluster.agent('a2', master);
      cluster.run(1_000);
      expect(other.began).toHaveLength(1);
      other.run(other.began[0]!);
      other.status(other.began[0]!, 'TASK_LOST', { reason: 'REASON_EXIT_UNKNOWN' });
      cluster.run(100);
      expect(cluster.get(id)).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_EXIT_UNKNOWN' });
      expect(cluster.ask('metrics.get', {})).toMatchObject({
        queues: { default: { delaySecondsMean: expect.any(Number), running: 0 } },
      });
      expect(cluster.crashes).toEqual([]);
    },
  );

  test('that drains gets nothing more, and its attempts end as they do', () => {
    const { cluster, agent, master } = withAgent();
    const running = cluster.submit({ name: 'running' });
    cluster.run(50);
    agent.run(agent.began[0]!);
    agent.send({ type: 'draining', epoch: agent.epoch });
    cluster.run(50);
    const waits = cluster.submit({ name: 'waits' });
    cluster.run(1_000);
    expect(agent.began).toHaveLength(1);
    expect(cluster.get(waits).state).toBe('TASK_QUEUED');
    agent.status(agent.began[0]!, 'TASK_KILLED', { signal: 'SIGTERM' });
    cluster.run(50);
    expect(cluster.get(running).state).toBe('TASK_KILLED');
    // It has come back.
    agent.restart();
    cluster.run(1_000);
    expect(cluster.get(waits).state).toBe('TASK_STAGING');
    master.actor.invariants();
  });

  test('whose draining was told too late is asked to register again after a while', () => {
    const { cluster, agent } = withAgent();
    agent.send({ type: 'draining', epoch: agent.epoch });
    const id = cluster.submit({ name: 'waits' });
    cluster.run(40_000);
    expect(cluster.get(id).state).toBe('TASK_STAGING');
  });

  test('is given nothing in the place of what it must give up, until that is gone', () => {
    const { cluster, agent, master } = withAgent();
    const lost = cluster.submit({ name: 'lost', resources: { cpus: 3 } });
    cluster.run(50);
    const [stray] = agent.began;
    agent.run(stray!);
    cluster.run(50);
    agent.silent = true;
    cluster.run(45_000);
    expect(cluster.get(lost).state).toBe('TASK_LOST');
    agent.slowToGiveUp = true;
    agent.silent = false;
    const next = cluster.submit({ name: 'next', resources: { cpus: 3 } });
    cluster.run(5_000);
    expect(agent.gaveUp).toContain(stray);
    expect(cluster.get(next).state).toBe('TASK_QUEUED');
    expect(cluster.ask('cluster.state', {}).agents).toMatchObject([{ available: { cpus: 1 } }]);
    agent.attempts.clear();
    cluster.run(10_000);
    expect(cluster.get(next).state).toBe('TASK_STAGING');
    master.actor.invariants();
  });

  test('that has lost a started attempt is asked twice before it is lost', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'long' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    agent.attempts.clear();
    agent.restart();
    cluster.run(600);
    expect(cluster.get(id).state).toBe('TASK_RUNNING');
    cluster.run(2_000);
    expect(cluster.get(id)).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_ATTEMPT_UNKNOWN' });
  });
});

describe('finished tasks', () => {
  test('leave the tree after their retention, but not before what depends on them is decided', () => {
    const { cluster, master } = started({ retention: { timeMs: 10_000 } });
    const agent = cluster.agent('a1', master);
    cluster.run(50);
    const first = cluster.submit({ name: 'first' });
    const open = cluster.submit({ name: 'open' });
    const waits = cluster.submit({ name: 'waits', dependsOn: [first, open] });
    cluster.run(50);
    agent.run(cluster.attempt(open));
    agent.run(cluster.attempt(first));
    agent.finish(cluster.attempt(first));
    cluster.run(15_000);
    expect(cluster.stateInTree(first)).toBe('TASK_FINISHED');
    agent.finish(cluster.attempt(open));
    cluster.run(15_000);
    expect(cluster.stateInTree(first)).toBeUndefined();
    expect(cluster.refusal('task.get', { taskId: first }).code).toBe('NO_TASK');
    expect(cluster.get(waits).state).toBe('TASK_STAGING');
  });
});

test('a key that is used again after its task has left the tree makes a new attempt', () => {
  const { cluster, master } = started({ retention: { timeMs: 5_000 } });
  const agent = cluster.agent('a1', master);
  cluster.run(50);
  const once = () => cluster.submit({ name: 'once', idempotencyKey: 'k' });
  const id = once();
  cluster.run(50);
  agent.run(cluster.attempt(id));
  agent.finish(cluster.attempt(id));
  cluster.run(10_000);
  expect(cluster.stateInTree(id)).toBeUndefined();
  expect(once()).toBe(id);
  cluster.run(100);
  expect(agent.attempts.size).toBe(1);
  expect(new Set(agent.began).size).toBe(2);
  for (const attemptId of agent.began)
    expect(attemptId).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.[A-Za-z0-9]{1,16}){1,2}$/);
});

describe('the cluster', () => {
  test('tells its state and metrics', () => {
    const { cluster, agent } = withAgent();
    const id = cluster.submit({ name: 'hello', resources: { cpus: 1 } });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    agent.send({ type: 'usage', epoch: agent.epoch, cpus: 0.5, memMiB: 1024, attempts: [] });
    cluster.run(50);
    expect(cluster.ask('cluster.state', {})).toMatchObject({
      leader: { masterId: 'm1' },
      agents: [{ agentId: 'a1', state: 'active', available: { cpus: 3 }, attempts: 1 }],
      tasks: { TASK_RUNNING: 1 },
    });
    expect(cluster.ask('metrics.get', {})).toMatchObject({
      resourceAllocationRatio: { cpus: 0.25 },
      resourceUtilization: { cpus: 0.125, mem: 0.25 },
      taskSuccessRate: null,
      queues: { default: { allocatedCpus: 1, running: 1, waiting: 0 } },
    });
  });
});
