import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptId } from '../../protocol/ids.ts';
import { addResources, contains, NOTHING } from '../../protocol/resources.ts';
import type { PlantedBug } from '../planted.ts';
import { AgentWorld, specOf, total } from './testing/world.ts';

const id = (text: string) => text as AttemptId;
const exited = (exitCode: number) => ({ kind: 'exited', exitCode }) as const;

describe('an attempt', () => {
  it('is on disk before its process is started', () => {
    const world = AgentWorld.registered();
    const before = world.storage.done;
    let doneAtLaunch = 0;
    const { launch } = world.processes;
    world.processes.launch = (spec, started) => {
      doneAtLaunch = world.storage.done;
      launch.call(world.processes, spec, started);
    };
    world.launch('a.1');
    expect(doneAtLaunch).toBe(before + 1);
  });

  it('runs with its arguments, its environment, and nothing of the agent’s', () => {
    const world = AgentWorld.registered();
    world.launch('a.1', {
      argv: ['/bin/echo', 'x y'],
      env: { A: '1', HOSTNAME: 'mine' },
      user: 'u',
      limits: { openFiles: 64, fileSizeMiB: 1 },
    });
    expect(world.processes.launches).toEqual([
      {
        sandbox: 'a.1',
        argv: ['/bin/echo', 'x y'],
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          LANG: 'C.UTF-8',
          A: '1',
          HOSTNAME: 'host-1',
          MESOZOO_TASK_ID: 'a',
        },
        user: 'u',
        limits: { openFiles: 64, fileSizeMiB: 1 },
      },
    ]);
  });

  it.each([
    [exited(0), { state: 'TASK_FINISHED', exitCode: 0 }],
    [
      exited(3),
      {
        state: 'TASK_FAILED',
        exitCode: 3,
        reason: 'REASON_COMMAND_EXITED',
        message: 'Command exited with status 3',
      },
    ],
    [
      { kind: 'signalled', signal: 'SIGSEGV' } as const,
      {
        state: 'TASK_FAILED',
        signal: 'SIGSEGV',
        reason: 'REASON_COMMAND_SIGNALLED',
        message: 'Command terminated with signal SIGSEGV',
      },
    ],
    [{ kind: 'vanished' } as const, { state: 'TASK_LOST', reason: 'REASON_EXIT_UNKNOWN' }],
  ])('that ended as %j is told as %j', (end, update) => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.processes.end('a.1', end);
    world.run(100);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', update.state]);
    expect(world.updates('a.1').at(-1)).toMatchObject(update);
  });

  it('that cannot be launched has failed, with the reason', () => {
    const world = AgentWorld.registered();
    world.processes.failures.set('a.1', 'no such user');
    world.launch('a.1');
    world.run(10);
    expect(world.updates('a.1')).toMatchObject([
      { state: 'TASK_FAILED', reason: 'REASON_LAUNCH_FAILED', message: 'no such user' },
    ]);
  });

  it('is reported as starting only when its launch takes long', () => {
    const world = AgentWorld.registered();
    let start: (() => void) | undefined;
    const { launch } = world.processes;
    world.processes.launch = (spec, started) => {
      start = () => launch.call(world.processes, spec, started);
    };
    world.launch('a.1');
    world.run(1000);
    expect(world.states('a.1')).toEqual(['TASK_STARTING']);
    start?.();
    world.run(10);
    expect(world.states('a.1')).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
  });

  it('without a process ends in one update, with one write to the disk', () => {
    const world = AgentWorld.registered();
    const before = world.storage.done;
    world.launch('a.1', { executor: 'noop' });
    expect(world.states('a.1')).toEqual(['TASK_FINISHED']);
    expect(world.storage.done).toBe(before + 1);
    expect(world.processes.launches).toEqual([]);
  });

  it('is launched once, however often it is ordered', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.launch('a.1');
    expect(world.states('a.1')).toEqual(['TASK_RUNNING']);
    // The master that asks again is told again.
    expect(world.updates('a.1')).toHaveLength(2);
    world.processes.end('a.1', exited(0));
    world.run(100);
    world.launch('a.1');
    world.run(100);
    world.restart();
    world.launch('a.1');
    world.run(100);
    expect(world.processes.launches).toHaveLength(1);
  });

  it('is not launched for a deposed master', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'launch', attempt: specOf('a.1') }, { masterId: 'm0', epoch: 9 });
    world.run(100);
    expect(world.processes.launches).toEqual([]);
    expect(world.messages('refused')).toMatchObject([{ epoch: 10, order: 'launch' }]);
  });

  it('is launched for a deposed master where that bug is planted', () => {
    const world = AgentWorld.registered({ planted: new Set<PlantedBug>(['old-epoch-obeyed']) });
    world.order({ type: 'launch', attempt: specOf('a.1') }, { masterId: 'm0', epoch: 9 });
    world.run(100);
    expect(world.processes.launches).toHaveLength(1);
  });
});

describe('resources', () => {
  it('that are not there make a lost attempt, and nothing runs', () => {
    const world = AgentWorld.registered();
    world.launch('a.1', { resources: { ...NOTHING, cpus: 3.5 } });
    world.launch('b.1', { resources: { ...NOTHING, cpus: 1 } });
    world.run(10);
    expect(world.updates('b.1')).toMatchObject([
      {
        state: 'TASK_LOST',
        reason: 'REASON_INSUFFICIENT_RESOURCES',
        message: expect.stringMatching(/never ran: .*cpus 0\.5/),
      },
    ]);
    expect(world.processes.running()).toEqual(['a.1']);
  });

  it.each([
    [
      'ports that somebody has',
      { ports: [[31000, 31004]] as const },
      { ports: [[31004, 31005]] as const },
    ],
    ['ports that the agent has not', {}, { ports: [[31009, 31010]] as const }],
    ['more memory than is left', { mem: 1000 }, { mem: 25 }],
  ])('do not fit: %s', (_what, first, second) => {
    const world = AgentWorld.registered();
    world.launch('a.1', { resources: { ...NOTHING, ...first } });
    world.launch('b.1', { resources: { ...NOTHING, ...second } });
    world.run(10);
    expect(world.states('b.1')).toEqual(['TASK_LOST']);
  });

  it('are free when the process is gone, not when it is asked to go', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1', { resources: { ...NOTHING, cpus: 4 } });
    world.kill('a.1', 1000);
    world.launch('b.1', { resources: { ...NOTHING, cpus: 4 } });
    expect(world.states('b.1')).toEqual(['TASK_LOST']);
    world.processes.end('a.1', exited(1));
    world.run(10);
    world.launch('c.1', { resources: { ...NOTHING, cpus: 4 } });
    expect(world.states('c.1')).toEqual(['TASK_RUNNING']);
  });

  it('are never given to more than they are enough for, whatever is ordered and whenever it dies', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('launch' as const),
        cpus: fc.integer({ min: 0, max: 25 }).map((tenths) => tenths / 10),
        mem: fc.integer({ min: 0, max: 600 }),
        noop: fc.boolean(),
      }),
      fc.record({ do: fc.constantFrom('end', 'kill', 'giveUp'), which: fc.nat(30) }),
      fc.record({ do: fc.constantFrom('crash', 'wait') }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = AgentWorld.registered();
        let count = 0;
        for (const each of steps) {
          if (each.do === 'launch' && 'cpus' in each)
            world.launch(`t${count++}.1`, {
              resources: { ...NOTHING, cpus: each.cpus, mem: each.mem },
              executor: each.noop ? 'noop' : 'process',
            });
          else if (each.do === 'crash') world.restart();
          else if (each.do === 'wait') world.run(1500);
          else if ('which' in each) {
            const attemptId = id(`t${each.which}.1`);
            if (each.do === 'end') world.processes.end(attemptId, exited(0));
            else if (each.do === 'kill') world.order({ type: 'kill', attemptId, graceMs: 10 });
            else world.order({ type: 'giveUp', attemptId });
          }
          const held = world.processes
            .running()
            .map((sandbox) => world.ordered.get(sandbox)!.resources)
            .reduce(addResources, NOTHING);
          expect(contains(total, held)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a kill', () => {
  it('is SIGTERM, and SIGKILL when the grace is over, until the process is gone', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    world.kill('a.1', 2000);
    const { signals } = world.processes.all.get('a.1')!;
    expect(signals).toEqual(['SIGTERM']);
    world.run(1998);
    expect(signals).toEqual(['SIGTERM']);
    world.run(1500);
    expect(signals).toEqual(['SIGTERM', 'SIGKILL', 'SIGKILL']);
    world.processes.end('a.1', { kind: 'signalled', signal: 'SIGKILL' });
    world.run(100);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
    expect(world.updates('a.1').at(-1)).toMatchObject({
      reason: 'REASON_TASK_KILLED',
      signal: 'SIGKILL',
    });
  });

  it('with a shorter grace hastens one with a longer', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    world.kill('a.1', 60_000);
    world.kill('a.1', 100);
    world.kill('a.1', 5000);
    world.run(150);
    expect(world.processes.all.get('a.1')?.signals).toEqual(['SIGTERM', 'SIGTERM', 'SIGKILL']);
  });

  it('of an attempt that exits well in its grace is still told as a kill', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    world.kill('a.1', 2000);
    world.processes.end('a.1', exited(0));
    world.run(100);
    expect(world.updates('a.1').at(-1)).toMatchObject({ state: 'TASK_KILLED', exitCode: 0 });
  });

  it('during the launch kills what the launch starts', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'launch', attempt: specOf('a.1') });
    world.run(1);
    world.kill('a.1', 100);
    world.run(100);
    expect(world.processes.all.get('a.1')?.signals).toEqual(['SIGTERM']);
    expect(world.states('a.1').at(-1)).toBe('TASK_KILLED');
  });

  it.each([
    [60_000, 100],
    [100, 60_000],
  ])('during the launch with graces of %i and %i ms takes the shorter', (first, second) => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    let start: (() => void) | undefined;
    const { launch } = world.processes;
    world.processes.launch = (spec, started) => {
      start = () => launch.call(world.processes, spec, started);
    };
    world.launch('a.1');
    world.kill('a.1', first);
    world.kill('a.1', second);
    start?.();
    world.run(150);
    expect(world.processes.all.get('a.1')?.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  it('of an attempt that is over and forgotten is answered', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    world.processes.end('a.1', exited(0));
    world.run(100);
    const before = world.updates('a.1').length;
    world.kill('a.1', 100);
    world.run(100);
    expect(world.updates('a.1').slice(before)).toMatchObject([
      { taskId: 'a', state: 'TASK_KILLED', message: expect.stringContaining('over already') },
    ]);
  });

  it('finds the task in an attempt’s id of three parts', () => {
    const world = AgentWorld.registered();
    world.kill('a-b.5f3c.2', 100);
    expect(world.updates('a-b.5f3c.2')).toMatchObject([{ taskId: 'a-b', state: 'TASK_KILLED' }]);
  });

  it('before the checkpoint is on disk keeps the process from being started', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'launch', attempt: specOf('a.1') });
    world.order({ type: 'kill', attemptId: id('a.1'), graceMs: 100 });
    world.run(100);
    expect(world.processes.launches).toEqual([]);
    expect(world.updates('a.1')).toMatchObject([
      { state: 'TASK_KILLED', reason: 'REASON_TASK_KILLED_DURING_LAUNCH' },
    ]);
  });

  it('that overtakes the launch keeps it from running', () => {
    const world = AgentWorld.registered();
    world.kill('a.1', 100);
    world.run(100);
    expect(world.updates('a.1')).toMatchObject([
      { taskId: 'a', state: 'TASK_KILLED', reason: 'REASON_TASK_KILLED_DURING_LAUNCH' },
    ]);
    world.launch('a.1');
    world.run(100);
    expect(world.processes.launches).toEqual([]);
  });

  it('goes on after a restart of the agent', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = () => undefined;
    world.launch('a.1');
    world.kill('a.1', 2000);
    world.run(10);
    world.restart();
    world.run(2000);
    expect(world.processes.all.get('a.1')?.signals.slice(0, 3)).toEqual([
      'SIGTERM',
      'SIGTERM',
      'SIGKILL',
    ]);
    world.processes.end('a.1', { kind: 'signalled', signal: 'SIGKILL' });
    world.run(100);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
  });
});

describe('a deadline', () => {
  it('ends the attempt with a grace, and it has failed', () => {
    const world = AgentWorld.registered();
    world.processes.onSignal = (process, signal) => {
      if (signal === 'SIGKILL') world.processes.end(process.spec.sandbox, exited(137));
    };
    world.launch('a.1', { timeoutMs: 5000, killGraceMs: 1000 });
    world.run(4900);
    expect(world.processes.all.get('a.1')?.signals).toEqual([]);
    world.run(1200);
    expect(world.updates('a.1').at(-1)).toMatchObject({
      state: 'TASK_FAILED',
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
    });
  });

  it('counts from the start of the attempt, also over a restart', () => {
    const world = AgentWorld.registered();
    world.launch('a.1', { timeoutMs: 5000 });
    world.run(2000);
    world.crash();
    world.clock.advance(2500);
    world.restart();
    expect(world.updates('a.1').at(-1)).toMatchObject({
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
    });
  });
});

describe('a deadline that an agent wakes up to', () => {
  it('is not held against a process that ended while the agent stood still', () => {
    const world = AgentWorld.registered();
    world.launch('a.1', { timeoutMs: 5000 });
    // As after SIGCONT: the timer runs before the end of the process is told.
    const { watched } = standStill(world, 'a.1');
    world.run(5100);
    expect(world.processes.all.get('a.1')?.signals).toEqual([]);
    watched();
    world.run(100);
    expect(world.updates('a.1').at(-1)).toMatchObject({ state: 'TASK_FINISHED', exitCode: 0 });
  });

  it('ends one that cannot be seen at first, but runs', () => {
    const world = AgentWorld.registered();
    world.launch('a.1', { timeoutMs: 5000 });
    const { usage } = world.processes;
    world.processes.usage = () => undefined;
    world.run(5050);
    expect(world.processes.all.get('a.1')?.signals).toEqual([]);
    world.processes.usage = usage;
    world.run(200);
    expect(world.updates('a.1').at(-1)).toMatchObject({
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
    });
  });
});

describe('giving up', () => {
  it('kills, and says nothing more', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    const before = world.updates('a.1').length;
    world.order({ type: 'giveUp', attemptId: id('a.1') });
    world.run(60_000);
    expect(world.processes.running()).toEqual([]);
    expect(world.updates('a.1')).toHaveLength(before);
    world.order({ type: 'registerAgain' });
    world.run(1000);
    expect(world.messages('register').at(-1)?.attempts).toEqual([]);
  });

  it('at the registration comes before what a restart has left to be launched', () => {
    const world = AgentWorld.registered();
    world.storage.crashAt = world.storage.done + 1;
    world.launch('a.1');
    expect(world.isUp).toBe(false);
    world.giveUp = [id('a.1')];
    world.restart();
    world.run(1000);
    expect(world.processes.launches).toEqual([]);
  });

  it('of what never came keeps a late launch from running', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'giveUp', attemptId: id('a.1') });
    world.launch('a.1');
    world.run(100);
    expect(world.processes.launches).toEqual([]);
  });
});

/** The process ends well at once, and whoever watches it is told only when `watched` is called. */
function standStill(world: AgentWorld, attemptId: string): { watched: () => void } {
  const process = world.processes.all.get(attemptId)!;
  const { told } = process;
  process.told = undefined;
  world.processes.end(attemptId, exited(0));
  return { watched: () => told?.(exited(0)) };
}
