import { describe, expect, it } from 'vitest';
import type { AttemptId } from '../../protocol/ids.ts';
import { AgentWorld } from './testing/world.ts';

const id = (text: string) => text as AttemptId;
const exited = (exitCode: number) => ({ kind: 'exited', exitCode }) as const;

describe('an agent that was killed and started again', () => {
  it('goes on watching what runs', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.run(2000);
    world.restart();
    expect(world.messages('register').at(-1)?.attempts).toMatchObject([
      { attemptId: 'a.1', state: 'TASK_RUNNING', unacknowledged: [] },
    ]);
    world.processes.end('a.1', exited(7));
    world.run(100);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_FAILED']);
    expect(world.updates('a.1').at(-1)).toMatchObject({ exitCode: 7 });
  });

  it('tells how those ended that ended meanwhile', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.crash();
    world.processes.end('a.1', exited(7));
    world.restart();
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_FAILED']);
    expect(world.messages('register').at(-1)?.attempts[0]?.unacknowledged.at(-1)).toMatchObject({
      state: 'TASK_FAILED',
      exitCode: 7,
    });
  });

  it('says that it does not know the end of what vanished with the machine', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.crash();
    world.processes.all.clear();
    world.restart();
    expect(world.messages('register').at(-1)?.attempts[0]?.unacknowledged.at(-1)).toMatchObject({
      state: 'TASK_LOST',
      reason: 'REASON_EXIT_UNKNOWN',
    });
  });

  it('still holds what its running attempts use', () => {
    const world = AgentWorld.registered();
    world.launch('a.1', { resources: { cpus: 3, mem: 0, disk: 0, gpus: 0, ports: [] } });
    world.restart();
    world.launch('b.1', { resources: { cpus: 2, mem: 0, disk: 0, gpus: 0, ports: [] } });
    world.run(100);
    expect(world.states('b.1')).toEqual(['TASK_LOST']);
  });

  it('launches what it had not come to launch, but not before it is registered', () => {
    const world = AgentWorld.registered();
    world.storage.crashAt = world.storage.done + 1;
    world.launch('a.1');
    expect(world.processes.launches).toEqual([]);
    world.tree.nobodyLeads();
    world.restart();
    world.run(60_000);
    expect(world.processes.launches).toEqual([]);
    world.tree.lead('m2', 20);
    world.run(1000);
    expect(world.processes.launches).toHaveLength(1);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING']);
  });

  it('kills what runs without a record, as after a lost journal', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.crash();
    world.storage.files.delete('attempts.journal');
    world.restart();
    expect(world.processes.running()).toEqual([]);
    expect(world.messages('register').at(-1)?.attempts).toEqual([]);
  });

  it('is a new agent when its identity cannot be read, and kills what the old one ran', () => {
    const world = AgentWorld.registered();
    const { agentId } = world.agent;
    world.launch('a.1');
    world.crash();
    world.storage.files.get('agent')!.fill(7, 12, 20);
    world.restart();
    expect(world.agent.agentId).not.toBe(agentId);
    expect(world.processes.running()).toEqual([]);
  });

  it('refuses the data of another cluster', () => {
    const world = AgentWorld.registered();
    world.crash();
    const other = new AgentWorld({ cluster: 'other' });
    for (const [name, content] of world.storage.files) other.storage.files.set(name, content);
    other.start();
    expect(() => other.run(10)).toThrow('belong to the cluster "mz", not "other"');
  });
});

/** A life with everything in it. Each end is reached whatever happens between; nothing runs twice. */
function live(world: AgentWorld): void {
  const step = (act: () => void) => {
    if (world.isUp) act();
  };
  step(() => world.run(1000));
  step(() => world.launch('ok.1'));
  step(() => world.launch('fails.1'));
  step(() => world.launch('none.1', { executor: 'noop' }));
  step(() => world.launch('killed.1'));
  step(() => world.launch('given.1'));
  step(() =>
    world.launch('huge.1', { resources: { cpus: 99, mem: 0, disk: 0, gpus: 0, ports: [] } }),
  );
  step(() => world.processes.end('fails.1', exited(3)));
  step(() => world.run(50));
  step(() => world.order({ type: 'kill', attemptId: id('killed.1'), graceMs: 100 }));
  step(() => world.run(50));
  step(() => world.order({ type: 'giveUp', attemptId: id('given.1') }));
  step(() => world.run(2000));
  step(() => world.processes.end('ok.1', exited(0)));
  step(() => world.run(50));
}

/** As a master does: what it has no end of is ordered again until there is one. */
function settle(world: AgentWorld): void {
  const ends: Record<string, () => void> = {
    'ok.1': () => world.processes.end('ok.1', exited(0)),
    'fails.1': () => world.processes.end('fails.1', exited(3)),
    'killed.1': () => world.order({ type: 'kill', attemptId: id('killed.1'), graceMs: 100 }),
  };
  world.order({ type: 'giveUp', attemptId: id('given.1') });
  for (const attemptId of ['ok.1', 'fails.1', 'killed.1', 'none.1']) {
    if (finals(world, attemptId).length > 0) continue;
    if (world.states(attemptId).length === 0)
      world.launch(attemptId, { executor: attemptId === 'none.1' ? 'noop' : 'process' });
    world.run(50);
    ends[attemptId]?.();
    world.run(50);
  }
  world.run(5000);
}

const finalStates = ['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED', 'TASK_LOST'];
const finals = (world: AgentWorld, attemptId: string) =>
  world.states(attemptId).filter((state) => finalStates.includes(state));

describe('a crash after any write', () => {
  const whole = new AgentWorld();
  whole.tree.lead('m1', 10);
  whole.start();
  live(whole);
  const writes = whole.storage.done;

  it('has writes to crash after', () => {
    expect(writes).toBeGreaterThan(10);
    expect(finals(whole, 'ok.1')).toEqual(['TASK_FINISHED']);
  });

  for (let crashAt = 1; crashAt <= writes; crashAt++)
    it.each(['whole', 'torn'])(
      `number ${crashAt} (%s) loses nothing and runs nothing twice`,
      (how) => {
        const world = new AgentWorld();
        world.tree.lead('m1', 10);
        world.storage.crashAt = crashAt;
        world.start();
        live(world);
        expect(world.isUp).toBe(false);
        const journal = world.storage.files.get('attempts.journal');
        // What nobody was told is on disk may be torn; the file before that append may not.
        if (how === 'torn' && journal !== undefined && world.storage.lastAppendBytes > 0)
          world.storage.files.set(
            'attempts.journal',
            journal.slice(0, journal.length - Math.ceil(world.storage.lastAppendBytes / 2)),
          );
        world.restart();
        settle(world);

        expect(finals(world, 'ok.1')).toEqual(['TASK_FINISHED']);
        expect(finals(world, 'fails.1')).toEqual(['TASK_FAILED']);
        expect(finals(world, 'none.1')).toEqual(['TASK_FINISHED']);
        expect(finals(world, 'killed.1')).toEqual(['TASK_KILLED']);
        // Its process was not signalled before the word was on disk, so its end cannot be taken for its own.
        expect(finals(world, 'given.1')).toEqual([]);
        const launched = world.processes.launches.map(({ sandbox }) => sandbox);
        expect(new Set(launched).size).toBe(launched.length);
        expect(launched).not.toContain('huge.1');
        expect(world.processes.running()).toEqual([]);
        world.order({ type: 'registerAgain' });
        world.run(1000);
        expect(world.messages('register').at(-1)?.attempts).toEqual([]);
      },
    );
});
