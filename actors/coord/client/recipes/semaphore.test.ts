import { expect, test } from 'vitest';
import { leaseOf } from './semaphore.ts';
import { recipeWorld, Watchman } from './testing/recipe-world.ts';

const atMost = (count: number) => new Watchman((_, inside) => inside.size < count);

test('a semaphore lets in as many as it has leases, and the next in order whoever leaves', () => {
  const { cluster, open, children } = recipeWorld();
  const guard = atMost(2);
  const places = ['a', 'b', 'c', 'd'].map((name) => {
    const place = guard.enter(open(name), name, leaseOf('/pool', 2));
    cluster.run(150);
    return place;
  });
  expect(guard.log).toEqual(['a held', 'b held']);
  places[1]!.leave();
  cluster.run(150);
  expect(guard.log).toEqual(['a held', 'b held', 'c held']);
  places[0]!.leave();
  cluster.run(150);
  expect(guard.log.at(-1)).toBe('d held');
  places[2]!.leave();
  places[3]!.leave();
  cluster.run(150);
  expect(children('/pool/leases')).toEqual([]);
  expect(children('/pool/locks')).toEqual([]);
});

test('a lease of a program that dies is given to the next; one that waits can leave', () => {
  const { cluster, open } = recipeWorld();
  const guard = atMost(1);
  const a = open('a');
  guard.enter(a, 'a', leaseOf('/pool', 1));
  cluster.run(150);
  const waiting = guard.enter(open('b'), 'b', leaseOf('/pool', 1));
  cluster.run(150);
  guard.enter(open('c'), 'c', leaseOf('/pool', 1));
  cluster.run(150);
  a.holder().process.crash('process');
  cluster.run(3_000);
  expect(guard.log).toEqual(['a held']);
  waiting.leave();
  a.process.crash('process');
  guard.inside.delete('a');
  cluster.until('c holds', () => guard.inside.has('c'), 15_000);
  expect(guard.log).toEqual(['a held', 'c held']);
});

test('a lease is lost with its session, and then left by nobody twice', () => {
  const { cluster, open } = recipeWorld();
  const guard = atMost(1);
  const a = open('a');
  const place = guard.enter(a, 'a', leaseOf('/pool', 1));
  cluster.run(150);
  a.client.close();
  cluster.until('it is lost', () => guard.log.length === 2);
  expect(guard.log).toEqual(['a held', 'a lost UNAVAILABLE']);
  expect(place.contender.isHolding).toBe(false);
});
