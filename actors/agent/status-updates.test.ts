import { describe, expect, it } from 'vitest';
import type { AttemptId } from '../../protocol/ids.ts';
import type { PlantedBug } from '../planted.ts';
import { AgentWorld } from './testing/world.ts';

const id = (text: string) => text as AttemptId;
const exited = (exitCode: number) => ({ kind: 'exited', exitCode }) as const;

function deaf(options = {}): AgentWorld {
  const world = AgentWorld.registered(options);
  world.acknowledges = false;
  return world;
}

describe('an update', () => {
  it('is on disk before it is sent', () => {
    const world = deaf();
    const sentAt: number[] = [];
    const { published } = world.transport;
    world.transport.published = (subject, payload) => {
      if (Buffer.from(payload).includes('TASK_FINISHED')) sentAt.push(world.storage.done);
      published(subject, payload);
    };
    world.launch('a.1');
    const before = world.storage.done;
    world.processes.end('a.1', exited(0));
    world.run(10);
    expect(sentAt).toEqual([before + 1]);
  });

  it('is sent again after 1, 2, 4 … seconds, at most 30, until it is acknowledged', () => {
    const world = deaf({ timing: { updateRetryMaxMs: 8000 } });
    world.launch('a.1', { executor: 'noop' });
    const times: number[] = [];
    let seen = 1;
    for (let seconds = 0.5; seconds < 40; seconds += 0.5) {
      world.run(500);
      world.order({ type: 'ping' });
      const count = world.updates('a.1').length;
      if (count > seen) times.push(Math.round(seconds));
      seen = count;
    }
    expect(times.slice(0, 6)).toEqual([1, 3, 7, 15, 23, 31]);
    world.order({ type: 'acknowledge', attemptId: id('a.1'), number: 1 });
    world.run(60_000);
    expect(world.updates('a.1')).toHaveLength(seen);
  });

  it('acknowledges those before it', () => {
    const world = deaf();
    world.launch('a.1');
    world.processes.end('a.1', exited(0));
    world.run(100);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_FINISHED']);
    world.order({ type: 'acknowledge', attemptId: id('a.1'), number: 2 });
    world.run(10_000);
    expect(world.updates('a.1')).toHaveLength(2);
  });

  it('is kept until the last one is acknowledged, and over restarts', () => {
    const world = deaf();
    world.launch('a.1');
    world.processes.end('a.1', exited(4));
    world.run(100);
    world.order({ type: 'acknowledge', attemptId: id('a.1'), number: 1 });
    world.run(2000);
    world.restart();
    expect(world.messages('register').at(-1)?.attempts).toMatchObject([
      {
        attemptId: 'a.1',
        state: 'TASK_FAILED',
        unacknowledged: [{ number: 2, state: 'TASK_FAILED', exitCode: 4 }],
      },
    ]);
    world.order({ type: 'acknowledge', attemptId: id('a.1'), number: 2 });
    world.run(2000);
    world.restart();
    expect(world.messages('register').at(-1)?.attempts).toEqual([]);
  });

  it('waits while nobody leads, and is told to the next leader', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    const before = world.updates('a.1').length;
    world.tree.nobodyLeads();
    world.run(100);
    world.processes.end('a.1', exited(0));
    world.run(60_000);
    expect(world.updates('a.1')).toHaveLength(before);
    world.acknowledges = false;
    world.tree.lead('m2', 20);
    world.run(500);
    expect(world.messages('register').at(-1)?.attempts).toMatchObject([
      { attemptId: 'a.1', unacknowledged: [{ state: 'TASK_FINISHED' }] },
    ]);
    world.run(2000);
    expect(world.said.at(-1)).toMatchObject({ to: 'm2', message: { type: 'status', epoch: 20 } });
  });

  it('is forgotten when sent where that bug is planted', () => {
    const world = deaf({
      planted: new Set<PlantedBug>(['update-forgotten-before-acknowledgement']),
    });
    world.launch('a.1');
    world.processes.end('a.1', exited(0));
    world.run(60_000);
    expect(world.updates('a.1')).toHaveLength(2);
  });

  it('that is over before the turn ends is left out', () => {
    const world = deaf();
    world.launch('a.1', { executor: 'noop' });
    world.run(100);
    expect(world.updates('a.1')).toMatchObject([{ number: 1, state: 'TASK_FINISHED' }]);
  });
});

describe('what is acknowledged twice, or never was', () => {
  it.each([
    ['unknown attempt', 'zzz.1', 1],
    ['number that was not sent', 'a.1', 0x7fffffff],
  ])('%s changes nothing that is not due', (_what, attemptId, number) => {
    const world = deaf();
    world.launch('a.1');
    world.order({ type: 'acknowledge', attemptId: id(attemptId), number });
    world.order({ type: 'acknowledge', attemptId: id(attemptId), number });
    world.processes.end('a.1', exited(0));
    world.run(100);
    expect(world.states('a.1')).toEqual(['TASK_RUNNING', 'TASK_FINISHED']);
    world.run(5000);
    expect(world.updates('a.1').length).toBeGreaterThan(2);
  });
});
