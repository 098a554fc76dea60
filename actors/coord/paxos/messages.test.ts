import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack } from '../../../protocol/codec.ts';
import {
  type Ballot,
  ballotOf,
  type DiskId,
  type MemberId,
  type Slot,
} from '../../../protocol/ids.ts';
import type { Value } from './contract.ts';
import { decodeQuorumMessage, encodeQuorumMessage, type QuorumMessage } from './messages.ts';

const from = 2 as MemberId;
const disk = 'disk-2' as DiskId;
const ballot = ballotOf(7, from);
const other = ballotOf(9, 3 as MemberId);
const slot = (number: number) => number as Slot;
const entry: Value = { kind: 'entry', bytes: new Uint8Array([0, 255, 1]) };
const configuration: Value = {
  kind: 'configuration',
  configuration: { members: [{ id: from, disk }] },
};
const observed: Value = {
  kind: 'configuration',
  configuration: {
    members: [{ id: from, disk, address: 'a:1:2;a:3' }],
    observers: [{ id: 4 as MemberId, address: 'b:1:2;b:3' }, { id: 5 as MemberId }],
    wallMs: 7,
  },
};
const noop: Value = { kind: 'noop' };

const messages: readonly QuorumMessage[] = [
  { type: 'preVote', from, round: 3, decidedUpTo: slot(0) },
  {
    type: 'preVoted',
    from,
    disk,
    round: 3,
    granted: true,
    ballot: 0 as Ballot,
    decidedUpTo: slot(4),
  },
  { type: 'prepare', from, ballot, after: slot(4) },
  {
    type: 'promise',
    from,
    disk,
    ballot: other,
    index: 1,
    last: false,
    after: slot(4),
    upTo: slot(9),
    decidedUpTo: slot(5),
    entries: [
      { slot: slot(5), ballot, value: entry },
      { slot: slot(7), ballot, value: noop },
      { slot: slot(9), ballot: other, value: configuration },
    ],
  },
  { type: 'refused', from, refused: ballot, ballot: other },
  { type: 'snapshotNeeded', from, forgottenUpTo: slot(77) },
  { type: 'accept', from, ballot, slot: slot(9), value: entry, decidedUpTo: slot(8) },
  { type: 'accept', from, ballot, slot: slot(9), value: noop, decidedUpTo: slot(8) },
  { type: 'accept', from, ballot, slot: slot(9), value: configuration, decidedUpTo: slot(8) },
  { type: 'accept', from, ballot, slot: slot(9), value: observed, decidedUpTo: slot(8) },
  { type: 'accepted', from, disk, ballot: other, slots: [slot(9), slot(10)] },
  { type: 'mark', from, ballot, decidedUpTo: slot(9) },
  { type: 'heartbeat', from, ballot, round: 12, decidedUpTo: slot(9) },
  { type: 'heartbeatAcknowledged', from, disk, ballot: other, round: 12 },
  { type: 'fetch', from, after: slot(9), held: [0 as Ballot, ballot] },
  {
    type: 'fetched',
    from,
    last: true,
    decidedUpTo: slot(11),
    entries: [
      { slot: slot(10), ballot },
      { slot: slot(11), ballot, value: entry },
    ],
  },
  { type: 'admissionRequest', from, disk },
];

describe('a message is read back as it was sent', () => {
  test.each(messages.map((message) => [message.type, message] as const))('%s', (_, message) => {
    expect(decodeQuorumMessage(encodeQuorumMessage(message))).toEqual(message);
  });

  test('with numbers that need more than 32 bits', () => {
    const large: QuorumMessage = {
      type: 'prepare',
      from,
      ballot: ballotOf(2 ** 40, from),
      after: slot(2 ** 45),
    };
    expect(decodeQuorumMessage(encodeQuorumMessage(large))).toEqual(large);
  });

  test('a value is not copied when it is read', () => {
    const bytes = encodeQuorumMessage(messages[6]!);
    const read = decodeQuorumMessage(bytes);
    expect(read.type === 'accept' && read.value.kind === 'entry' && read.value.bytes.buffer).toBe(
      bytes.buffer,
    );
  });
});

describe('anything else is refused with BAD_REQUEST', () => {
  const badRequest = expect.objectContaining({ code: 'BAD_REQUEST' });
  test.each([
    ['no bytes', new Uint8Array()],
    ['no MessagePack', new Uint8Array([0xc1])],
    ['a map', pack({ type: 'prepare' })],
    ['an empty list', pack([])],
    ['an unknown type', pack([99, 2])],
    ['a member above 255', pack([1, 256, 1, 0])],
    ['member 0', pack([1, 0, 1, 0])],
    ['a field too few', pack([3, 2, ballot])],
    ['a field too many', pack([3, 2, ballot, 4, 4])],
    ['a negative slot', pack([3, 2, ballot, -1])],
    ['a slot that is not whole', pack([3, 2, ballot, 1.5])],
    ['a slot that is NaN', pack([3, 2, ballot, Number.NaN])],
    ['a slot as text', pack([3, 2, ballot, '4'])],
    ['no ballot', pack([3, 2, 0, 4])],
    ['the ballot of another member', pack([3, 2, other, 4])],
    ['an accept in slot 0', pack([7, 2, ballot, 0, 0, null])],
    ['a value that is a number', pack([7, 2, ballot, 1, 0, 5])],
    ['an accept without its value', pack([7, 2, ballot, 1, 0, false])],
    [
      'a configuration that names a member twice',
      pack([
        7,
        2,
        ballot,
        1,
        0,
        [
          [1, 'a'],
          [1, 'b'],
        ],
      ]),
    ],
    ['a configuration with an empty disk', pack([7, 2, ballot, 1, 0, [[1, '']]])],
    [
      'a configuration with an observer that is a member too',
      pack([7, 2, ballot, 1, 0, [...[[1, 'a']], [1, null]]]),
    ],
    ['entries that are no triples', pack([13, 2, true, 4, [1, ballot]])],
    [
      'a promise that leaves out a value',
      pack([4, 2, 'd', other, 0, true, 0, 1, 0, [1, ballot, false]]),
    ],
    ['a granted that is a number', pack([2, 2, 'd', 1, 1, 0, 0])],
  ])('%s', (_, bytes) => {
    expect(() => decodeQuorumMessage(bytes)).toThrow(badRequest);
  });

  test('whatever the bytes, nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decodeQuorumMessage(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_REQUEST' });
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('a message with some bytes changed is refused or is another message, never a crash', () => {
    const encoded = messages.map(encodeQuorumMessage);
    fc.assert(
      fc.property(
        fc.constantFrom(...encoded),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        (bytes, changes) => {
          const damaged = Uint8Array.from(bytes);
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          try {
            encodeQuorumMessage(decodeQuorumMessage(damaged));
          } catch (error) {
            expect(error).toMatchObject({ code: 'BAD_REQUEST' });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
