/** What each kind of watch hears, how often, in which order, and how watches come back after a reconnect. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import type { Speaker } from '../speaker.ts';
import { createFlags, openAcl } from '../wire/records.ts';
import {
  addWatch,
  checkWatches,
  create,
  exists,
  getChildren,
  getChildren2,
  getData,
  type Request,
  remove,
  removeWatches,
  setAcl,
  setData,
  setWatches,
  setWatches2,
  watcherTypes,
  watchModes,
} from '../wire/requests.ts';

/** On a tree of /t/x and /t/x/c: b watches, then a makes the changes one by one. */
const watchRow = (name: string, watches: readonly Request[], changes: readonly Request[]): Row => ({
  name,
  async play({ a, b }) {
    await a.ask(create(`${t}/x`, { data: 'x' }), create(`${t}/x/c`));
    await b.ask(...watches);
    for (const change of changes) await a.ask(change);
  },
});

const data = getData(`${t}/x`, true);
const child = getChildren(`${t}/x`, true);
const exist = exists(`${t}/x`, true);
const absent = exists(`${t}/n`, true);
const persistent = addWatch(`${t}/x`, watchModes.persistent);
const recursive = addWatch(`${t}/x`, watchModes.persistentRecursive);

const changesOfAllKinds = [
  setData(`${t}/x`, '1'),
  setData(`${t}/x`, '2'),
  create(`${t}/x/d`),
  setData(`${t}/x/d`, '3'),
  create(`${t}/x/d/e`),
  setAcl(`${t}/x`, openAcl),
  remove(`${t}/x/d/e`),
  remove(`${t}/x/d`),
  remove(`${t}/x/c`),
  remove(`${t}/x`),
  create(`${t}/x`),
  remove(`${t}/x`),
];

/** a watches, drops the connection, b changes, a comes back with the same session and tells what it watched. */
const comeBack = (
  name: string,
  changes: readonly Request[],
  told: (a: Speaker, sinceZxid: bigint) => readonly Request[],
): Row => ({
  name,
  async play({ a, b }) {
    await a.ask(create(`${t}/x`, { data: 'x' }), create(`${t}/x/c`));
    const sinceZxid = a.lastZxid;
    a.drop();
    if (changes.length > 0) await b.ask(...changes);
    await a.connect({
      sessionId: a.session,
      password: a.password,
      lastZxidSeen: sinceZxid,
      readOnly: false,
    });
    await a.ask(...told(a, sinceZxid));
    await b.ask<unknown>(exists(`${t}/y`), create(`${t}/y`), setData(t, 'the end'));
  },
});
const everything = {
  data: [`${t}/x`, `${t}/x/c`],
  exist: [`${t}/n`, `${t}/x`],
  child: [`${t}/x`, `${t}/x/c`],
};

const rows: readonly Row[] = [
  watchRow(
    'data watch hears a change once',
    [data],
    [setData(`${t}/x`, '1'), setData(`${t}/x`, '2')],
  ),
  watchRow('data watch hears the deletion', [data], [remove(`${t}/x/c`), remove(`${t}/x`)]),
  watchRow(
    'data watch hears nothing of children',
    [data],
    [create(`${t}/x/d`), remove(`${t}/x/d`)],
  ),
  watchRow(
    'data watch on what is not there is none',
    [getData(`${t}/n`, true)],
    [create(`${t}/n`)],
  ),
  watchRow('exist watch hears the creation', [absent], [create(`${t}/n`), setData(`${t}/n`, '1')]),
  watchRow('exist watch hears a change', [exist], [setData(`${t}/x`, '1'), setData(`${t}/x`, '2')]),
  watchRow('exist watch hears the deletion', [exist], [remove(`${t}/x/c`), remove(`${t}/x`)]),
  watchRow('child watch hears a creation once', [child], [create(`${t}/x/d`), create(`${t}/x/e`)]),
  watchRow('child watch hears a deletion', [child], [remove(`${t}/x/c`)]),
  watchRow(
    'child watch hears no data',
    [child],
    [setData(`${t}/x`, '1'), setData(`${t}/x/c`, '1')],
  ),
  watchRow('child watch hears no grandchild', [child], [create(`${t}/x/c/d`)]),
  watchRow(
    'child watch hears the deletion of its znode',
    [child],
    [remove(`${t}/x/c`), remove(`${t}/x`)],
  ),
  watchRow(
    'child watch on what is not there is none',
    [getChildren(`${t}/n`, true)],
    [create(`${t}/n`)],
  ),
  watchRow('child watch of getChildren2', [getChildren2(`${t}/x`, true)], [create(`${t}/x/d`)]),
  watchRow(
    'a deletion is told once to data, exist and child watch',
    [data, child, exist, getChildren(`${t}/x/c`, true), getData(`${t}/x/c`, true)],
    [remove(`${t}/x/c`), remove(`${t}/x`)],
  ),
  watchRow(
    'watches that are set twice fire once',
    [data, data, exist, exist, child, child],
    [setData(`${t}/x`, '1'), create(`${t}/x/d`)],
  ),
  watchRow('setACL fires nothing', [data, child, exist], [setAcl(`${t}/x`, openAcl)]),
  watchRow(
    'a sequential and an ephemeral creation',
    [getChildren(t, true)],
    [create(`${t}/s-`, { flags: createFlags.ephemeralSequential })],
  ),
  watchRow('persistent watch hears all of its znode', [persistent], changesOfAllKinds),
  watchRow('recursive watch hears all below, and no children', [recursive], changesOfAllKinds),
  watchRow(
    'recursive watch on the root of the row',
    [addWatch(t, watchModes.persistentRecursive)],
    changesOfAllKinds,
  ),
  watchRow(
    'persistent watch on what is not there',
    [addWatch(`${t}/n`, watchModes.persistent)],
    [create(`${t}/n`), setData(`${t}/n`, '1'), create(`${t}/n/c`)],
  ),
  watchRow(
    'addWatch of an unknown mode',
    [addWatch(`${t}/x`, 2), addWatch(`${t}/x`, -1)],
    [setData(`${t}/x`, '1')],
  ),
  watchRow('addWatch twice', [persistent, persistent], [setData(`${t}/x`, '1')]),
  watchRow('addWatch persistent, then recursive', [persistent, recursive], changesOfAllKinds),
  watchRow('addWatch recursive, then persistent', [recursive, persistent], changesOfAllKinds),
  watchRow(
    'two recursive watches, one inside the other',
    [addWatch(t, watchModes.persistentRecursive), recursive],
    [setData(`${t}/x`, '1'), create(`${t}/x/d`)],
  ),
  {
    name: 'the one who changes hears its own event before the reply',
    async play({ a }) {
      await a.ask(create(`${t}/x`));
      await a.ask<unknown>(
        data,
        child,
        setData(`${t}/x`, '1'),
        create(`${t}/x/c`),
        getData(`${t}/x`),
      );
    },
  },
  {
    name: 'each of two sessions hears the event',
    async play({ a, b, c }) {
      await a.ask(create(`${t}/x`));
      await b.ask(data);
      await c.ask(data);
      await a.ask(setData(`${t}/x`, '1'));
      await b.hears();
      await c.hears();
    },
  },
  {
    name: 'the ephemerals of a session that closes are told',
    async play({ a, b }) {
      await a.ask(create(`${t}/e1`, { flags: createFlags.ephemeral }));
      await b.ask<unknown>(getData(`${t}/e1`, true), getChildren(t, true));
      await a.finish();
      await b.hears(2);
    },
  },
  ...removals(),
  comeBack('setWatches after nothing has changed', [], (_a, since) => [
    setWatches(since, { data: everything.data, child: everything.child, exist: [`${t}/n`] }),
  ]),
  comeBack(
    'setWatches after changes fires at once',
    [setData(`${t}/x`, '1'), create(`${t}/n`), create(`${t}/x/d`)],
    (_a, since) => [setWatches(since, everything)],
  ),
  comeBack(
    'setWatches after deletions fires at once',
    [remove(`${t}/x/c`), remove(`${t}/x`)],
    (_a, since) => [setWatches(since, everything)],
  ),
  comeBack('setWatches sets what did not fire', [], (_a, since) => [
    setWatches(since, { data: [t], exist: [`${t}/y`], child: [t] }),
  ]),
  comeBack('setWatches of nothing', [], (_a, since) => [setWatches(since, {})]),
  comeBack(
    'setWatches2 fires at once like setWatches',
    [setData(`${t}/x`, '1'), create(`${t}/n`), create(`${t}/x/d`)],
    (_a, since) => [setWatches2(since, everything)],
  ),
  comeBack('setWatches2 sets persistent watches without a word', [setData(t, '1')], (_a, since) => [
    setWatches2(since, { persistent: [t] }),
  ]),
  comeBack('setWatches2 sets recursive watches without a word', [setData(t, '1')], (_a, since) => [
    setWatches2(since, { recursive: [t] }),
  ]),
];

function removals(): readonly Row[] {
  const { children, data: dataType, any, persistent: one, persistentRecursive: all } = watcherTypes;
  const typesOf = (ask: (path: string, type: number) => Request) =>
    [children, dataType, any, one, all, 0, 6].map((type) => ask(`${t}/x`, type));
  const afterwards = [setData(`${t}/x`, '1'), create(`${t}/x/d`)];
  const removalsFrom = (what: string, watches: readonly Request[]) =>
    [children, dataType, any, one, all].map((type) =>
      watchRow(
        `removeWatches of type ${type} from ${what}`,
        [...watches, removeWatches(`${t}/x`, type)],
        afterwards,
      ),
    );
  return [
    watchRow('checkWatches of every type where nothing is watched', typesOf(checkWatches), []),
    watchRow('checkWatches of every type with a data watch', [data, ...typesOf(checkWatches)], []),
    watchRow(
      'checkWatches of every type with a child watch',
      [child, ...typesOf(checkWatches)],
      [],
    ),
    watchRow(
      'checkWatches of every type with a persistent watch',
      [persistent, ...typesOf(checkWatches)],
      [],
    ),
    watchRow(
      'checkWatches of every type with a recursive watch',
      [recursive, ...typesOf(checkWatches)],
      [],
    ),
    watchRow(
      'removeWatches of every type where nothing is watched',
      typesOf(removeWatches),
      afterwards,
    ),
    ...removalsFrom('data and child watch', [data, child]),
    ...removalsFrom('a persistent watch', [persistent]),
    ...removalsFrom('a recursive watch', [recursive]),
    watchRow(
      'removeWatches of an exist watch',
      [absent, removeWatches(`${t}/n`, dataType)],
      [create(`${t}/n`)],
    ),
  ];
}

export const watchRows: RowGroup = { group: 'watches', rows };
