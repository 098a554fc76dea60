import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import type { WatchKind, WatchRemoval } from './contract.ts';
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
    ['persistent', ['created', 'deleted', 'dataChanged', 'childrenChanged']],
    ['recursive', ['created', 'deleted', 'dataChanged']],
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

describe('watches that stay', () => {
  test('fire again and again, until they are removed', () => {
    const table = createWatchTable();
    table.add(ann, 'persistent', '/a');
    table.add(bob, 'recursive', '/a');
    for (let round = 0; round < 2; round++)
      expect(table.fire(at('dataChanged'))).toEqual([ann, bob]);
    expect(table.remove(bob, 'recursive', '/a')).toBe(true);
    expect(table.remove(bob, 'recursive', '/a')).toBe(false);
    expect(table.fire(at('dataChanged'))).toEqual([ann]);
  });

  test('for all below a node see their own node and no neighbour', () => {
    const table = createWatchTable();
    table.add(ann, 'recursive', '/a');
    table.add(bob, 'recursive', '/');
    expect(table.fire(at('created', '/a/b/c'))).toEqual([ann, bob]);
    expect(table.fire(at('created', '/ab'))).toEqual([bob]);
    expect(table.fire(at('childrenChanged', '/a/b'))).toEqual([]);
  });

  test('are kept beside the one that fires once', () => {
    const table = createWatchTable();
    for (const kind of ['data', 'child', 'persistent', 'recursive'] as const)
      table.add(ann, kind, '/a');
    expect(table.total).toBe(4);
    expect(table.fire(at('deleted'))).toEqual([ann]);
    expect(table.total).toBe(2);
    expect(table.has(ann, 'any', '/a')).toBe(true);
    expect(table.has(ann, 'data', '/a')).toBe(false);
  });
});

test('who may not read the node is not told, and the watch is gone all the same', () => {
  const table = createWatchTable();
  for (const session of [ann, bob]) table.add(session, 'data', '/a');
  expect(table.fire(at('dataChanged'), (session) => session === bob)).toEqual([bob]);
  expect(table.total).toBe(0);
});

test('a table of watches is as a plain list of them', () => {
  const kinds = ['data', 'exist', 'child', 'persistent', 'recursive'] as const;
  const session = fc.constantFrom(ann, bob);
  const path = fc.constantFrom('/', '/a', '/a/b', '/ab');
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constant('add' as const), session, path) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('remove' as const), session, path) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('fire' as const), session, path) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('end' as const), session, path) },
  );
  const steps = fc.array(fc.tuple(step, fc.nat(59)), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (all) => {
      const table = createWatchTable();
      let plain: { session: SessionId; kind: WatchKind; path: string }[] = [];
      for (const [[what, who, where], choice] of all) {
        const kind = kinds[choice % 5]!;
        const own = kind === 'exist' ? 'data' : kind;
        const isSame = (watch: (typeof plain)[number], wanted: WatchRemoval) =>
          watch.session === who &&
          watch.path === where &&
          (wanted === 'any' || watch.kind === wanted);
        if (what === 'add') {
          table.add(who, kind, where);
          if (!plain.some((watch) => isSame(watch, own)))
            plain.push({ session: who, kind: own, path: where });
        } else if (what === 'remove') {
          const wanted = choice % 4 === 0 ? 'any' : own;
          const kept = plain.filter((watch) => !isSame(watch, wanted));
          expect(table.remove(who, wanted, where)).toBe(kept.length < plain.length);
          plain = kept;
        } else if (what === 'end') {
          table.removeSession(who);
          plain = plain.filter((watch) => watch.session !== who);
        } else {
          const type = types[choice % 4]!;
          const ofChildren = type === 'childrenChanged';
          const fires = ({ kind: set, path: watched }: (typeof plain)[number]) => {
            const isBelow = watched === '/' || where === watched || where.startsWith(`${watched}/`);
            if (set === 'recursive') return !ofChildren && isBelow;
            if (watched !== where || set === 'persistent') return watched === where;
            return set === 'child' ? ofChildren || type === 'deleted' : !ofChildren;
          };
          const told = [...table.fire(at(type, where))];
          const expected = new Set(plain.filter(fires).map((watch) => watch.session));
          expect(told.sort()).toEqual([...expected].sort());
          const stays = ({ kind: set }: (typeof plain)[number]) =>
            set === 'persistent' || set === 'recursive';
          plain = plain.filter((watch) => stays(watch) || !fires(watch));
        }
        expect(table.total).toBe(plain.length);
        for (const [listed, sessions] of table.paths())
          expect([...sessions].sort()).toEqual(
            [
              ...new Set(
                plain.filter((watch) => watch.path === listed).map((watch) => watch.session),
              ),
            ].sort(),
          );
        for (const [listed, paths] of table.sessions())
          expect([...paths].sort()).toEqual(
            [
              ...new Set(
                plain.filter((watch) => watch.session === listed).map((watch) => watch.path),
              ),
            ].sort(),
          );
        expect([...table.sessions()].length).toBe(new Set(plain.map((w) => w.session)).size);
      }
    }),
    { numRuns: 300 },
  );
});
