/** multi and multiRead: all or nothing, later parts see earlier ones, and what is told of the part that failed. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { multi, multiRead } from '../wire/multi.ts';
import { createFlags, openAcl } from '../wire/records.ts';
import {
  bare,
  check,
  create,
  create2,
  createContainer,
  createTtl,
  exists,
  getChildren,
  getData,
  type Request,
  remove,
  setAcl,
  setData,
  sync,
} from '../wire/requests.ts';

/** The parts on a tree of /t/x (version 1, "b") and /t/p/c; then what is there. */
const multiRow = (name: string, ...parts: readonly Request[]): Row => ({
  name,
  async play({ a }) {
    await a.ask<unknown>(create(`${t}/x`, { data: 'a' }), setData(`${t}/x`, 'b'));
    await a.ask(create(`${t}/p`), create(`${t}/p/c`));
    await a.ask(multi(...parts));
    await a.ask<unknown>(getChildren(t), getData(`${t}/x`), getChildren(`${t}/p`));
  },
});

const multiReadRow = (name: string, ...parts: readonly Request[]): Row => ({
  name,
  async play({ a, b }) {
    await b.ask(setData(t, null));
    await a.ask(multiRead(...parts));
    await b.ask(getChildren(t));
  },
});

const rows: readonly Row[] = [
  multiRow('multi of nothing'),
  multiRow('multi of one create', create(`${t}/n`, { data: 'n' })),
  multiRow(
    'multi of every type that there is',
    create(`${t}/n1`),
    create2(`${t}/n2`, { data: 'two' }),
    createContainer(`${t}/n3`),
    createTtl(`${t}/n4`, 100_000n),
    check(`${t}/x`, 1),
    setData(`${t}/x`, 'c', 1),
    remove(`${t}/p/c`),
  ),
  multiRow(
    'multi whose later parts stand on the earlier ones',
    create(`${t}/n`),
    create(`${t}/n/below`),
    setData(`${t}/n/below`, 'changed', 0),
    check(`${t}/n/below`, 1),
    remove(`${t}/n/below`),
    remove(`${t}/n`),
  ),
  multiRow(
    'multi that fails in its first part',
    check(`${t}/x`, 7),
    create(`${t}/n`),
    setData(`${t}/x`, 'c'),
  ),
  multiRow(
    'multi that fails in the middle',
    create(`${t}/n`),
    setData(`${t}/x`, 'c'),
    remove(`${t}/none`),
    create(`${t}/m`),
  ),
  multiRow('multi that fails in its last part', create(`${t}/n`), create(`${t}/x`)),
  multiRow('multi with a check of a znode that is not there', check(`${t}/none`), create(`${t}/n`)),
  multiRow('multi with a check of any version', check(`${t}/x`, -1), setData(`${t}/x`, 'c')),
  multiRow('multi with a delete of a parent', remove(`${t}/p`)),
  multiRow('multi with a setData of another version', setData(`${t}/x`, 'c', 0)),
  multiRow('multi that creates below what is not there', create(`${t}/none/n`)),
  multiRow(
    'multi with sequential creates',
    create(`${t}/s-`, { flags: createFlags.sequential }),
    create(`${t}/s-`, { flags: createFlags.sequential }),
    create(`${t}/plain`),
    create(`${t}/s-`, { flags: createFlags.sequential }),
  ),
  multiRow(
    'multi with an ephemeral and a child of it',
    create(`${t}/e`, { flags: createFlags.ephemeral }),
    create(`${t}/e/below`),
  ),
  multiRow('multi with an empty ACL', create(`${t}/n`, { acl: [] }), setData(`${t}/x`, 'c')),
  multiRow('multi with a relative path', create('n'), setData(`${t}/x`, 'c')),
  multiRow('multi with unknown flags', create(`${t}/n`, { flags: 9 })),
  multiRow(
    'multi that deletes and creates again',
    remove(`${t}/x`),
    create(`${t}/x`, { data: 'new' }),
  ),
  multiRow('multi with a setData of what is not there', setData(`${t}/none`, 'y')),
  multiRow('multi with a delete of another version', remove(`${t}/x`, 7), create(`${t}/n`)),
  multiRow('multi with a create2 of what is there', create2(`${t}/x`), create(`${t}/n`)),
  multiRow(
    'multi with a createContainer of what is there',
    createContainer(`${t}/x`),
    create(`${t}/n`),
  ),
  multiRow('multi with a createTtl of what is there', createTtl(`${t}/x`, 5n), create(`${t}/n`)),
  multiRow('multi with a createTtl of no time', create(`${t}/n`), createTtl(`${t}/m`, 0n)),
  multiRow(
    'multi that fails in the tree before a part that is wrong in itself',
    create(`${t}/n`),
    check(`${t}/none`),
    create(`${t}/m`, { acl: [{ perms: 31, scheme: 'auth', id: '' }] }),
    createTtl(`${t}/o`, 0n),
  ),
  multiRow(
    'multi that fails in a part that is wrong in itself, before one that fails in the tree',
    create(`${t}/n`),
    create(`${t}/m`, { acl: [{ perms: 31, scheme: 'auth', id: '' }] }),
    check(`${t}/none`),
  ),
  multiRow(
    'multi that fails in its first part, which is wrong in itself',
    createTtl(`${t}/o`, 0n),
    create(`${t}/n`),
  ),
  multiRow('multi with null data', create(`${t}/n`, { data: null }), setData(`${t}/x`, null)),
  multiRow('multi with a delete of a path that is none', remove('x'), create(`${t}/n`)),
  multiRow('multi with a setData of a path that is none', setData('x', 'y'), create(`${t}/n`)),
  multiRow('multi with a check of a path that is none', check('x'), create(`${t}/n`)),
  multiRow('multi with a read among its parts', create(`${t}/n`), getData(`${t}/x`)),
  multiRow('multi with a setACL among its parts', create(`${t}/n`), setAcl(`${t}/x`, openAcl)),
  multiRow('multi with a sync among its parts', create(`${t}/n`), sync(t)),
  multiRow('multi within a multi', create(`${t}/n`), multi(create(`${t}/m`))),
  multiRow('multi with a part of no type', create(`${t}/n`), bare(99)),
  multiRow('multi with a part of type -1', create(`${t}/n`), bare(-1, Buffer.alloc(4))),
  multiRow('multi with a part that ends too early', create(`${t}/n`), bare(2)),
  multiRow('multi with a delete twice', remove(`${t}/x`), remove(`${t}/x`)),
  multiRow(
    'multi that changes one znode twice',
    setData(`${t}/x`, 'c', 1),
    setData(`${t}/x`, 'd', 2),
  ),
  {
    name: 'multi tells the watches of all its parts',
    async play({ a, b }) {
      await a.ask(create(`${t}/x`), create(`${t}/p`));
      await b.ask<unknown>(getData(`${t}/x`, true), getChildren(t, true));
      await b.ask<unknown>(exists(`${t}/n`, true), getChildren(`${t}/p`, true));
      await a.ask(
        multi(setData(`${t}/x`, 'b'), create(`${t}/n`), create(`${t}/p/c`), remove(`${t}/x`)),
      );
      await b.hears(4);
    },
  },
  {
    name: 'multi that failed fires no watch',
    async play({ a, b }) {
      await a.ask(create(`${t}/x`));
      await b.ask<unknown>(getData(`${t}/x`, true), getChildren(t, true));
      await a.ask(multi(setData(`${t}/x`, 'b'), create(`${t}/n`), remove(`${t}/none`)));
    },
  },
  {
    name: 'multiRead of data and children',
    async play({ a }) {
      await a.ask<unknown>(create(`${t}/x`, { data: 'a' }), create(`${t}/x/c`), create(`${t}/x/d`));
      await a.ask(multiRead(getData(`${t}/x`), getChildren(`${t}/x`), getData(`${t}/x/c`)));
    },
  },
  {
    name: 'multiRead goes on after an error',
    async play({ a }) {
      await a.ask(create(`${t}/x`, { data: 'a' }));
      await a.ask(multiRead(getData(`${t}/none`), getData(`${t}/x`), getChildren(`${t}/none`)));
    },
  },
  {
    name: 'multiRead of what may not be read',
    async play({ a }) {
      const mayNotRead = [{ perms: 31 & ~1, scheme: 'world', id: 'anyone' }];
      await a.ask(create(`${t}/x`, { data: 'a', acl: mayNotRead }));
      await a.ask(multiRead(getData(`${t}/x`), getChildren(`${t}/x`), getData(t), getData('x')));
    },
  },
  multiReadRow('multiRead with an exists among its parts', getData(t), exists(t)),
  multiReadRow('multiRead with a create among its parts', getData(t), create(`${t}/n`)),
  multiReadRow('multiRead with a part of no type', getData(t), bare(99)),
  multiReadRow('multiRead with a part that ends too early', getData(t), bare(4)),
  multiReadRow('multiRead of null data', getData(t), getChildren(t)),
  {
    name: 'multiRead of nothing',
    async play({ a }) {
      await a.ask(multiRead());
    },
  },
  {
    name: 'multiRead sets watches',
    async play({ a, b }) {
      await a.ask(create(`${t}/x`, { data: 'a' }));
      await b.ask(multiRead(getData(`${t}/x`, true), getChildren(`${t}/x`, true)));
      await a.ask<unknown>(setData(`${t}/x`, 'b'), create(`${t}/x/c`));
    },
  },
];

export const multiRows: RowGroup = { group: 'multi', rows };
