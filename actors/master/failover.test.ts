/** Several masters over a fake quorum: what a new leader takes over, and what a deposed one can no longer do. */
import { describe, expect, test } from 'vitest';
import { encode } from '../../protocol/codec.ts';
import type { MasterTiming } from './options.ts';
import { SmallCluster } from './testing/small-cluster.ts';

function twoMasters(timing: Partial<MasterTiming> = {}) {
  const cluster = new SmallCluster();
  const first = cluster.master('m1', { timing });
  cluster.lead(first);
  const second = cluster.master('m2');
  cluster.run(500);
  const agent = cluster.agent('a1', first);
  cluster.run(100);
  return { cluster, first, second, agent };
}

const request = (body: object) => encode(body, 'json');

describe('a new leader', () => {
  test('takes over running, waiting, blocked and finished tasks; none is lost, none runs twice', () => {
    const { cluster, first, second, agent } = twoMasters();
    const running = cluster.submit({ name: 'running', resources: { cpus: 3 } });
    const done = cluster.submit({ name: 'done' });
    cluster.run(50);
    agent.run(cluster.attempt(done));
    agent.finish(cluster.attempt(done));
    agent.run(cluster.attempt(running));
    const waiting = cluster.submit({
      name: 'waiting',
      resources: { cpus: 2 },
      idempotencyKey: 'w',
    });
    const blocked = cluster.submit({ name: 'blocked', dependsOn: [running, done] });
    cluster.run(100);
    first.kill();
    cluster.expireSessions(first);
    cluster.lead(second);
    cluster.follow(second);
    cluster.run(1_000);
    expect(cluster.get(running).state).toBe('TASK_RUNNING');
    expect(cluster.get(waiting).state).toBe('TASK_QUEUED');
    expect(cluster.get(blocked).state).toBe('TASK_BLOCKED');
    expect(cluster.get(done)).toMatchObject({ state: 'TASK_FINISHED', exitCode: 0 });
    expect(cluster.submit({ name: 'waiting', resources: { cpus: 2 }, idempotencyKey: 'w' })).toBe(
      waiting,
    );
    agent.finish(cluster.attempt(running));
    cluster.run(200);
    for (const id of [waiting, blocked]) {
      agent.run(cluster.attempt(id));
      agent.finish(cluster.attempt(id));
    }
    cluster.run(200);
    for (const id of [running, waiting, blocked, done])
      expect(cluster.get(id).state).toBe('TASK_FINISHED');
    expect(agent.began).toEqual([running, done, waiting, blocked].map((id) => cluster.attempt(id)));
    second.actor.invariants();
    expect(cluster.crashes).toEqual([]);
  });

  test('launches again what was decided but never reached the agent, and what ended meanwhile is told to it', () => {
    const { cluster, first, second, agent } = twoMasters();
    const ends = cluster.submit({ name: 'ends' });
    cluster.run(50);
    agent.run(cluster.attempt(ends));
    cluster.run(50);
    agent.silent = true;
    const launched = cluster.submit({ name: 'launched' });
    cluster.run(50);
    agent.finish(cluster.attempt(ends));
    first.kill();
    cluster.expireSessions(first);
    cluster.lead(second);
    agent.silent = false;
    cluster.follow(second);
    cluster.run(1_000);
    expect(agent.began).toEqual([cluster.attempt(ends), cluster.attempt(launched)]);
    expect(cluster.get(ends).state).toBe('TASK_FINISHED');
    expect(cluster.get(launched).attempts).toBe(1);
  });

  test('decides the tasks of an agent that does not come back; when it does after all, they are given up', () => {
    const { cluster, first, second, agent } = twoMasters();
    const lost = cluster.submit({ name: 'lost' });
    const again = cluster.submit({ name: 'again', retry: { attempts: 2, delaySeconds: 0 } });
    cluster.run(50);
    agent.run(cluster.attempt(lost));
    agent.run(cluster.attempt(again));
    cluster.run(50);
    agent.silent = true;
    first.kill();
    cluster.expireSessions(first);
    cluster.lead(second);
    expect(cluster.ask('task.explain', { taskId: lost })).toMatchObject({
      state: 'TASK_RUNNING',
      waitingFor: 'agent',
    });
    cluster.run(25_000);
    expect(cluster.get(lost)).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' });
    expect(cluster.get(again).state).toBe('TASK_QUEUED');
    agent.silent = false;
    cluster.follow(second);
    cluster.run(1_000);
    expect(agent.gaveUp.sort()).toEqual([cluster.attempt(again), cluster.attempt(lost)].sort());
    expect(agent.began.at(-1)).toBe(cluster.attempt(again, 2));
  });

  test('goes on killing', () => {
    const { cluster, first, second, agent } = twoMasters();
    const id = cluster.submit({ name: 'long' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    agent.silent = true;
    cluster.ask('task.kill', { taskId: id });
    first.kill();
    cluster.expireSessions(first);
    cluster.lead(second);
    agent.silent = false;
    cluster.follow(second);
    cluster.run(1_000);
    expect(agent.killed).toEqual([cluster.attempt(id)]);
    expect(cluster.get(id).state).toBe('TASK_KILLED');
  });
});

describe('a deposed leader', () => {
  test('whose session has expired writes nothing, withdraws, and contends again in a new session', () => {
    const { cluster, first, second } = twoMasters();
    const epoch = (cluster.ask('cluster.state', {}).leader as { epoch: number }).epoch;
    cluster.expireSessions(first);
    cluster.lead(second);
    cluster.run(2_000);
    expect(first.actor.state()).toBe('contending');
    const { leader } = cluster.ask('cluster.state', {}) as {
      leader: { masterId: string; epoch: number };
    };
    expect(leader.masterId).toBe('m2');
    expect(leader.epoch).toBeGreaterThan(epoch);
    expect(cluster.crashes).toEqual([]);
  });

  test('asks no agent for another report', () => {
    const { cluster, first, second, agent } = twoMasters({ pingIntervalMs: 3_000 });
    const id = cluster.submit({ name: 'long' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    agent.attempts.clear();
    agent.restart();
    cluster.run(600);
    cluster.expireSessions(first);
    cluster.lead(second);
    let said = 0;
    cluster.world.meddle = ({ from, to }) => {
      if (from === 'm1' && to === 'a1') said++;
      return 'deliver';
    };
    cluster.run(5_000);
    expect(first.actor.state()).toBe('contending');
    expect(said).toBe(0);
  });

  test('whose write is refused acknowledges nothing: the outcome is uncertain, and it is deposed', () => {
    const { cluster, first } = twoMasters();
    for (const path of [...cluster.coord.nodes.keys()])
      if (path === '/mesos/json.info_0000000000') cluster.coord.nodes.delete(path);
    const pending = cluster.send(
      'task.submit',
      new TextEncoder().encode('{"name":"hello","command":"true"}'),
    );
    cluster.run(100);
    expect(pending.answer?.error).toMatchObject({ code: 'CONNECTION_LOST', definite: false });
    expect(first.actor.state()).toBe('deposed');
    expect([...cluster.coord.nodes.keys()].some((path) => path.includes('/hello-'))).toBe(false);
  });

  test.each([
    ['does not hear the quorum', 3_000],
    ['has lost its connection', 2_900],
  ])('that %s loses no agent for it, and orders nothing', (what, forMs) => {
    const { cluster, first, agent } = twoMasters({ pingIntervalMs: 250, pingTimeoutMs: 2_500 });
    const id = cluster.submit({ name: 'long' });
    cluster.run(50);
    agent.run(cluster.attempt(id));
    cluster.run(50);
    let ordered = 0;
    if (what === 'has lost its connection') first.transport.setConnected(false);
    else
      cluster.world.meddle = ({ from, to }) => {
        if (from === 'm1' && to === 'a1' && first.actor.state().endsWith('silenced')) ordered++;
        return from === 'm1' || to === 'm1' ? 'lose' : 'deliver';
      };
    cluster.run(forMs);
    cluster.world.meddle = () => 'deliver';
    first.transport.setConnected(true);
    cluster.run(900);
    expect(first.actor.state()).toBe('elected.leading.serving');
    expect(cluster.statesOf(id)).not.toContain('TASK_UNREACHABLE');
    expect(ordered).toBe(0);
  });

  test('that does not hear the quorum serves no more, and serves again when it does', () => {
    const { cluster, first } = twoMasters();
    cluster.world.meddle = ({ from, to }) =>
      from === 'm1' && to.startsWith('coord') ? 'lose' : 'deliver';
    cluster.run(5_500);
    expect(first.actor.state()).toBe('elected.leading.silenced');
    expect(cluster.refusal('task.list', {}).code).toBe('no responders');
    cluster.world.meddle = () => 'deliver';
    cluster.run(3_000);
    expect(first.actor.state()).toBe('elected.leading.serving');
    expect(cluster.ask('task.list', {})).toEqual({ tasks: [], more: false });
  });
});

test('a leader that was paused takes no share of the requests from the new one, and says nothing when it goes on', () => {
  const { cluster, first, second } = twoMasters();
  // Its process stands still: nothing goes in or out, but its subscriptions are still there.
  cluster.world.meddle = ({ from, to }) => {
    if (from === 'm1') return 'lose';
    return to === 'm1' ? { delayMs: 20_000 } : 'deliver';
  };
  cluster.expireSessions(first);
  cluster.lead(second);
  for (let index = 0; index < 10; index++) cluster.submit({ name: `n${index}` });
  cluster.world.meddle = () => 'deliver';
  cluster.run(30_000);
  expect(first.actor.state()).toBe('contending');
  expect(cluster.ask('task.list', {}).tasks).toHaveLength(10);
  expect([...cluster.coord.nodes.keys()].filter((path) => path.endsWith('/state'))).toHaveLength(
    10,
  );
});

test('a leader that stops in good order hands over at once', () => {
  const { cluster, first, second } = twoMasters();
  let stopped = false;
  first.stop(() => {
    stopped = true;
  });
  cluster.world.runUntil(() => stopped, 2_000);
  cluster.world.runUntil(() => second.actor.state().endsWith('serving'), 2_000);
});

test('a leader that stops answers what NATS has handed to it, before it lets another lead', () => {
  const { cluster, first, second } = twoMasters();
  const submit = (name: string) => cluster.send('task.submit', request({ name, command: 'true' }));
  const sent = [submit('under-way')];
  cluster.run(1);
  sent.push(submit('handed-to-it'));
  let stopped = false;
  first.stop(() => {
    stopped = true;
  });
  cluster.world.runUntil(() => stopped, 2_000);
  expect(sent.map(({ answer }) => answer)).toMatchObject([
    { state: 'TASK_QUEUED' },
    { state: 'TASK_QUEUED' },
  ]);
  cluster.lead(second);
  expect(cluster.ask('task.list', {}).tasks).toHaveLength(2);
});

test('a leader that stops does not wait for ever for a quorum that is silent', () => {
  const { cluster, first } = twoMasters();
  cluster.world.meddle = ({ to }) => (to.startsWith('coord') ? 'lose' : 'deliver');
  const sent = cluster.send('task.submit', request({ name: 'lost', command: 'true' }));
  cluster.run(5);
  let stopped = false;
  first.stop(() => {
    stopped = true;
  });
  cluster.world.runUntil(() => stopped, 10_000);
  expect(sent.answer).toMatchObject({ error: { code: 'CONNECTION_LOST', definite: false } });
});
