import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_NODE, NodeStore } from './node-store.ts';
import { PathIndex } from './path-index.ts';

/** An index beside a map that says what it must answer. */
function indexed() {
  const store = new NodeStore();
  const index = new PathIndex(store);
  const there = new Map<string, number>();
  const add = (path: string) => {
    const number = store.take();
    store.page(number).paths[NodeStore.row(number)] = path;
    const added = index.add(path, number);
    expect(added).toBe(!there.has(path));
    if (added) there.set(path, number);
    else store.give(number);
  };
  const remove = (path: string) => {
    const number = there.get(path)!;
    index.delete(number);
    store.give(number);
    there.delete(path);
  };
  return { index, there, add, remove };
}

describe('the index of paths', () => {
  test('is as a map, whatever comes and goes', () => {
    const path = fc.integer({ min: 0, max: 60 }).map((name) => `/parent/${name}`);
    fc.assert(
      fc.property(fc.array(path, { maxLength: 300 }), (paths) => {
        const { index, there, add, remove } = indexed();
        for (const [step, one] of paths.entries()) {
          if (there.has(one) && step % 3 !== 0) remove(one);
          else add(one);
          expect(index.size).toBe(there.size);
        }
        for (let name = 0; name <= 60; name++) {
          const one = `/parent/${name}`;
          expect(index.get(one)).toBe(there.get(one) ?? NO_NODE);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('finds each of many thousands, and none that is gone', () => {
    const { index, there, add, remove } = indexed();
    const paths = Array.from({ length: 20_000 }, (_, at) => `/a/${at % 100}/member-${at}`);
    for (const path of paths) add(path);
    for (const path of paths.slice(0, 10_000)) remove(path);
    for (const path of paths) expect(index.get(path)).toBe(there.get(path) ?? NO_NODE);
    expect(index.size).toBe(10_000);
  });
});
