/**
 * Every length and count that a request announces, one after the other made a lie: below zero, null, beyond the frame,
 * beyond all memory. The request is answered or its connection ends; nothing is allocated for what never comes.
 */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { JuteWriter } from '../wire/jute.ts';
import { bare, exists } from '../wire/requests.ts';

/** A length that can lie, and what stands behind it. */
interface Counted {
  readonly field: string;
  readonly count: number;
  readonly content: Buffer;
}
type Piece = Counted | Buffer;

const text = (field: string, value: string): Counted => {
  const content = Buffer.from(value);
  return { field, count: content.length, content };
};
const list = (field: string, values: readonly string[]): Counted => ({
  ...{ field, count: values.length },
  content: Buffer.concat(values.map((value) => new JuteWriter().string(value).bytes())),
});
const int = (value: number) => new JuteWriter().int(value).bytes();
const long = (value: bigint) => new JuteWriter().long(value).bytes();
const no = Buffer.from([0]);
const acl: Counted = {
  ...{ field: 'acl', count: 1 },
  content: new JuteWriter().int(31).string('world').string('anyone').bytes(),
};
const scheme: readonly Piece[] = [
  int(1),
  int(31),
  text('scheme', 'world'),
  text('id', 'anyone'),
  int(0),
];

const path = text('path', t);
const child = text('path', `${t}/x`);

const ADD_WATCH = 106;
const SET_WATCHES = 101;
/** ZooKeeper never closes a connection that watches null, and carries half of a setWatches out before it finds one. */
const neverNull: ReadonlySet<number> = new Set([ADD_WATCH, SET_WATCHES]);

const requests: readonly (readonly [string, number, readonly Piece[]])[] = [
  ['create', 1, [child, text('data', 'x'), acl, int(0)]],
  ['create with an ACL', 1, [Buffer.concat([int(4), Buffer.from(`${t}/x`), int(0)]), ...scheme]],
  ['create2', 15, [child, text('data', 'x'), acl, int(0)]],
  ['createContainer', 19, [child, text('data', 'x'), acl, int(4)]],
  ['createTtl', 21, [child, text('data', 'x'), acl, int(5), long(10_000n)]],
  ['delete', 2, [child, int(-1)]],
  ['exists', 3, [path, no]],
  ['getData', 4, [path, no]],
  ['setData', 5, [path, text('data', 'x'), int(-1)]],
  ['getACL', 6, [path]],
  ['setACL', 7, [path, acl, int(-1)]],
  ['getChildren', 8, [path, no]],
  ['sync', 9, [path]],
  ['getChildren2', 12, [path, no]],
  ['checkWatches', 17, [path, int(3)]],
  ['removeWatches', 18, [path, int(3)]],
  [
    'setWatches',
    SET_WATCHES,
    [long(0n), list('data', [t]), list('exist', [t]), list('child', [t])],
  ],
  ['getEphemerals', 103, [path]],
  ['getAllChildrenNumber', 104, [path]],
  [
    'setWatches2',
    105,
    [long(0n), list('data', []), int(0), int(0), list('persistent', [t]), list('recursive', [t])],
  ],
  ['addWatch', ADD_WATCH, [path, int(0)]],
];

const lies = [-2, -1, -(2 ** 31), 2 ** 31 - 1, 0x100000];

const notNull = lies.filter((lie) => lie !== -1);

const rows: readonly Row[] = requests.flatMap(([name, opcode, pieces]) =>
  pieces.flatMap((lying, index): Row[] =>
    'field' in lying
      ? [
          {
            name: `${name} that lies about its ${lying.field}`,
            async play({ a, b }) {
              for (const lie of neverNull.has(opcode) ? notNull : lies) {
                await a.connect();
                await a.ask(bare(opcode, withLie(pieces, index, lie)));
                await a.finish();
              }
              await b.ask(exists(t));
            },
          },
        ]
      : [],
  ),
);

function withLie(pieces: readonly Piece[], liar: number, lie: number): Buffer {
  return Buffer.concat(
    pieces.flatMap((piece, index) =>
      'field' in piece
        ? [
            int(index === liar ? lie : piece.count),
            ...(index === liar && lie < 0 ? [] : [piece.content]),
          ]
        : [piece],
    ),
  );
}

export const lengthRows: RowGroup = { group: 'lengths', rows };
