/** Each type of request by itself: what it answers when all is well, and each error that it knows. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { createFlags } from '../wire/records.ts';
import {
  create,
  create2,
  createContainer,
  createTtl,
  deleteContainer,
  exists,
  getAcl,
  getAllChildrenNumber,
  getChildren,
  getChildren2,
  getData,
  getEphemerals,
  type Request,
  remove,
  setAcl,
  setData,
  sync,
  whoAmI,
} from '../wire/requests.ts';

/** One after the other, each answered before the next is sent. */
const row = (name: string, ...requests: readonly Request[]): Row => ({
  name,
  async play({ a }) {
    for (const request of requests) await a.ask(request);
  },
});
const { ephemeral, sequential, ephemeralSequential, sequentialTtl, container, ttl } = createFlags;
const x = `${t}/x`;
const longest = 'x'.repeat(1000);
const openTo = (scheme: string, id: string, perms = 31) => [{ perms, scheme, id }];

const creations: readonly Row[] = [
  row('create', create(x, { data: 'x' }), getData(x), exists(t)),
  row('create without data', create(x, { data: null }), getData(x)),
  row('create with empty data', create(x, { data: '' }), getData(x)),
  row('create of what is there', create(x), create(x)),
  row('create below what is not there', create(`${t}/none/x`)),
  row('create with an empty ACL', create(x, { acl: [] })),
  row('create with a null ACL', create(x, { acl: null })),
  row('create with an ACL of an unknown scheme', create(x, { acl: openTo('nonsense', 'n') })),
  row('create with a world ACL that is not anyone', create(x, { acl: openTo('world', 'someone') })),
  row('create with an auth ACL and no identity', create(x, { acl: openTo('auth', '') })),
  row('create with an ip ACL that is no address', create(x, { acl: openTo('ip', 'nowhere') })),
  row(
    'create with a digest ACL that is no digest',
    create(x, { acl: openTo('digest', 'nocolon') }),
  ),
  row(
    'create with no permissions at all',
    create(x, { acl: openTo('world', 'anyone', 0) }),
    getData(x),
  ),
  row(
    'create with more permissions than there are',
    create(x, { acl: openTo('world', 'anyone', 0xff) }),
    getAcl(x),
  ),
  row(
    'create with an ACL entry twice',
    create(x, { acl: [...openTo('world', 'anyone'), ...openTo('world', 'anyone')] }),
    getAcl(x),
  ),
  row('create of a path of every wrong kind', ...wrongPaths().map((path) => create(path))),
  row('create with unknown flags', create(x, { flags: 7 }), create(x, { flags: -1 }), exists(x)),
  row('create with a container flag', create(x, { flags: container }), exists(x)),
  row('create with a TTL flag', create(x, { flags: ttl })),
  row('create2', create2(x, { data: 'x' }), create2(x), create2(`${t}/none/x`)),
  row(
    'create2 ephemeral',
    create2(x, { flags: ephemeral }),
    exists(x),
    create(`${x}/c`),
    exists(t),
  ),
  row(
    'create2 sequential',
    create2(`${x}-`, { flags: sequential }),
    create2(`${t}/`, { flags: sequential }),
  ),
  row(
    'sequence numbers count every creation',
    create(`${t}/s-`, { flags: sequential }),
    create(x),
    remove(x),
    create(`${t}/s-`, { flags: ephemeralSequential }),
    create(x),
    create(`${t}/r-`, { flags: sequential }),
    getChildren2(t),
  ),
  row(
    'a failed creation takes no sequence number',
    create(x),
    create(x),
    create(`${t}/s-`, { flags: sequential }),
  ),
  row('sequential below what is not there', create(`${t}/none/s-`, { flags: sequential })),
  row(
    'createContainer',
    createContainer(x, { data: 'x' }),
    createContainer(x),
    create(`${x}/c`),
    exists(x),
  ),
  row(
    'createContainer with other flags',
    createContainer(x, { flags: 0 }),
    exists(x),
    createContainer(`${t}/y`, { flags: ephemeral }),
    exists(`${t}/y`),
  ),
  row('createTtl', createTtl(x, 10_000n, { data: 'x' }), createTtl(x, 10_000n), exists(x)),
  row(
    'createTtl sequential',
    createTtl(`${x}-`, 1n << 30n, { flags: sequentialTtl }),
    getChildren(t),
  ),
  row(
    'createTtl with a time that is none',
    createTtl(x, 0n),
    createTtl(x, -1n),
    createTtl(x, 1n << 40n),
  ),
  row('createTtl at the longest time', createTtl(x, (1n << 40n) - 1n), exists(x)),
  row('createTtl with other flags', createTtl(x, 10_000n, { flags: 0 }), exists(x)),
  row(
    'a stat counts children, versions and bytes',
    create(x, { data: 'four' }),
    create(`${x}/c`),
    create(`${x}/d`),
    remove(`${x}/c`),
    setData(x, 'longer'),
    setData(x, null),
    exists(x),
  ),
];

function wrongPaths(): readonly (string | null)[] {
  return [
    ...['', 'x', `${t}/`, `${t}//x`, `${t}/./x`, `${t}/../x`, `${t}/.`, `${t}/..`, `${t}/a\0b`],
    ...[`${t}/a\u0001b`, `${t}/a\u007fb`, `${t}/\ud7ff`, `${t}/\uf8ff`, '/', '//'],
  ];
}

const deletions: readonly Row[] = [
  row('delete', create(x), remove(x), exists(x), exists(t)),
  row('delete of the right version', create(x), setData(x, '1'), remove(x, 1)),
  row('delete of another version', create(x), remove(x, 1), remove(x, -2), exists(x)),
  row('delete of what is not there', remove(x), remove(`${t}/none/x`)),
  row('delete of a parent', create(x), create(`${x}/c`), remove(x)),
  row(
    'delete of what the server needs',
    remove('/'),
    remove('/zookeeper'),
    remove('/zookeeper/quota'),
    remove('/zookeeper/config'),
  ),
  row('delete of a path that is none', remove(''), remove('x'), remove(`${t}/`)),
  row('deleteContainer by a client', createContainer(x), deleteContainer(x), exists(x)),
];

const changesOfData: readonly Row[] = [
  row('setData', create(x, { data: 'x' }), setData(x, 'y'), getData(x)),
  row(
    'setData of the right version',
    create(x),
    setData(x, '1', 0),
    setData(x, '2', 1),
    getData(x),
  ),
  row('setData of another version', create(x), setData(x, '1', 1), setData(x, '1', -2), getData(x)),
  row(
    'setData of null and of nothing',
    create(x, { data: 'x' }),
    setData(x, null),
    getData(x),
    setData(x, ''),
    getData(x),
  ),
  row('setData of what is not there', setData(x, 'y')),
  row('setData of a path that is none', setData('', 'y'), setData('x', 'y')),
  row('setData of a text with all kinds of letters', create(x), setData(x, 'äöü€😀'), getData(x)),
  row('setData of a long text', create(x), setData(x, longest), getData(x)),
];

const reads: readonly Row[] = [
  row('exists', exists(x), create(x), exists(x), exists('x')),
  row('getData', getData(x), create(x, { data: 'x' }), getData(x), getData('x'), getData(`${x}/`)),
  row(
    'getChildren',
    getChildren(x),
    create(x),
    getChildren(x),
    create(`${x}/d`),
    create(`${x}/c`),
    getChildren(x),
    getChildren('x'),
  ),
  row(
    'getChildren2',
    getChildren2(x),
    create(x),
    getChildren2(x),
    create(`${x}/d`),
    create(`${x}/c`),
    getChildren2(x),
  ),
  row(
    'getAllChildrenNumber',
    getAllChildrenNumber(x),
    create(x),
    getAllChildrenNumber(x),
    create(`${x}/c`),
    create(`${x}/c/d`),
    create(`${x}c`),
    getAllChildrenNumber(x),
    getAllChildrenNumber(t),
  ),
  row(
    'getEphemerals',
    getEphemerals(t),
    create(x),
    create(`${x}/e`, { flags: ephemeral }),
    create(`${t}/f`, { flags: ephemeral }),
    getEphemerals(t),
    getEphemerals(x),
    getEphemerals('/'),
    getEphemerals(`${t}/none`),
  ),
  {
    name: 'getEphemerals tells those of its own session only',
    async play({ a, b }) {
      await a.ask(create(`${t}/e`, { flags: ephemeral }));
      await b.ask(create(`${t}/f`, { flags: ephemeral }));
      await a.ask(getEphemerals(t));
      await b.ask(getEphemerals('/'));
    },
  },
  row('sync', sync(t), sync('/'), sync(`${t}/none`), sync('x')),
  row('whoAmI of nobody', whoAmI()),
  row(
    'getACL',
    getAcl(x),
    create(x),
    getAcl(x),
    setAcl(x, openTo('world', 'anyone', 31)),
    getAcl(x),
  ),
];

export const requestRows: RowGroup = {
  group: 'requests',
  rows: [...creations, ...deletions, ...changesOfData, ...reads],
};
