import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Children, firstNotBefore } from './children.ts';

const name = fc.constantFrom('a', 'b', 'B', 'a0', 'ä', '漢', 'c', 'cc', 'z', '0', '10', '9');

describe('children', () => {
  test('are listed as if sorted each time, whatever comes, goes and is asked between', () => {
    const step = fc.record({ name, asked: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const children = new Children<{ readonly path: string }>();
        const there = new Map<string, { readonly path: string }>();
        for (const { name: changed, asked } of steps) {
          const node = there.get(changed);
          if (node === undefined) {
            const made = { path: `/parent/${changed}` };
            there.set(changed, made);
            children.add(made);
          } else {
            there.delete(changed);
            children.delete(node);
          }
          if (asked) expect(children.names()).toEqual([...there.keys()].sort());
        }
        expect(children.names()).toEqual([...there.keys()].sort());
        expect(children.size).toBe(there.size);
      }),
      { numRuns: 500 },
    );
  });

  test('that were listed stay as they were for who has the list', () => {
    const children = new Children<{ readonly path: string }>();
    children.add({ path: '/b' });
    const before = children.names();
    children.add({ path: '/a' });
    expect(children.names()).toEqual(['a', 'b']);
    expect(before).toEqual(['b']);
  });

  test('many of which change without being listed are sorted anew', () => {
    const children = new Children<{ readonly path: string }>();
    const names = Array.from({ length: 200 }, (_, index) => `n${(index * 37) % 200}`);
    for (const [index, each] of names.entries()) {
      children.add({ path: `/p/${each}` });
      if (index === 10) expect(children.names()).toHaveLength(11);
    }
    expect(children.names()).toEqual([...names].sort());
  });
});

describe('the first name not before another', () => {
  test.each([
    ['', 0, 0],
    ['a', 0, 0],
    ['b', 0, 1],
    ['c', 0, 1],
    ['d', 0, 2],
    ['a', 2, 2],
  ])('%j from %i on is at %i', (wanted, start, expected) => {
    expect(firstNotBefore(['a', 'c'], wanted, start)).toBe(expected);
  });
});
