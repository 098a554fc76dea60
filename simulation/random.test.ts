import { expect, test } from 'vitest';
import { SeededRandom } from './random.ts';

test('the same seed draws the same, another seed something else', () => {
  const draw = (seed: number) =>
    Array.from(
      { length: 50 },
      (
        (r) => () =>
          r.next()
      )(new SeededRandom(seed)),
    );
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test('a fork depends on its name alone, not on what was drawn before', () => {
  const quiet = new SeededRandom(7);
  const busy = new SeededRandom(7);
  for (let count = 0; count < 100; count++) busy.next();
  expect(busy.fork('network').next()).toBe(quiet.fork('network').next());
  expect(quiet.fork('network').next()).not.toBe(quiet.fork('disk').next());
});

test('draws are spread evenly', () => {
  const random = new SeededRandom('spread');
  const buckets = new Array<number>(10).fill(0);
  for (let count = 0; count < 20_000; count++) buckets[random.below(10)]!++;
  for (const bucket of buckets) expect(Math.abs(bucket - 2000)).toBeLessThan(250);
});

test('weights of 0 are never drawn', () => {
  const random = new SeededRandom(3);
  for (let count = 0; count < 200; count++)
    expect(random.weighted({ never: 0, often: 3, seldom: 1 })).not.toBe('never');
  expect(random.weighted({ never: 0 })).toBeUndefined();
});
