import { describe, expect, it } from 'vitest';
import { pack } from '../../protocol/codec.ts';
import { limits } from '../../protocol/limits.ts';
import { AgentWorld, master, specOf } from './testing/world.ts';

const exited = (exitCode: number) => ({ kind: 'exited', exitCode }) as const;

describe('a stop', () => {
  it('ends the tasks, tells how, says that the agent leaves, and gives up its session', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    const stopped = world.stop();
    world.run(100);
    expect(stopped.done).toBe(true);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
    expect(world.said.at(-1)?.message).toMatchObject({ type: 'leaving', epoch: 10 });
    expect([...world.tree.nodes.keys()]).toEqual(['/mesozoo', '/mesozoo/agents']);
    world.restart();
    expect(world.messages('register').at(-1)?.attempts).toEqual([]);
  });

  it('waits no longer for a task than it must, whatever grace the task has', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = (process, signal) => {
      if (signal === 'SIGKILL')
        world.processes.end(process.spec.sandbox, { kind: 'signalled', signal });
    };
    world.launch('a.1', { killGraceMs: 3_600_000 });
    const stopped = world.stop();
    world.run(2900);
    expect(stopped.done).toBe(false);
    world.run(300);
    expect(stopped.done).toBe(true);
    expect(world.states('a.1').at(-1)).toBe('TASK_KILLED');
  });

  it('waits only a moment for a master that does not acknowledge, and tells it at the next start', () => {
    const world = AgentWorld.registered();
    world.acknowledges = false;
    world.launch('a.1');
    const stopped = world.stop();
    world.run(1000);
    expect(stopped.done).toBe(false);
    world.run(1000);
    expect(stopped.done).toBe(true);
    world.restart();
    expect(world.messages('register').at(-1)?.attempts).toMatchObject([
      { attemptId: 'a.1', state: 'TASK_KILLED' },
    ]);
  });

  it('comes to an end even if a process cannot be killed', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    const stopped = world.stop();
    world.run(10_000);
    expect(stopped.done).toBe(true);
  });

  it('takes no more launches', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    world.stop();
    world.launch('b.1');
    world.run(100);
    expect(world.updates('b.1')).toMatchObject([
      {
        state: 'TASK_LOST',
        reason: 'REASON_AGENT_DRAINING',
        message: expect.stringContaining('never ran'),
      },
    ]);
    expect(world.processes.launches).toHaveLength(1);
  });

  it('is said to the leader before anything is ended, and again with each pong', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    const before = world.said.length;
    world.stop();
    world.run(10);
    expect(world.said.slice(before)).toMatchObject([
      { to: 'm1', message: { type: 'draining', epoch: 10 } },
      { to: 'm1', message: { type: 'status', update: { state: 'TASK_KILLING' } } },
    ]);
    world.run(100);
    world.order({ type: 'ping' });
    expect(world.messages('draining')).toHaveLength(2);
  });

  it('in the midst of a registration is said when the master takes it', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    world.answers = false;
    world.order({ type: 'registerAgain' });
    world.stop();
    world.run(10);
    expect(world.messages('draining')).toEqual([]);
    world.order({ type: 'registered', pingIntervalMs: 1000, pingTimeoutMs: 5000, giveUp: [] });
    world.run(1);
    expect(world.said.at(-1)?.message).toMatchObject({ type: 'draining', epoch: 10 });
  });

  it('lets the master run elsewhere what was ordered and not started yet', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'launch', attempt: specOf('a.1') });
    world.stop();
    world.run(100);
    expect(world.processes.launches).toEqual([]);
    expect(world.updates('a.1').at(-1)).toMatchObject({
      state: 'TASK_LOST',
      reason: 'REASON_AGENT_DRAINING',
    });
  });

  it('may be asked for twice', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    const done: number[] = [];
    world.agent.stop(() => done.push(1));
    world.agent.stop(() => done.push(2));
    world.run(0);
    world.agent.endTurn();
    world.order({ type: 'ping' });
    world.run(200);
    world.agent.stop(() => done.push(3));
    expect(done).toEqual([1, 2, 3]);
  });

  it('without a leader is short', () => {
    const world = new AgentWorld();
    world.start();
    world.run(1000);
    const stopped = world.stop();
    world.run(10);
    expect(stopped.done).toBe(true);
  });
});

describe('usage', () => {
  it('is the processor time between two looks, and the memory now', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    const use = (cpuSeconds: number) =>
      world.processes.usages.set('a.1', { cpuSeconds, memBytes: 64 * 1024 * 1024, processes: 2 });
    use(10);
    world.run(1000);
    use(10.5);
    world.run(1000);
    expect(world.messages('usage').at(-1)).toMatchObject({
      epoch: 10,
      cpus: 0.5,
      memMiB: 64,
      attempts: [{ attemptId: 'a.1', cpuSeconds: 10.5, memMiB: 64 }],
    });
    world.processes.end('a.1', exited(0));
    world.run(2000);
    const reports = world.messages('usage').length;
    expect(world.messages('usage').at(-1)).toMatchObject({ cpus: 0, memMiB: 0, attempts: [] });
    world.run(5000);
    expect(world.messages('usage')).toHaveLength(reports);
  });
});

describe('sandboxes', () => {
  it('are kept for their number and their time after the end', () => {
    const world = AgentWorld.registered({
      timing: { sandboxesKept: 2, sandboxRetentionMs: 60_000 },
    });
    for (const name of ['a.1', 'b.1', 'c.1', 'd.1']) {
      world.launch(name);
      if (name !== 'd.1') world.processes.end(name, exited(0));
      world.run(10);
    }
    world.run(2000);
    expect(world.processes.removed).toEqual(['a.1']);
    world.run(70_000);
    expect(world.processes.removed).toEqual(['a.1', 'b.1', 'c.1']);
  });

  it('of attempts that ended before a restart are counted from then', () => {
    const world = AgentWorld.registered({ timing: { sandboxRetentionMs: 60_000 } });
    world.launch('a.1');
    world.processes.end('a.1', exited(0));
    world.run(2000);
    world.restart();
    expect(world.processes.removed).toEqual([]);
    world.run(70_000);
    expect(world.processes.removed).toEqual(['a.1']);
  });
});

describe('an agent that knows as many attempts as it can', () => {
  it('leaves further orders unanswered until some are acknowledged', () => {
    const world = AgentWorld.registered();
    world.acknowledges = false;
    const to = `mz.agent.to.${world.agent.agentId}`;
    const order = (order: object) =>
      world.transport.deliver(to, pack({ ...master('m1', 10), ...order }));
    const ids = Array.from({ length: limits.attemptsPerAgent }, (_, index) => `t${index}.1`);
    for (const [index, attemptId] of ids.entries()) {
      order({ type: 'kill', attemptId, graceMs: 0 });
      if (index % 50 === 0) world.clock.advance(3);
    }
    world.run(100);
    world.launch('late.1');
    world.kill('later.1', 0);
    expect([world.states('late.1'), world.states('later.1')]).toEqual([[], []]);
    order({ type: 'acknowledge', attemptId: ids[0], number: 1 });
    world.launch('late.1');
    expect(world.states('late.1')).toEqual(['TASK_RUNNING']);
  });
});

describe('a thousand attempts', () => {
  it('cost a few writes to the disk, and leave a small journal', () => {
    const world = AgentWorld.registered({ timing: { journalCompactBytes: 50_000 } });
    const before = world.storage.done;
    const resources = { cpus: 0.01, mem: 0, disk: 0, gpus: 0, ports: [] };
    const to = `mz.agent.to.${world.agent.agentId}`;
    for (let wave = 0; wave < 20; wave++) {
      for (let count = 0; count < 50; count++) {
        const attempt = specOf(`t${wave}-${count}.1`, { executor: 'noop', resources });
        world.transport.deliver(to, pack({ ...master('m1', 10), type: 'launch', attempt }));
      }
      world.run(50);
    }
    world.run(2000);
    const finished = world
      .messages('status')
      .filter(({ update }) => update.state === 'TASK_FINISHED');
    expect(finished).toHaveLength(1000);
    expect(world.storage.done - before).toBeLessThan(100);
    // Written anew meanwhile: what has been acknowledged is gone from it.
    expect(world.storage.files.get('attempts.journal')!.length).toBeLessThan(100_000);
  });
});
