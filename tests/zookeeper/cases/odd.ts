/** What is legal to send and seldom sent: xids of every kind, opcodes between servers, paths and versions at their ends. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { JuteWriter } from '../wire/jute.ts';
import { createFlags } from '../wire/records.ts';
import {
  addWatch,
  auth,
  bare,
  checkWatches,
  create,
  createContainer,
  createTtl,
  deleteContainer,
  exists,
  getAcl,
  getAllChildrenNumber,
  getChildren,
  getData,
  getEphemerals,
  ping,
  type Request,
  reconfig,
  remove,
  removeWatches,
  setData,
  setWatches,
  sync,
  whoAmI,
} from '../wire/requests.ts';

const x = `${t}/x`;
const under = (xid: number, request: Request): Request => ({ ...request, xid });

const row = (name: string, ...requests: readonly Request[]): Row => ({
  name,
  async play({ a }) {
    for (const request of requests) await a.ask(request);
  },
});

/** b looks at what a has left, whether a was answered or cut off. */
const alone = (name: string, ...requests: readonly Request[]): Row => ({
  name,
  async play({ a, b }) {
    await a.ask(...requests);
    await b.ask<unknown>(exists(x), getChildren(t));
  },
});

const rows: readonly Row[] = [
  row(
    'xids are given back as they are',
    ...[0, -3, 2 ** 31 - 1, -(2 ** 31), 7, 7, 6].map((xid) => under(xid, exists(t))),
  ),
  row('a create under the xid of pings', under(-2, create(x)), exists(x)),
  row('a ping under another xid', under(5, ping()), exists(t)),
  row('an auth under another xid', under(9, auth('digest', 'ann:secret')), whoAmI()),
  row('setWatches under another xid', under(9, setWatches(0n, { data: [t] }))),
  alone('the opcode of errors by a client', bare(-1)),
  alone('the opcode of notifications by a client', bare(0)),
  alone('deleteContainer of what is none', create(x), deleteContainer(x)),
  alone('deleteContainer without a body', bare(20)),
  alone(
    'sasl without a mechanism',
    bare(102, new JuteWriter().buffer(Buffer.from('token')).bytes()),
  ),
  row(
    'getEphemerals of everything',
    create(x, { flags: createFlags.ephemeral }),
    getEphemerals(''),
    getEphemerals('/t/'),
  ),
  row(
    'getAllChildrenNumber of what is none',
    getAllChildrenNumber('x'),
    getAllChildrenNumber(`${t}/`),
  ),
  row('whoAmI with a body', under(3, bare(107, Buffer.from('body'), 'whoAmI'))),
  row('sync of what is none', sync(''), sync(`${t}/none/at/all`)),
  row(
    'getData with a flag that is neither',
    bare(
      4,
      new JuteWriter()
        .string(t)
        .raw(Buffer.from([2]))
        .bytes(),
    ),
    setData(t, 'y'),
  ),
  row(
    'a path with a null in it',
    exists('/t/\0', true),
    ...[getData, getChildren, getAcl, sync].map((read) => read('/t/\0')),
    setData('/t/\0', 'y'),
    remove('/t/\0'),
  ),
  row('addWatch of a path that is none', addWatch('', 0), addWatch('x', 1)),
  row('watches of a path that is none', checkWatches('', 3), removeWatches('', 3)),
  row(
    'setWatches of the future',
    setWatches(2n ** 62n, { data: [t], exist: [`${t}/none`], child: [t] }),
    setData(t, 'y'),
  ),
  row('setWatches of before everything', setWatches(-1n, { data: [t], child: [t] })),
  row(
    'setWatches of one path twice',
    setWatches(2n ** 62n, { data: [t, t], child: [t] }),
    setData(t, 'y'),
  ),
  row(
    'versions at their ends',
    create(x),
    setData(x, 'y', 2 ** 31 - 1),
    setData(x, 'y', -(2 ** 31)),
    remove(x, 2 ** 31 - 1),
  ),
];

const plain: readonly Row[] = [
  row('createTtl where there are none', createTtl(x, 10_000n), exists(x)),
  row(
    'create with a TTL flag where there are none',
    create(x, { flags: createFlags.ttl }),
    create(x, { flags: createFlags.sequentialTtl }),
  ),
  row(
    'createTtl with other flags where there are none',
    createTtl(x, 10_000n, { flags: 0 }),
    exists(x),
  ),
  row('createContainer where there is no TTL', createContainer(x), exists(x)),
  row(
    'reconfig that is disabled',
    reconfig({ joining: 'server.9=127.0.0.1:1:2;3' }),
    reconfig({}),
    exists(t),
  ),
  row('nobody is super by default', auth('digest', 'super:secret'), whoAmI()),
];

export const oddRows: RowGroup = { group: 'odd', rows };
export const plainRows: RowGroup = { group: 'by default', server: 'plain', rows: plain };
