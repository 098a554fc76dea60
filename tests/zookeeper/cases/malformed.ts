/** What no client should send: unknown opcodes, frames too long, bodies too short. The server answers or closes. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { frame, JuteWriter } from '../wire/jute.ts';
import { bare, exists } from '../wire/requests.ts';

/** a sends the bytes and is cut off; b is served all the same. */
const cutOff = (name: string, bytes: Buffer): Row => ({
  name,
  async play({ a, b }) {
    await a.connect();
    a.sends(name, bytes);
    await a.closes();
    await b.ask(exists(t));
  },
});
const cutOffAtOnce = (name: string, bytes: Buffer): Row => ({
  name,
  async play({ a, b }) {
    await a.plug();
    a.sends(name, bytes);
    await a.closes();
    await b.ask(exists(t));
  },
});
const length = (value: number) => new JuteWriter().int(value).bytes();
const hello = (lengthOfPassword: number) =>
  frame(new JuteWriter().int(0).long(0n).int(10_000).long(0n).int(lengthOfPassword).bytes());

/** Of every request with a body: the same request with its body cut, as a code that is answered, or a close. */
const cut = (name: string, opcode: number, body: Buffer): Row => ({
  name,
  async play({ a, b }) {
    await a.ask(bare(opcode, body));
    await b.ask(exists(t));
  },
});
const path = new JuteWriter().string(t).bytes();
const nothing = Buffer.alloc(0);

const readOpcodes: readonly (readonly [string, number])[] = [
  ...([
    ['exists', 3],
    ['getData', 4],
    ['getACL', 6],
    ['getChildren', 8],
  ] as const),
  ...([
    ['getChildren2', 12],
    ['sync', 9],
  ] as const),
  ...([
    ['checkWatches', 17],
    ['removeWatches', 18],
    ['addWatch', 106],
  ] as const),
  ...([
    ['getEphemerals', 103],
    ['getAllChildrenNumber', 104],
  ] as const),
  ...([
    ['setWatches', 101],
    ['setWatches2', 105],
  ] as const),
];
const changeOpcodes: readonly (readonly [string, number])[] = [
  ...([
    ['create', 1],
    ['create2', 15],
    ['createContainer', 19],
    ['createTtl', 21],
  ] as const),
  ...([
    ['delete', 2],
    ['setData', 5],
    ['setACL', 7],
  ] as const),
];

const rows: readonly Row[] = [
  ...[0x7f, 10, 99, 200, -2, 1000].map(
    (opcode): Row => ({
      name: `opcode ${opcode} is unknown`,
      async play({ a, b }) {
        await a.ask(bare(opcode));
        await a.closes();
        await b.ask(exists(t));
      },
    }),
  ),
  ...[...readOpcodes, ...changeOpcodes].map(([name, opcode]) =>
    cut(`${name} without a body`, opcode, nothing),
  ),
  ...[...readOpcodes, ...changeOpcodes]
    .filter(([name]) => !['getACL', 'sync', 'getEphemerals', 'getAllChildrenNumber'].includes(name))
    .map(([name, opcode]) => cut(`${name} with half a body`, opcode, path)),
  {
    name: 'a body with more behind it',
    async play({ a }) {
      await a.ask(bare(3, Buffer.concat([path, Buffer.from([0, 1, 2, 3, 4])])));
      await a.ask(exists(t));
    },
  },
  cutOff('a frame of a length below zero', length(-1)),
  cutOff('a frame of more than jute.maxbuffer', length(0x100000)),
  cutOff('a four-letter word in the middle', Buffer.from('ruok')),
  cutOff('a frame without a header', frame(nothing)),
  cutOff('a frame with half a header', frame(length(1))),
  cutOffAtOnce('no hello but a length below zero', length(-1)),
  cutOffAtOnce('no hello but a length of a gigabyte', length(0x40000000)),
  cutOffAtOnce('an empty hello', frame(nothing)),
  cutOffAtOnce('half a hello', frame(length(0))),
  cutOffAtOnce('a hello whose password is longer than itself', hello(1000)),
  cutOffAtOnce('a hello in HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')),
];

export const malformedRows: RowGroup = { group: 'malformed', rows };
