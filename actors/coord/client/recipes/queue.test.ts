import { describe, expect, test } from 'vitest';
import type { Answer } from '../contract.ts';
import { textOf } from './parts.ts';
import { Queue } from './queue.ts';
import { recipeWorld } from './testing/recipe-world.ts';

function setUp(seed = 1) {
  const world = recipeWorld(seed);
  const taken: string[] = [];
  const note = (answer: Answer<Uint8Array | undefined>) => {
    if (!answer.ok) taken.push(answer.error.code);
    else taken.push(answer.value === undefined ? 'nothing' : textOf(answer.value));
  };
  let put = 0;
  const done = (error: Error | undefined) => {
    if (error !== undefined) throw error;
    put += 1;
  };
  const queueOf = (name: string) => new Queue(world.open(name), '/queue');
  return { ...world, taken, note, done, queueOf, put: () => put };
}

describe('a queue over three real members', () => {
  test('gives entries in their order, those of a smaller priority first', () => {
    const { cluster, taken, note, done, queueOf, put, children } = setUp();
    const queue = queueOf('a');
    for (const text of ['one', 'two', 'three']) queue.put(text, done);
    queue.put('urgent', done, 1);
    cluster.until('all are put', () => put() === 4);
    expect(children('/queue')[0]).toBe('entry-001-0000000003');
    for (let each = 1; each <= 5; each++) {
      queue.poll(note);
      cluster.until('it is answered', () => taken.length === each);
    }
    expect(taken).toEqual(['urgent', 'one', 'two', 'three', 'nothing']);
  });

  test.each([1, 2, 3])('has one taker for each entry while members are killed, seed %i', (seed) => {
    const { cluster, taken, note, done, queueOf, put } = setUp(seed);
    const from = queueOf('putter');
    for (const name of ['a', 'b', 'c']) {
      const queue = queueOf(name);
      const next = () =>
        queue.take((answer) => {
          note(answer);
          next();
        });
      next();
    }
    const entries = Array.from({ length: 60 }, (_, index) => `e${index}`);
    for (const entry of entries.slice(0, 30)) from.put(entry, done);
    cluster.run(40);
    cluster.leader()!.process.crash('process');
    for (const entry of entries.slice(30)) from.put(entry, done);
    cluster.until('all are put', () => put() === 60);
    cluster.until('all are taken', () => taken.length >= 60);
    cluster.run(1_000);
    expect([...taken].sort()).toEqual([...entries].sort());
  });

  test('is waited for, until stopped', () => {
    const { cluster, taken, note, done, queueOf, put, children } = setUp();
    const queue = queueOf('a');
    const waiting = queue.take(note);
    cluster.run(200);
    expect(taken).toEqual([]);
    waiting.stop();
    queue.put('one', done);
    cluster.until('it is put', () => put() === 1);
    cluster.run(200);
    expect(children('/queue')).toHaveLength(1);
    queue.take(note);
    cluster.until('it is taken', () => taken.length === 1);
    expect(taken).toEqual(['one']);
  });
});
