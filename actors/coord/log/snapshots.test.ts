import { describe, expect, it } from 'vitest';
import type { Clock } from '../../actor.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { ballot, member, slot } from '../testing/open-log.ts';
import type { SnapshotReader } from '../znodes/contract.ts';
import { znodeStates } from '../znodes/znodes.ts';
import {
  FETCHED_FILE,
  keepNewest,
  listSnapshots,
  removeLeftovers,
  SnapshotWriter,
  snapshotChunks,
  snapshotName,
} from './snapshots.ts';
import { PIECE_BYTES, readPieces, SnapshotFetch, type SnapshotRead } from './transfer.ts';

/** Time that a test moves by hand. */
class HandClock implements Clock {
  private nowMs = 0;
  private timers: { atMs: number; run: () => void }[] = [];
  monotonicMs = () => this.nowMs;
  wallMs = () => this.nowMs;

  after(delayMs: number, run: () => void) {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.timers.push(timer);
    return {
      cancel: () => {
        this.timers = this.timers.filter((other) => other !== timer);
      },
    };
  }

  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.timers = this.timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { run } of due) run();
  }
}

function readerOf(at: number, chunks: readonly Uint8Array[]): SnapshotReader {
  const left = [...chunks];
  return { slot: slot(at), next: () => left.shift(), cancel: () => left.splice(0) };
}

function write(storage: MemoryStorage, at: number, chunks: readonly Uint8Array[]): void {
  const clock = new HandClock();
  let done = false;
  const writer = new SnapshotWriter({
    storage,
    clock,
    reader: readerOf(at, chunks),
    promised: ballot(513),
    clusterId: 'test',
    pauseMs: 1,
    done: () => {
      done = true;
    },
  });
  writer.start();
  for (let turns = 0; !done && turns < 1000; turns++) {
    storage.settle();
    clock.pass(1);
  }
  expect(done).toBe(true);
}

/** Of the chunks only what is wrong with them matters. */
function* passOver<End>(steps: Generator<Uint8Array, End>): Generator<void, End> {
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) yield;
  return step.value;
}

function readWhole(storage: MemoryStorage, name: string, at: number) {
  const reading = snapshotChunks(storage, name, slot(at));
  const chunks: Uint8Array[] = [];
  for (;;) {
    const next = reading.next();
    if (next.done === true) return { chunks, head: next.value };
    chunks.push(next.value);
  }
}

const chunksOf = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, index) => new Uint8Array(bytes).fill(index + 1));

describe('a snapshot file', () => {
  it('gives back its chunks, in order, whatever their number', () => {
    for (const count of [0, 1, 2, 7]) {
      const storage = new MemoryStorage();
      const chunks = chunksOf(count, 200_000);
      write(storage, 5, chunks);
      const name = snapshotName(slot(5));
      const reading = readWhole(storage, name, 5);
      expect(reading.head).toMatchObject({ promised: 513, clusterId: 'test' });
      expect(reading.chunks.map((one) => one[0])).toEqual(chunks.map((one) => one[0]));
    }
  });

  it('has its name only when it is whole, and leaves nothing behind when it was interrupted', () => {
    const storage = new MemoryStorage();
    const clock = new HandClock();
    const options = { storage, clock, promised: ballot(1), clusterId: 'test', pauseMs: 1 };
    const reader = readerOf(5, chunksOf(3, 10));
    new SnapshotWriter({ ...options, reader, done: () => undefined }).start();
    storage.settle();
    clock.pass(1);
    storage.settle();
    expect(listSnapshots(storage)).toEqual([]);
    expect(storage.files.size).toBe(1);
    removeLeftovers(storage);
    storage.settle();
    expect(storage.files.size).toBe(0);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'is not published, nor gone on with, when cancelled before write %i is on disk',
    (writes) => {
      const storage = new MemoryStorage();
      const clock = new HandClock();
      const done: number[] = [];
      const writer = new SnapshotWriter({
        storage,
        clock,
        promised: ballot(1),
        clusterId: 'test',
        pauseMs: 1,
        reader: readerOf(5, chunksOf(2, 10)),
        done: (at) => done.push(at),
      });
      writer.start();
      // Removal of a former one, head, two chunks, end, and the new name.
      for (let count = 0; count < writes; count++) {
        storage.settleOne();
        clock.pass(1);
      }
      expect(storage.waitingCount).toBeGreaterThan(0);
      writer.cancel();
      for (let turns = 0; turns < 10; turns++) {
        storage.settle();
        clock.pass(1);
      }
      expect(done).toEqual([]);
      // Only the last write gives the name, and then the snapshot is whole.
      for (const { slot: at } of listSnapshots(storage)) {
        expect(writes).toBe(5);
        const name = snapshotName(at);
        expect(readWhole(storage, name, at).chunks).toHaveLength(2);
      }
    },
  );

  it('is not sound with any byte changed, nor cut anywhere', () => {
    const storage = new MemoryStorage();
    write(storage, 5, chunksOf(2, 40));
    const name = snapshotName(slot(5));
    const whole = storage.read(name);
    const check = (content: Uint8Array) => {
      const other = new MemoryStorage();
      other.files.set(name, content);
      expect(() => readWhole(other, name, 5)).toThrow(
        expect.objectContaining({ code: 'LOG_DAMAGED' }),
      );
    };
    for (let offset = 0; offset < whole.length; offset++) {
      const spoilt = whole.slice();
      spoilt[offset]! ^= 1;
      check(spoilt);
      check(whole.slice(0, offset));
    }
  });

  it('of another slot is not taken for this one', () => {
    const storage = new MemoryStorage();
    write(storage, 5, []);
    storage.files.set(snapshotName(slot(6)), storage.read(snapshotName(slot(5))));
    expect(() => readWhole(storage, snapshotName(slot(6)), 6)).toThrow(/damaged/);
  });

  it('is kept with the one before it; the log is needed from the older on', () => {
    const storage = new MemoryStorage();
    write(storage, 5, []);
    expect(keepNewest(storage)).toBe(0);
    write(storage, 9, []);
    expect(keepNewest(storage)).toBe(5);
    write(storage, 12, []);
    expect(keepNewest(storage)).toBe(9);
    storage.settle();
    expect(listSnapshots(storage).map((file) => file.slot)).toEqual([9, 12]);
  });
});

describe('a transfer', () => {
  /** A receiver beside a sender; `lose` says which pieces do not arrive. */
  function transfer(
    source: MemoryStorage,
    options: { lose?: (count: number) => boolean; messageBytesMax?: number } = {},
  ) {
    const storage = new MemoryStorage();
    const clock = new HandClock();
    const asked: SnapshotRead[] = [];
    let done: { slot: number | undefined } | undefined;
    const fetch = new SnapshotFetch({
      storage,
      clock,
      log: silentLog,
      member: member(1),
      from: member(2),
      above: slot(3),
      timeoutMs: 100,
      send: (_, read) => asked.push(read),
      *restore(name, at) {
        const head = yield* passOver(snapshotChunks(storage, name, at));
        return { head, state: znodeStates.empty({ members: [] }) };
      },
      done: (fetched) => {
        done = { slot: fetched?.head.slot };
      },
    });
    let pieces = 0;
    let largest = 0;
    let answered = 0;
    const turn = () => {
      if (answered < asked.length) {
        const read = asked[answered]!;
        answered += 1;
        for (const piece of readPieces(source, member(2), read, options.messageBytesMax ?? 1e6)) {
          pieces += 1;
          largest = Math.max(largest, piece.bytes.length);
          if (options.lose?.(pieces) !== true) fetch.take(piece);
        }
      }
      storage.settle();
    };
    fetch.start();
    const run = (turns = 200) => {
      for (let count = 0; done === undefined && count < turns; count++) {
        turn();
        if (answered === asked.length) clock.pass(20);
      }
    };
    return { storage, asked, run, outcome: () => done, largest: () => largest };
  }

  const large = () => {
    const source = new MemoryStorage();
    write(source, 7, chunksOf(30, 100_000));
    return source;
  };

  it.each([
    ['nothing lost', () => false],
    ['every third piece lost', (count: number) => count % 3 === 0],
    ['the first four lost', (count: number) => count <= 4],
  ])('brings the same file: %s', (_, lose) => {
    const source = large();
    const { storage, run, outcome } = transfer(source, { lose });
    run();
    expect(outcome()).toEqual({ slot: 7 });
    const name = snapshotName(slot(7));
    expect(Buffer.compare(storage.read(name), source.read(name))).toBe(0);
    expect(storage.files.has(FETCHED_FILE)).toBe(false);
  });

  it('is cut into pieces that fit a message, where the server takes little', () => {
    const { run, outcome, largest } = transfer(large(), { messageBytesMax: 100_000 });
    run();
    expect([outcome(), largest()]).toEqual([{ slot: 7 }, 100_000]);
  });

  it('never has more asked for than the window', () => {
    const { asked, run } = transfer(large());
    run();
    for (const { length } of asked) expect(length).toBeLessThanOrEqual(4 * PIECE_BYTES);
    expect(asked.length).toBeGreaterThan(3);
  });

  it('begins anew with a newer file when the one asked for has gone', () => {
    const source = large();
    const { run, outcome } = transfer(source);
    run(2);
    source.files.delete(snapshotName(slot(7)));
    write(source, 9, chunksOf(5, 100_000));
    run();
    expect(outcome()).toEqual({ slot: 9 });
  });

  it.each([
    ['there is none', () => new MemoryStorage()],
    [
      'it is not newer than what is known',
      () => {
        const source = new MemoryStorage();
        write(source, 3, []);
        return source;
      },
    ],
    [
      'it is damaged at the other side',
      () => {
        const source = large();
        source.spoil(snapshotName(slot(7)), 1_000_000);
        return source;
      },
    ],
  ])('is given up when %s', (_, make) => {
    const { run, outcome, storage } = transfer(make());
    run();
    expect(outcome()).toEqual({ slot: undefined });
    expect(listSnapshots(storage)).toEqual([]);
  });

  it('is given up when nobody answers', () => {
    const { run, outcome } = transfer(large(), { lose: () => true });
    run();
    expect(outcome()).toEqual({ slot: undefined });
  });
});
