import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { recipesOf } from './promises.ts';
import { recipeWorld } from './testing/recipe-world.ts';

describe('the façade', () => {
  function setUp() {
    const world = recipeWorld();
    const [a, b] = [world.open('a'), world.open('b')];
    const until = async <Value>(promise: Promise<Value>): Promise<Value> => {
      let settled = false;
      const settle = () => {
        settled = true;
      };
      promise.then(settle, settle);
      const endMs = world.cluster.world.nowMs + 30_000;
      while (!settled && world.cluster.world.nowMs < endMs) {
        world.cluster.run(5);
        await setImmediate();
      }
      expect(settled).toBe(true);
      return promise;
    };
    return { ...world, a, b, until, of: (program: typeof a) => recipesOf(program, program) };
  }

  test('aborts `lost` before another holds, when the session of the holder is closed', async () => {
    const { a, b, of, until } = setUp();
    const first = await until(of(a).lock('/l').acquire());
    const second = of(b).lock('/l').acquire();
    let wasLost = false;
    first.lost.addEventListener('abort', () => {
      wasLost = true;
    });
    a.client.close();
    const held = await until(second);
    expect(wasLost).toBe(true);
    expect(first.isHeld()).toBe(false);
    expect(held.token).toBeGreaterThan(first.token);
  });

  test('gives up at its signal, and is then in nobody’s way', async () => {
    const { a, b, of, until, children } = setUp();
    const first = await until(of(a).lock('/l').acquire());
    const giveUp = new AbortController();
    const second = of(b).lock('/l').acquire({ signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(until(second)).rejects.toThrow('enough');
    expect(children('/l')).toHaveLength(1);
    expect(first.isHeld()).toBe(true);
    await until(first.release());
    expect(first.lost.aborted).toBe(false);
  });

  test('rejects a leader’s turn when its candidate is deleted', async () => {
    const { cluster, a, of, until, children, write } = setUp();
    const options = { parent: '/leaders', prefix: 'c_' };
    const first = await until(of(a).election(options).acquire());
    const second = of(a)
      .election(options)
      .acquire()
      .then(
        () => 'elected',
        ({ code }) => code,
      );
    cluster.run(200);
    expect(children('/leaders')).toHaveLength(2);
    write('delete', { path: `/leaders/${children('/leaders')[1]}` });
    await until(first.release());
    expect(await until(second)).toBe('SESSION_EXPIRED');
  });
});
