import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../paxos/contract.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import {
  accept,
  acceptedOf,
  ballot,
  decided,
  member,
  openLog,
  promise,
  slot,
} from '../testing/open-log.ts';
import { decodeIdentity, IDENTITY_COPY_FILE, IDENTITY_FILE } from './identity.ts';
import { encodeRecords, HEADER_BYTES, recordAt, recordKinds, scanRecords } from './records.ts';
import { segmentName } from './segments.ts';

/** Each group is one batch, with a sync of its own. */
function written(batches: readonly (readonly LogRecord[])[], segmentBytes?: number): MemoryStorage {
  const storage = new MemoryStorage();
  const { log } = openLog(storage, { ...(segmentBytes !== undefined && { segmentBytes }) });
  batches.forEach((batch, index) => {
    log.append(batch, index + 1);
    log.flush();
    storage.settle();
  });
  return storage;
}

const three = [
  [promise(257), accept(1, 257)],
  [accept(2, 257), decided(1)],
  [accept(3, 257), decided(2)],
];

describe('records', () => {
  it('come back as they were written, and are views of the bytes', () => {
    const payload = Buffer.from('hello');
    const bytes = Buffer.concat(
      encodeRecords(7, [
        { kind: recordKinds.entry, slot: 2 ** 40, ballot: 2 ** 41, payload },
        { kind: recordKinds.promise, slot: 0, ballot: 513, payload: new Uint8Array(0) },
      ]),
    );
    const first = recordAt(bytes, 0, 7)!;
    expect(first).toMatchObject({ kind: recordKinds.entry, slot: 2 ** 40, ballot: 2 ** 41 });
    expect(Buffer.from(first.payload).toString()).toBe('hello');
    expect(first.payload.buffer).toBe(bytes.buffer);
    expect(recordAt(bytes, first.end, 7)).toMatchObject({ kind: recordKinds.promise, ballot: 513 });
  });

  it('are not sound with any single bit changed, in another file, or cut anywhere', () => {
    const record = { kind: recordKinds.entry, slot: 5, ballot: 257, payload: Buffer.from('abc') };
    const bytes = Buffer.concat(encodeRecords(1, [record]));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const spoilt = Buffer.from(bytes);
      spoilt[bit >> 3]! ^= 1 << (bit & 7);
      expect(recordAt(spoilt, 0, 1)).toBeUndefined();
    }
    expect(recordAt(bytes, 0, 2)).toBeUndefined();
    for (let length = 0; length < bytes.length; length++) {
      expect(recordAt(bytes.subarray(0, length), 0, 1)).toBeUndefined();
    }
  });

  it('behind a damaged region are found again', () => {
    const records = [1, 2, 3].map((at) => ({
      kind: recordKinds.entry,
      slot: at,
      ballot: 257,
      payload: Buffer.from(`value ${at}`),
    }));
    const bytes = Buffer.concat(encodeRecords(1, records));
    const length = HEADER_BYTES + 7;
    bytes[length + 3]! ^= 1;
    const scan = scanRecords(bytes, 1);
    expect(scan.records.map((record) => record.slot)).toEqual([1, 3]);
    expect(scan.damage).toEqual([{ from: length, to: 2 * length }]);
  });
});

describe('the log', () => {
  it('gives back promise, accepts and decided mark', () => {
    const opened = openLog(written(three));
    expect(opened.recovered).toMatchObject({
      promised: 257,
      decidedUpTo: 2,
      snapshotSlot: 0,
      mayVote: true,
      disk: 'test-1',
    });
    expect(acceptedOf(opened)).toEqual(['1@257 value 1', '2@257 value 2', '3@257 value 3']);
  });

  it('gives back the last accept of a slot, and configurations and noops', () => {
    const configuration = { members: [{ id: member(1), disk: 'd' as never }] };
    const opened = openLog(
      written([
        [accept(1, 257, 'old')],
        [accept(1, 514, 'new')],
        [
          { kind: 'accept', slot: slot(2), ballot: ballot(514), value: { kind: 'noop' } },
          {
            kind: 'accept',
            slot: slot(3),
            ballot: ballot(514),
            value: { kind: 'configuration', configuration },
          },
        ],
      ]),
    );
    expect(acceptedOf(opened)).toEqual(['1@514 new', '2@514 noop', '3@514 configuration']);
    expect(opened.recovered.accepted[2]!.value).toEqual({ kind: 'configuration', configuration });
    expect(opened.recovered.promised).toBe(514);
  });

  it('has one batch under way, and gathers what comes meanwhile into the next', () => {
    const storage = new MemoryStorage();
    const { log, saved } = openLog(storage);
    for (let token = 1; token <= 3; token++) {
      log.append([accept(token, 257)], token);
      log.flush();
    }
    // Head, identity and its copy come before the first batch.
    for (let count = 0; count < 4; count++) storage.settleOne();
    expect(saved).toEqual([1]);
    expect(storage.waitingCount).toBe(1);
    storage.settleOne();
    expect(saved).toEqual([1, 2, 3]);
  });

  it('lets decided marks wait for a batch that leaves anyway, or for the lazy flush', () => {
    const storage = new MemoryStorage();
    const { log, saved } = openLog(storage);
    log.append([decided(1)], 1);
    log.flush();
    expect(storage.waitingCount).toBe(0);
    log.flushLazily();
    storage.settle();
    expect(saved).toEqual([1]);
  });

  it('marks its last batch as synced when nothing else comes, and then rests', () => {
    const storage = written([[accept(1, 257)]]);
    const { log } = openLog(storage);
    log.append([accept(2, 257)], 1);
    log.flush();
    storage.settle();
    log.flushLazily();
    expect(storage.waitingCount).toBe(1);
    storage.settle();
    log.flushLazily();
    expect(storage.waitingCount).toBe(0);
  });

  it.each(['DISK_FULL', 'DISK_FAILED'] as const)(
    'stops the member when a sync fails: %s',
    (code) => {
      const storage = new MemoryStorage();
      const { log, saved } = openLog(storage);
      log.append([accept(1, 257)], 1);
      log.flush();
      storage.failNext = { code, message: 'it failed' };
      expect(() => storage.settle()).toThrow(expect.objectContaining({ code }));
      expect(saved).toEqual([]);
    },
  );

  it('lays its segment out with zeros, but not beyond where it is sealed', () => {
    const storage = new MemoryStorage();
    const { log } = openLog(storage, { aheadBytes: 500, segmentBytes: 1200 });
    const sizes = new Set<number>();
    for (let at = 1; at <= 20; at += 1) {
      log.append([accept(at, 257)], at);
      log.flush();
      storage.settle();
      const [first, second] = [1, 2].map((number) => storage.files.get(segmentName(number)));
      sizes.add(first!.length);
      const { damage } = scanRecords(first!, 1);
      if (second !== undefined) expect(damage).toEqual([]);
      for (const { from } of damage)
        expect(first!.subarray(from).every((byte) => byte === 0)).toBe(true);
    }
    // Some lengths for some ten batches.
    expect(sizes.size).toBeGreaterThan(1);
    expect(sizes.size).toBeLessThan(6);
    expect(storage.files.has(segmentName(2))).toBe(true);
    const opened = openLog(storage);
    expect(acceptedOf(opened)).toHaveLength(20);
    expect(opened.recovered.mayVote).toBe(true);
  });

  it('goes on in a new segment, and repeats the promise at its head', () => {
    const storage = written(
      [[promise(770)], [accept(1, 770)], [accept(2, 770)], [accept(3, 770)]],
      200,
    );
    expect([...storage.files.keys()]).toContain(segmentName(2));
    const { log } = openLog(storage, { segmentBytes: 200 });
    log.append([accept(4, 770), decided(3)], 1);
    log.flush();
    storage.settle();
    log.forgetUpTo(slot(2));
    storage.settle();
    expect([...storage.files.keys()]).not.toContain(segmentName(1));
    storage.files.set(segmentName(1), new Uint8Array(3));
    expect(openLog(storage).segments.map(({ number }) => number)).not.toContain(1);
    // A crash between the identity and the removal left it there.
    expect([...storage.files.keys()]).not.toContain(segmentName(1));
    // Without the snapshot that allowed it, what was forgotten counts as lost.
    expect(openLog(storage).recovered).toMatchObject({ promised: 770, mayVote: false });
  });
});

describe('a torn tail', () => {
  it('is cut at any byte, and what had been synced stays', () => {
    const storage = written(three);
    const { log } = openLog(storage);
    log.append([promise(1025), accept(4, 1025), accept(5, 1025)], 1);
    log.flush();
    const before = storage.copy();
    for (let bytes = 0; bytes <= storage.waitingBytes; bytes++) {
      const torn = Object.assign(storage.copy(), {});
      const waiting = openLog(torn).log;
      waiting.append([promise(1025), accept(4, 1025), accept(5, 1025)], 1);
      waiting.flush();
      torn.crash(bytes);
      const opened = openLog(torn);
      expect(opened.recovered).toMatchObject({ mayVote: true, disk: 'test-1', decidedUpTo: 2 });
      expect(acceptedOf(opened).slice(0, 3)).toEqual(acceptedOf(openLog(before.copy())));
    }
  });

  it('may hold whole records behind a hole: they go with it', () => {
    const storage = written(three);
    const { log } = openLog(storage);
    log.append([accept(4, 257)], 1);
    log.flush();
    storage.settle();
    const name = [...storage.files.keys()].filter((file) => file.startsWith('log-')).at(-1)!;
    // The last batch has no mark behind it: its own mark is spoilt, its record is whole.
    const scan = scanRecords(storage.read(name), 2);
    const mark = scan.records.find((record) => record.kind === recordKinds.mark)!;
    storage.spoil(name, mark.offset + 5);
    const opened = openLog(storage);
    expect(acceptedOf(opened)).toHaveLength(3);
    expect(opened.recovered.mayVote).toBe(true);
  });
});

describe('damage of what had been synced', () => {
  const acceptOffset = (storage: MemoryStorage, name: string, at: number) =>
    scanRecords(storage.read(name), Number(name.slice(4))).records.find(
      (record) => record.kind === recordKinds.entry && record.slot === at,
    )!.offset;

  it.each([
    [
      'a record in the middle',
      (s: MemoryStorage) => s.spoil(segmentName(1), acceptOffset(s, segmentName(1), 2) + 40),
    ],
    [
      'a mark, before a later one',
      (s: MemoryStorage) => {
        const marks = scanRecords(s.read(segmentName(1)), 1).records.filter(
          (record) => record.kind === recordKinds.mark,
        );
        s.spoil(segmentName(1), marks[1]!.offset + 20);
      },
    ],
    ['the head of a segment', (s: MemoryStorage) => s.spoil(segmentName(1), 10)],
    ['a segment that is gone', (s: MemoryStorage) => s.files.delete(segmentName(1))],
    [
      'the end of a sealed segment',
      (s: MemoryStorage) => {
        const { log } = openLog(s);
        log.append([accept(4, 257)], 1);
        log.flush();
        s.settle();
        s.truncate(segmentName(1), acceptOffset(s, segmentName(1), 3));
      },
    ],
    ['the identity', (s: MemoryStorage) => s.spoil(IDENTITY_FILE, 30)],
    ['the identity, which is gone', (s: MemoryStorage) => s.files.delete(IDENTITY_FILE)],
  ])('%s: a new disk, no vote, the promise kept', (_, spoil) => {
    const storage = written([...three, [promise(1025)], [promise(1026)]]);
    spoil(storage);
    const opened = openLog(storage);
    expect(opened.recovered.mayVote).toBe(false);
    expect(opened.recovered.disk).not.toBe('test-1');
    if (storage.files.has(segmentName(1))) expect(opened.recovered.promised).toBe(1026);
    const { disk } = opened.recovered;
    // It was found once: the next start does not take it for new damage, unless slots are still missing.
    const again = openLog(storage);
    expect(again.recovered.mayVote).toBe(false);
    if (again.recovered.decidedUpTo >= 2) expect(again.recovered.disk).toBe(disk);
  });

  it('never lets a gap count as decided, and keeps what is behind it and what was decided before it', () => {
    const storage = written([
      [promise(257), accept(1, 257)],
      [accept(2, 257), decided(1)],
      [accept(3, 257), decided(1)],
      [accept(4, 257), decided(3)],
      [promise(1027)],
    ]);
    storage.spoil(segmentName(1), acceptOffset(storage, segmentName(1), 3) + 40);
    const opened = openLog(storage);
    expect(opened.recovered.decidedUpTo).toBe(1);
    expect(acceptedOf(opened)).toEqual(['1@257 value 1', '4@257 value 4']);
  });

  it.each([
    [
      'a record',
      (s: MemoryStorage) => {
        const chosen = scanRecords(s.read(segmentName(1)), 1).records.find(
          (record) => record.kind === recordKinds.entry && record.ballot === 514,
        )!;
        s.spoil(segmentName(1), chosen.offset + 40);
      },
      undefined,
    ],
    ['a segment', (s: MemoryStorage) => s.files.delete(segmentName(2)), 150],
    [
      'the end of a segment',
      (s: MemoryStorage) => {
        const chosen = acceptOffset(s, segmentName(2), 1);
        s.truncate(segmentName(2), chosen);
      },
      150,
    ],
  ])('does not let a mark behind it vouch for what was read before it: %s', (_, spoil, bytes) => {
    const storage = written(
      [[accept(1, 257, 'stale')], [accept(1, 514, 'chosen')], [decided(1), accept(2, 514)]].flatMap(
        (batch) => [batch, [promise(514)]],
      ),
      bytes,
    );
    spoil(storage);
    const opened = openLog(storage);
    expect(opened.recovered).toMatchObject({ mayVote: false, decidedUpTo: 0 });
    expect(acceptedOf(opened)).toEqual(['2@514 value 2']);
    opened.log.append([accept(1, 514, 'chosen')], 1);
    opened.log.flush();
    storage.settle();
    const again = openLog(storage);
    expect(again.recovered).toMatchObject({ disk: opened.recovered.disk, decidedUpTo: 1 });
    expect(acceptedOf(again)).toEqual(['1@514 chosen', '2@514 value 2']);
  });

  it.each([
    ['the last one', () => undefined],
    [
      'one before a segment that a crash has left without its head',
      (s: MemoryStorage) => s.files.set(segmentName(2), new Uint8Array(5)),
    ],
  ])('is found in a segment that was emptied: %s', (_, also) => {
    const storage = written([[promise(257), accept(1, 257)]]);
    storage.truncate(segmentName(1), 0);
    also(storage);
    const opened = openLog(storage);
    expect(opened.recovered.mayVote).toBe(false);
    expect(opened.recovered.disk).not.toBe('test-1');
    expect(openLog(storage).recovered.disk).toBe(opened.recovered.disk);
  });

  it('is over when the lost slots were fetched and the new disk is in use', () => {
    const storage = written([...three, [promise(1026)], [promise(1027)]]);
    storage.spoil(segmentName(1), acceptOffset(storage, segmentName(1), 2) + 40);
    const opened = openLog(storage);
    opened.log.append([accept(1, 257), accept(2, 257), decided(3)], 1);
    opened.log.flush();
    storage.settle();
    const again = openLog(storage);
    expect(again.recovered).toMatchObject({ disk: opened.recovered.disk, decidedUpTo: 3 });
  });
});

describe('any history of batches, crashes and tears', () => {
  it('gives back all that was said to be saved, and nothing that was never written', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('append' as const) },
      { weight: 3, arbitrary: fc.constant('settleOne' as const) },
      { weight: 2, arbitrary: fc.constant('settle' as const) },
      { weight: 1, arbitrary: fc.constant('lazy' as const) },
      { weight: 2, arbitrary: fc.nat({ max: 400 }) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(150, 400, 100_000),
        (steps, segmentBytes) => {
          const storage = new MemoryStorage();
          let opened = openLog(storage, { segmentBytes });
          let nextSlot = 1;
          let token = 0;
          let highest = 0;
          const byToken = new Map<number, number>();
          for (const action of steps) {
            if (action === 'append') {
              token += 1;
              byToken.set(token, nextSlot);
              highest = Math.max(highest, 257 + nextSlot);
              opened.log.append([accept(nextSlot, 257 + nextSlot)], token);
              opened.log.flush();
              nextSlot += 1;
            } else if (action === 'settleOne') storage.settleOne();
            else if (action === 'settle') storage.settle();
            else if (action === 'lazy') opened.log.flushLazily();
            else {
              const savedSlot = Math.max(0, ...opened.saved.map((one) => byToken.get(one)!));
              const known = opened.recovered.accepted.length;
              storage.crash(action);
              opened = openLog(storage, { segmentBytes });
              const { recovered } = opened;
              expect(recovered.mayVote).toBe(true);
              const slots = recovered.accepted.map((one) => one.slot as number);
              expect(slots).toEqual(slots.map((_, index) => index + 1));
              expect(slots.length).toBeGreaterThanOrEqual(Math.max(savedSlot, known));
              expect(slots.length).toBeLessThan(nextSlot);
              // The head of a segment may repeat a promise of the batch that was lost behind it.
              expect(recovered.promised).toBeGreaterThanOrEqual(
                slots.length === 0 ? 0 : 257 + slots.length,
              );
              expect(recovered.promised).toBeLessThanOrEqual(highest);
              nextSlot = slots.length + 1;
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the identity', () => {
  it('of a bootstrap names every member, and may vote', () => {
    const { identity } = openLog(new MemoryStorage(), { id: 2 });
    expect(identity).toMatchObject({ clusterId: 'test', member: 2, disk: 'test-2', mayVote: true });
    expect(identity.configuration.members.map(({ disk }) => disk)).toEqual([
      'test-1',
      'test-2',
      'test-3',
    ]);
  });

  it('of an empty disk without a bootstrap is a new disk that does not vote', () => {
    const storage = new MemoryStorage();
    const first = openLog(storage, { bootstrap: false });
    expect(first.recovered).toMatchObject({ mayVote: false, configuration: { members: [] } });
    const again = openLog(storage, { bootstrap: false });
    expect(again.recovered.disk).toBe(first.recovered.disk);
    expect(openLog(new MemoryStorage(), { bootstrap: false }).recovered.disk).not.toBe(
      first.recovered.disk,
    );
  });

  it('is kept when a bootstrap of the same cluster is given again', () => {
    const storage = new MemoryStorage();
    openLog(storage, { bootstrap: false });
    expect(openLog(storage).recovered.mayVote).toBe(false);
  });

  it.each([
    ['another member', (s: MemoryStorage) => openLog(s, { id: 2 }), /belong to member 1/],
    [
      'both files spoilt',
      (s: MemoryStorage) => {
        s.spoil(IDENTITY_FILE, 3);
        s.spoil(IDENTITY_COPY_FILE, 3);
        openLog(s);
      },
      /empty the data directory/,
    ],
    [
      'another cluster',
      (s: MemoryStorage) => {
        const text = Buffer.from(s.read(IDENTITY_FILE)).toString();
        expect(decodeIdentity(Buffer.from(text)).clusterId).toBe('test');
        const other = new MemoryStorage();
        for (const [name, content] of s.files) other.files.set(name, content);
        openOther(other);
      },
      /belong to the cluster test, not to other/,
    ],
  ])('%s: WRONG_DATA_DIRECTORY, with the remedy', (_, open, message) => {
    const storage = new MemoryStorage();
    openLog(storage);
    expect(() => open(storage)).toThrow(
      expect.objectContaining({
        code: 'WRONG_DATA_DIRECTORY',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('is asked for a member that the bootstrap does not name: BAD_ARGUMENT', () => {
    expect(() => openLog(new MemoryStorage(), { id: 9 })).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT' }),
    );
  });
});

function openOther(storage: MemoryStorage): void {
  openLog(storage, { clusterId: 'other' });
}
