import { describe, expect, test } from 'vitest';
import type { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import { create, Driver, multi, remove } from './testing/driver.ts';

const codeOf = (read: () => unknown): string => {
  try {
    read();
    return 'read';
  } catch (error) {
    return (error as MesozooError).code;
  }
};

describe('reads', () => {
  test.each([
    ['/a', 'read'],
    ['/none', 'NO_NODE'],
    ['/a/none', 'NO_NODE'],
    ['', 'BAD_PATH'],
    ['a', 'BAD_PATH'],
    ['/a/', 'BAD_PATH'],
    ['/a/../a', 'BAD_PATH'],
  ])('of %s: %s', (path, expected) => {
    const driver = new Driver();
    driver.open().write(create('/a'));
    expect(codeOf(() => driver.state.get(path, []))).toBe(expected);
    expect(codeOf(() => driver.state.children(path, []))).toBe(expected);
    expect(codeOf(() => driver.state.acl(path, []))).toBe(expected);
    expect(driver.state.exists(path) === undefined).toBe(expected !== 'read');
  });

  test('of a new state see the nodes that are always there', () => {
    const { state } = new Driver();
    expect(state.nodeCount).toBe(4);
    expect(state.children('/', []).names).toEqual(['zookeeper']);
    expect(state.children('/zookeeper', []).names).toEqual(['config', 'quota']);
    // As a new ZooKeeper shows it: the nodes that are always there were never counted as created.
    expect(state.exists('/')).toMatchObject({ cversion: -1, numChildren: 1, czxid: 0 });
  });
});

describe('children', () => {
  const names = ['b', 'a', 'Z', 'ä', '漢', 'a0', 'a-', 'zz'];
  const sorted = [...names].sort((one, other) =>
    Buffer.compare(Buffer.from(one), Buffer.from(other)),
  );
  const prepared = () => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/p'));
    for (const name of names) session.write(create(`/p/${name}`));
    return { driver, session };
  };

  test('come in the order of their bytes', () => {
    const { driver, session } = prepared();
    expect(driver.state.children('/p', []).names).toEqual(sorted);
    session.write(create('/p/a1'));
    session.write(remove('/p/Z'));
    expect(driver.state.children('/p', []).names).toEqual(
      [...sorted.filter((name) => name !== 'Z'), 'a1'].sort(),
    );
  });

  test.each<[string | undefined, number, readonly string[], boolean]>([
    [undefined, 3, sorted.slice(0, 3), true],
    [undefined, 8, sorted, false],
    [sorted[2], 3, sorted.slice(3, 6), true],
    [sorted[5], 3, sorted.slice(6), false],
    [sorted[7], 3, [], false],
    ['', 100, sorted, false],
    ['a!', 2, ['a-', 'a0'], true],
    ['￰', 2, [], false],
  ])('after %s, at most %i', (after, limit, expected, more) => {
    const { driver } = prepared();
    const page = driver.state.children('/p', [], after, limit);
    expect(page).toMatchObject({ names: expected, more });
    expect(page.stat.numChildren).toBe(8);
  });

  test('come in pages by default', () => {
    const driver = new Driver();
    const session = driver.open();
    const count = limits.childrenPerPage + 5;
    for (let made = 0; made < count; made += 1000) {
      const creates = Array.from({ length: Math.min(1000, count - made) }, () =>
        create('/', { sequential: true }),
      );
      session.write(multi(...creates));
    }
    const first = driver.state.children('/', []);
    expect(first).toMatchObject({ more: true });
    expect(first.names).toHaveLength(limits.childrenPerPage);
    const second = driver.state.children('/', [], first.names.at(-1));
    // The rest, and /zookeeper.
    expect(second).toMatchObject({ more: false });
    expect(second.names).toHaveLength(6);
  });
});

test('what may be read, and what lies below', () => {
  const driver = new Driver();
  const session = driver.open();
  const acl = [{ permissions: 1, scheme: 'digest', id: 'ann:hash' }];
  session.write(create('/a', { acl }));
  expect(driver.state.mayRead('/a', [])).toBe(false);
  expect(driver.state.mayRead('/a', [{ scheme: 'digest', id: 'ann:hash' }])).toBe(true);
  expect(driver.state.mayRead('/none', [])).toBe(true);
  expect(driver.state.descendantCount('/')).toBe(driver.state.nodeCount - 1);
  expect(codeOf(() => driver.state.descendantCount('/none'))).toBe('NO_NODE');
  expect(codeOf(() => driver.state.descendantCount('/a/'))).toBe('BAD_PATH');
});
