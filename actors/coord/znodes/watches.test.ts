import { describe, expect, test } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import { create, Driver, remove, sessionIdOf, set } from './testing/driver.ts';
import { createWatchTable } from './watches.ts';

const ann = sessionIdOf(1);
const bob = sessionIdOf(2);
const types = ['created', 'deleted', 'dataChanged', 'childrenChanged'] as const;
const at = (type: TreeEvent['type'], path = '/a'): TreeEvent => ({ type, path });

describe('what fires what', () => {
  test.each([
    ['data', ['created', 'deleted', 'dataChanged']],
    ['exist', ['created', 'deleted', 'dataChanged']],
    ['child', ['deleted', 'childrenChanged']],
  ] as const)('a %s watch', (kind, expected) => {
    const fired = types.filter((type) => {
      const table = createWatchTable();
      table.add(ann, kind, '/a');
      return table.fire(at(type)).length > 0;
    });
    expect(fired).toEqual(expected);
  });
});

describe('watches', () => {
  test('fire once', () => {
    const table = createWatchTable();
    table.add(ann, 'data', '/a');
    expect(table.fire(at('dataChanged'))).toEqual([ann]);
    expect(table.fire(at('dataChanged'))).toEqual([]);
    expect(table.count(ann)).toBe(0);
  });

  test('of other paths do not fire', () => {
    const table = createWatchTable();
    table.add(ann, 'data', '/a');
    table.add(ann, 'child', '/a');
    for (const type of types) expect(table.fire(at(type, '/a/b'))).toEqual([]);
    expect(table.count(ann)).toBe(2);
  });

  test('that are set twice are one', () => {
    const table = createWatchTable();
    for (const kind of ['data', 'data', 'exist'] as const) table.add(ann, kind, '/a');
    expect(table.count(ann)).toBe(1);
    expect(table.fire(at('dataChanged'))).toEqual([ann]);
  });

  test('for data and children of a session get one event of a deletion', () => {
    const table = createWatchTable();
    table.add(ann, 'data', '/a');
    table.add(bob, 'child', '/a');
    table.add(ann, 'child', '/a');
    expect(table.fire(at('deleted'))).toEqual([ann, bob]);
    expect(table.count(ann) + table.count(bob)).toBe(0);
  });

  test('of several sessions fire in the order in which they were set', () => {
    const table = createWatchTable();
    table.add(bob, 'exist', '/a');
    table.add(ann, 'data', '/a');
    expect(table.fire(at('created'))).toEqual([bob, ann]);
  });

  test('go with their session', () => {
    const table = createWatchTable();
    table.add(ann, 'data', '/a');
    table.add(ann, 'child', '/b');
    table.add(bob, 'data', '/a');
    table.removeSession(ann);
    table.removeSession(sessionIdOf(3));
    expect(table.count(ann)).toBe(0);
    expect(table.fire(at('dataChanged'))).toEqual([bob]);
    expect(table.fire(at('childrenChanged', '/b'))).toEqual([]);
  });

  test('are bounded for each session', () => {
    const table = createWatchTable();
    for (let index = 0; index < limits.watchesPerSession; index++)
      table.add(ann, index % 2 === 0 ? 'data' : 'child', `/a${index}`);
    expect(() => table.add(ann, 'data', '/more')).toThrow(MesozooError);
    expect(() => table.add(ann, 'data', '/a0')).not.toThrow();
    expect(() => table.add(bob, 'data', '/more')).not.toThrow();
    expect(table.count(ann)).toBe(limits.watchesPerSession);
    table.fire(at('dataChanged', '/a0'));
    expect(() => table.add(ann, 'data', '/more')).not.toThrow();
  });

  test('see the events of the tree', () => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/a', { data: 'x' }));
    const table = createWatchTable();
    table.add(ann, 'exist', '/a/new');
    table.add(bob, 'child', '/a');
    const fired = (events: readonly TreeEvent[]) =>
      events.flatMap((event) => table.fire(event).map((id) => [id, event.type, event.path]));
    expect(fired(session.write(create('/a/new')).events)).toEqual([
      [ann, 'created', '/a/new'],
      [bob, 'childrenChanged', '/a'],
    ]);
    expect(fired(session.write(set('/a/new', 'x')).events)).toEqual([]);
    table.add(ann, 'data', '/a/new');
    table.add(ann, 'child', '/a/new');
    expect(fired(session.write(remove('/a/new')).events)).toEqual([[ann, 'deleted', '/a/new']]);
  });
});
