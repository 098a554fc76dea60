import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChildNames, firstNotBefore } from './children.ts';

const name = fc.constantFrom('a', 'b', 'B', 'a0', 'ä', '漢', 'c', 'cc', 'z', '0', '10', '9');

describe('children', () => {
  test('are listed as if sorted each time, whatever comes, goes and is asked between', () => {
    const step = fc.record({ name, asked: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const children = new ChildNames();
        const there = new Set<string>();
        for (const { name: changed, asked } of steps) {
          const comes = !there.has(changed);
          if (comes) there.add(changed);
          else there.delete(changed);
          children.note(changed, comes);
          if (asked) expect(children.inOrder(() => [...there])).toEqual([...there].sort());
        }
        expect(children.inOrder(() => [...there])).toEqual([...there].sort());
      }),
      { numRuns: 500 },
    );
  });

  test('that were listed stay as they were for who has the list', () => {
    const children = new ChildNames();
    const before = children.inOrder(() => ['b']);
    children.note('a', true);
    expect(children.inOrder(() => ['b', 'a'])).toEqual(['a', 'b']);
    expect(before).toEqual(['b']);
  });

  test('many of which change without being listed are sorted anew', () => {
    const children = new ChildNames();
    const names = Array.from({ length: 200 }, (_, index) => `n${(index * 37) % 200}`);
    let sorted = 0;
    const all = (count: number) => () => {
      sorted += 1;
      return names.slice(0, count);
    };
    for (const [index, each] of names.entries()) {
      children.note(each, true);
      if (index === 10) expect(children.inOrder(all(11))).toHaveLength(11);
    }
    expect(children.inOrder(all(200))).toEqual([...names].sort());
    expect(sorted).toBe(2);
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
