import { describe, expect, it } from 'vitest';
import type { AttemptId, TaskId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { OutputChunk } from '../../protocol/task-api.ts';
import { AgentWorld } from './testing/world.ts';

const id = 'a.1' as AttemptId;

function running(): AgentWorld {
  const world = AgentWorld.registered();
  world.launch('a.1');
  world.processes.write('a.1', 'stdout', '');
  world.processes.write('a.1', 'stderr', '');
  return world;
}

function follow(world: AgentWorld, leaseMs = 10_000) {
  world.order({ type: 'follow', requestId: 'f', attemptId: id, taskId: 'a' as TaskId, leaseMs });
  return world.messages('following').at(-1);
}

function chunks(world: AgentWorld, stream: string): OutputChunk[] {
  return world.published
    .filter(({ subject }) => subject === `mz.task.logs.a.${stream}`)
    .map(({ message }) => message as OutputChunk);
}

const textOf = (world: AgentWorld, stream: string) =>
  chunks(world, stream)
    .map(({ data }) => data)
    .join('');

describe('output that is asked for', () => {
  const read = (world: AgentWorld, offset: number, length: number, attemptId = id) => {
    world.order({
      type: 'readOutput',
      requestId: 'r',
      attemptId,
      stream: 'stdout',
      offset,
      length,
    });
    return world.messages('outputRead').at(-1);
  };

  it('is a piece and the size', () => {
    const world = running();
    world.processes.write('a.1', 'stdout', '0123456789');
    const answer = read(world, 3, 4);
    expect(answer).toMatchObject({ requestId: 'r', found: true, offset: 3, size: 10 });
    expect(Buffer.from(answer!.data).toString()).toBe('3456');
  });

  it('is never more than a message holds', () => {
    const world = running();
    world.processes.write('a.1', 'stdout', 'x'.repeat(200_000));
    expect(read(world, 0, 1_000_000)?.data).toHaveLength(limits.outputChunkBytes);
  });

  it('is there when the attempt is long over, and not for what never was', () => {
    const world = running();
    world.processes.write('a.1', 'stdout', 'bye');
    world.processes.end('a.1', { kind: 'exited', exitCode: 0 });
    world.run(5000);
    expect(read(world, 0, 100)).toMatchObject({ found: true, size: 3 });
    expect(read(world, 0, 100, 'b.1' as AttemptId)).toMatchObject({ found: false, size: 0 });
  });
});

describe('output that is followed', () => {
  it('begins where the answer says, and comes as it is written', () => {
    const world = running();
    world.processes.write('a.1', 'stdout', 'before ');
    expect(follow(world)).toMatchObject({ found: true, stdoutOffset: 7, stderrOffset: 0 });
    world.processes.write('a.1', 'stdout', 'one ');
    world.run(200);
    world.processes.write('a.1', 'stdout', 'two');
    world.processes.write('a.1', 'stderr', 'oops');
    world.run(200);
    expect(chunks(world, 'stdout').map(({ offset }) => offset)).toEqual([7, 11]);
    expect(textOf(world, 'stdout')).toBe('one two');
    expect(textOf(world, 'stderr')).toBe('oops');
  });

  it('tells a second follower where the next piece begins', () => {
    const world = running();
    follow(world);
    world.processes.write('a.1', 'stdout', 'one');
    world.run(200);
    expect(follow(world)).toMatchObject({ stdoutOffset: 3 });
  });

  it('ends with a word when all was published after the end of the attempt', () => {
    const world = running();
    follow(world);
    world.processes.write('a.1', 'stdout', 'x'.repeat(500_000));
    world.processes.end('a.1', { kind: 'exited', exitCode: 0 });
    world.run(5000);
    expect(textOf(world, 'stdout')).toHaveLength(500_000);
    expect(chunks(world, 'stdout').filter(({ end }) => end)).toHaveLength(1);
    expect(chunks(world, 'stdout').at(-1)).toMatchObject({ end: true, offset: 500_000 });
    expect(chunks(world, 'stderr').at(-1)).toMatchObject({ end: true, offset: 0 });
  });

  it('is published in bounded pieces at a bounded rate', () => {
    const world = running();
    follow(world);
    world.processes.write('a.1', 'stdout', 'x'.repeat(3_000_000));
    world.run(100);
    const first = chunks(world, 'stdout');
    expect(first.length).toBeLessThanOrEqual(4);
    expect(Math.max(...first.map(({ data }) => data?.length ?? 0))).toBe(limits.outputChunkBytes);
  });

  it('is text, cut between characters, and base 64 where it is none', () => {
    const world = running();
    follow(world);
    world.processes.write('a.1', 'stdout', `x${'€'.repeat(30_000)}`);
    world.run(2000);
    expect(textOf(world, 'stdout')).toBe(`x${'€'.repeat(30_000)}`);
    expect(chunks(world, 'stdout').length).toBeGreaterThan(1);
    world.processes.write('a.1', 'stderr', Uint8Array.from([0xff, 0x00]));
    world.run(2000);
    expect(chunks(world, 'stderr')).toMatchObject([{ offset: 0, dataBase64: '/wA=' }]);
  });

  it('stops with the lease, and goes on while it is renewed', () => {
    const world = running();
    follow(world, 2000);
    world.run(1500);
    follow(world, 2000);
    world.run(1500);
    world.processes.write('a.1', 'stdout', 'heard');
    world.run(1500);
    world.processes.write('a.1', 'stdout', 'unheard');
    world.run(1500);
    expect(textOf(world, 'stdout')).toBe('heard');
  });

  it('is not there for what nobody knows', () => {
    const world = AgentWorld.registered();
    expect(follow(world)).toMatchObject({ found: false });
  });

  it('of an attempt that has not begun to write begins at its beginning', () => {
    const world = AgentWorld.registered();
    world.launch('a.1');
    expect(follow(world)).toMatchObject({ found: true, stdoutOffset: 0 });
    world.processes.write('a.1', 'stdout', 'hello');
    world.run(200);
    expect(textOf(world, 'stdout')).toBe('hello');
  });
});
