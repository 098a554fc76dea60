import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ballot, MemberId, SessionId, SessionIncarnation } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { Operation } from '../../protocol/operations.ts';
import { Inbox, messageBytesFor, Outbox } from './forwarding.ts';
import type { Forward } from './member-messages.ts';
import {
  decodeMemberMessage,
  encodeMemberMessage,
  isMemberMessage,
  type MemberMessage,
} from './member-messages.ts';
import { valueBytes } from './paxos/log-view.ts';
import { decodeEntry, encodeFramedEntry } from './znodes/operation-codec.ts';
import { framesOf } from './znodes/operation-frames.ts';

const one = 1 as MemberId;
const session = '00000000000000aa' as SessionId;
const FIRST = 257 as Ballot;

function add(outbox: Outbox, number: number, bytes = Buffer.from(`${number}`)): number {
  const tag = outbox.takeTag();
  outbox.add({ tag, session, number, bytes, done: () => undefined, place: 0 });
  return tag;
}

const queued = (inbox: Inbox) => {
  const numbers: number[] = [];
  while (inbox.size > 0)
    for (const bytes of decodeEntry(encodeFramedEntry(0, inbox.shiftBatch())).operations)
      numbers.push(Number(Buffer.from(bytes).toString()));
  return numbers;
};

describe('the stream of a holder to the leader', () => {
  it('is taken in order, each operation once', () => {
    const [outbox, inbox] = [new Outbox(one, 'run', 0), new Inbox()];
    outbox.beginStream(FIRST);
    add(outbox, 1);
    add(outbox, 2);
    const [first] = outbox.takeForwards();
    add(outbox, 3);
    const [second] = outbox.takeForwards();
    for (const forward of [first!, first!, second!, second!, first!])
      expect(inbox.take(forward)).toBeUndefined();
    expect(queued(inbox)).toEqual([1, 2, 3]);
  });

  it('holds nothing back behind a gap: the leader asks once, and gets the rest in order', () => {
    const [outbox, inbox] = [new Outbox(one, 'run', 0), new Inbox()];
    outbox.beginStream(FIRST);
    const forwards = [1, 2, 3, 4].map((number) => {
      add(outbox, number);
      return outbox.takeForwards()[0]!;
    });
    expect(inbox.take(forwards[0]!)).toBeUndefined();
    expect(inbox.take(forwards[2]!)).toBe(1);
    expect(inbox.take(forwards[3]!)).toBeUndefined();
    const resend = { type: 'resend', from: one, stream: forwards[0]!.stream, taken: 1 } as const;
    for (const forward of outbox.resend(resend)) inbox.take(forward);
    expect(queued(inbox)).toEqual([1, 2, 3, 4]);
  });

  it('is probed where its last message was lost', () => {
    const [outbox, inbox] = [new Outbox(one, 'run', 0), new Inbox()];
    outbox.beginStream(FIRST);
    add(outbox, 1);
    const [lost] = outbox.takeForwards();
    const probe = outbox.probe()!;
    expect(probe.operations.count).toBe(0);
    expect(inbox.take(probe)).toBe(0);
    expect(inbox.take(outbox.probe()!)).toBe(0);
    const resend = { type: 'resend', from: one, stream: lost!.stream, taken: 0 } as const;
    for (const forward of outbox.resend(resend)) inbox.take(forward);
    expect(inbox.take(outbox.probe()!)).toBeUndefined();
    expect(queued(inbox)).toEqual([1]);
  });

  it('begins anew for each leadership, with all that was not seen applied', () => {
    const outbox = new Outbox(one, 'run', 0);
    outbox.beginStream(FIRST);
    const tags = [1, 2, 3].map((number) => add(outbox, number));
    outbox.takeForwards();
    expect(outbox.settle(tags[1]!, session, 2)).toBeDefined();
    expect(outbox.settle(tags[1]!, session, 2)).toBeUndefined();
    expect(outbox.settle(tags[0]!, 'other' as SessionId, 1)).toBeUndefined();
    outbox.beginStream(514 as Ballot);
    const inbox = new Inbox();
    for (const forward of outbox.takeForwards()) {
      expect(forward.ballot).toBe(514);
      inbox.take(forward);
    }
    expect(queued(inbox)).toEqual([1, 3]);
    expect(outbox.resend({ type: 'resend', from: one, stream: 'of before', taken: 0 })).toEqual([]);
  });

  it.each([limits.natsPayloadBytes, 1024 * 1024, 100_000])(
    'has room for what a server takes whose messages have %i bytes',
    (payloadBytesMax) => {
      const outbox = new Outbox(one, 'run', 0, messageBytesFor(payloadBytesMax));
      outbox.beginStream(FIRST);
      const ofLength = (length: number): Omit<Operation, 'tag'> => ({
        ...{ session, incarnation: 1 as SessionIncarnation, number: 1, identities: [] },
        body: { kind: 'set', path: '/', data: new Uint8Array(length), version: -1 },
      });
      const fits = Math.min(limits.znodeDataBytes, payloadBytesMax * 0.75 - 200);
      outbox.submit(ofLength(fits), () => undefined);
      for (let index = 0; index < 20; index++) outbox.submit(ofLength(9000), () => undefined);
      for (const forward of outbox.takeForwards())
        expect(encodeMemberMessage(forward).length).toBeLessThan(payloadBytesMax);
      const tooMuch = () => outbox.submit(ofLength(payloadBytesMax), () => undefined);
      expect(tooMuch).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }) as Error);
      expect(outbox.size).toBe(21);
    },
  );

  it('is gathered into entries that fit a message, where the server takes little', () => {
    const messageBytesMax = messageBytesFor(256 * 1024);
    const outbox = new Outbox(one, 'run', 0, messageBytesMax);
    const inbox = new Inbox(undefined, messageBytesMax);
    outbox.beginStream(FIRST);
    for (let number = 1; number <= 100; number++) add(outbox, number, Buffer.alloc(9000));
    for (const forward of outbox.takeForwards()) inbox.take(forward);
    let count = 0;
    while (inbox.size > 0) {
      const bytes = encodeFramedEntry(0, inbox.shiftBatch());
      expect(valueBytes({ kind: 'entry', bytes })).toBeLessThanOrEqual(messageBytesMax);
      count += decodeEntry(bytes).operations.length;
    }
    expect(count).toBe(100);
  });

  it('is cut below the size of a message', () => {
    const outbox = new Outbox(one, 'run', 0);
    outbox.beginStream(FIRST);
    const large = new Uint8Array(limits.quorumMessageBytes * 0.4);
    for (let number = 1; number <= 5; number++) add(outbox, number, Buffer.from(large));
    const forwards = outbox.takeForwards();
    expect(forwards.map(({ operations }) => operations.count)).toEqual([2, 2, 1]);
    for (const forward of forwards)
      expect(encodeMemberMessage(forward).length).toBeLessThan(limits.natsPayloadBytes);
  });

  it('is full at its bound, at the holder and at the leader', () => {
    const outbox = new Outbox(one, 'run', 0);
    outbox.beginStream(FIRST);
    for (let number = 1; number <= limits.operationsWaiting; number++) {
      expect(outbox.isFull()).toBe(false);
      add(outbox, number);
    }
    expect(outbox.isFull()).toBe(true);
    const inbox = new Inbox();
    const forwards = outbox.takeForwards();
    while (!inbox.isFull()) inbox.push(new Uint8Array(1024 * 1024));
    const { size } = inbox;
    expect(inbox.take(forwards[0]!)).toBeUndefined();
    expect(inbox.size).toBe(size);
    // What was not taken is asked for as soon as there is room.
    while (inbox.size > 0) inbox.shiftBatch();
    expect(inbox.take(forwards[1]!)).toBe(0);
  });

  it('brings every operation once and in order, whatever is lost, repeated or late', () => {
    const event = fc.record({
      add: fc.nat({ max: 3 }),
      deliver: fc.array(fc.nat({ max: 9 }), { maxLength: 4 }),
      settle: fc.boolean(),
      newLeader: fc.nat({ max: 19 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const outbox = new Outbox(one, 'run', 0);
        let ballot = 257;
        outbox.beginStream(ballot as Ballot);
        let inbox = new Inbox();
        let sent: Forward[] = [];
        let number = 0;
        const kept: { tag: number; number: number }[] = [];
        const log: number[] = [];
        const take = (forward: Forward) => {
          if (forward.ballot !== ballot) return;
          const taken = inbox.take(forward);
          if (taken === undefined) return;
          const { stream } = forward;
          sent.push(...outbox.resend({ type: 'resend', from: one, stream, taken }));
        };
        for (const { add: count, deliver, settle, newLeader } of events) {
          for (let more = 0; more < count; more++) {
            number += 1;
            kept.push({ tag: add(outbox, number), number });
          }
          sent.push(...outbox.takeForwards());
          for (const index of deliver) if (sent[index] !== undefined) take(sent[index]);
          sent = sent.slice(-10);
          log.push(...queued(inbox));
          if (settle && kept[0] !== undefined && log.includes(kept[0].number)) {
            const done = kept.shift()!;
            outbox.settle(done.tag, session, done.number);
          }
          if (newLeader === 0) {
            ballot += 256;
            inbox = new Inbox();
            outbox.beginStream(ballot as Ballot);
          }
        }
        for (let round = 0; round < 10; round++) {
          for (const forward of outbox.takeForwards()) take(forward);
          const probe = outbox.probe();
          sent = [];
          if (probe !== undefined) take(probe);
          for (const forward of sent.splice(0)) take(forward);
          log.push(...queued(inbox));
        }
        // As `apply` sees it: each number is the next one, or one that was applied before.
        let applied = 0;
        for (const next of log) {
          expect(next).toBeLessThanOrEqual(applied + 1);
          applied = Math.max(applied, next);
        }
        expect(applied).toBe(number);
      }),
      { numRuns: 300 },
    );
  });
});

describe('messages between members', () => {
  const messages: MemberMessage[] = [
    {
      type: 'forward',
      from: one,
      stream: '1-run-1',
      ballot: FIRST,
      after: 3,
      runs: [4, 1, 6, 1],
      operations: framesOf([Uint8Array.of(97), Uint8Array.of(98)]),
    },
    { type: 'resend', from: one, stream: '1-run-1', taken: 3 },
    { type: 'touched', from: one, sessions: [session] },
    { type: 'readIndex', from: one, id: 7 },
    { type: 'readIndexAnswer', from: one, id: 7, slot: 9 as never },
    { type: 'snapshotRead', from: one, slot: 5 as never, offset: 0, length: 10 },
    {
      type: 'snapshotPiece',
      from: one,
      slot: 5 as never,
      offset: 0,
      size: 1,
      bytes: Uint8Array.of(120),
    },
    { type: 'probe', from: one },
    { type: 'clusterAsked', from: one },
    { type: 'clusterTold', from: one, clusterId: 'test' },
  ];

  it.each(messages)('$type comes back as it was', (message) => {
    const bytes = encodeMemberMessage(message);
    expect(isMemberMessage(bytes)).toBe(true);
    expect(decodeMemberMessage(bytes)).toEqual(message);
  });

  it.each(messages)(
    '$type with any byte changed is refused or readable, never a crash',
    (message) => {
      const bytes = encodeMemberMessage(message);
      for (let index = 1; index < bytes.length; index++) {
        for (const value of [0, 0x7f, 0xc0, 0xff]) {
          const spoilt = Uint8Array.from(bytes);
          spoilt[index] = value;
          try {
            decodeMemberMessage(spoilt);
          } catch (error) {
            expect(error).toMatchObject({ code: 'BAD_REQUEST' });
          }
        }
      }
    },
  );
});
