import { describe, expect, test } from 'vitest';
import type { Ballot, Slot } from '../../../protocol/ids.ts';
import { chunksOf, reportedBytes } from './chunks.ts';
import type { Value } from './contract.ts';
import {
  emptyLog,
  entriesBetween,
  forget,
  forgetUpTo,
  heldBallots,
  type LogView,
  putEntry,
  valueBytes,
} from './log-view.ts';
import type { ReportedEntry } from './messages.ts';
import { coveredUpTo, mergeRanges } from './promises.ts';

const slot = (number: number) => number as Slot;
const put = (log: LogView, at: number, bytes = 10, ballot = 257) =>
  putEntry(log, {
    slot: slot(at),
    ballot: ballot as Ballot,
    value: { kind: 'entry', bytes: new Uint8Array(bytes) },
    decided: true,
  });
const slotsOf = (log: LogView) => [...log.entries.keys()].sort((a, b) => a - b);

describe('forget', () => {
  test.each([
    ['all but what is above the snapshot, without room for more', 6, 0, 1e9, [7, 8]],
    ['keeps as many slots as allowed', 6, 2, 1e9, [5, 6, 7, 8]],
    ['keeps as many bytes as allowed', 6, 100, 3 * 42, [4, 5, 6, 7, 8]],
    ['keeps everything where there is room', 6, 100, 1e9, [1, 2, 3, 4, 5, 6, 7, 8]],
  ])('%s', (_, upTo, slotsMax, bytesMax, kept) => {
    const log = emptyLog(slot(0));
    for (let at = 1; at <= 8; at++) put(log, at);
    forget(log, slot(upTo), slotsMax, bytesMax);
    expect(slotsOf(log)).toEqual(kept);
    expect(log.forgottenUpTo).toBe(kept[0]! - 1);
    expect(log.memoryBytes).toBe(kept.length * 42);
  });

  test('never takes back what was forgotten', () => {
    const log = emptyLog(slot(0));
    for (let at = 1; at <= 8; at++) put(log, at);
    forget(log, slot(6), 0, 1e9);
    forget(log, slot(3), 100, 1e9);
    expect(log.forgottenUpTo).toBe(6);
  });

  test('beyond the end of the log leaves an empty one that begins there', () => {
    const log = emptyLog(slot(0));
    put(log, 1);
    forgetUpTo(log, slot(9));
    expect([slotsOf(log), log.memoryBytes, log.forgottenUpTo, log.lastSlot]).toEqual([[], 0, 9, 9]);
  });
});

test('an entry that replaces another counts once', () => {
  const log = emptyLog(slot(0));
  put(log, 1, 1000);
  put(log, 1, 10);
  expect(log.memoryBytes).toBe(42);
});

test('slots that are not held are left out, or have ballot 0', () => {
  const log = emptyLog(slot(2));
  put(log, 3);
  put(log, 6, 10, 514);
  expect([...entriesBetween(log, slot(2), slot(99))].map((entry) => entry.slot)).toEqual([3, 6]);
  expect(heldBallots(log, slot(2), 10)).toEqual([257, 0, 0, 514]);
  expect(heldBallots(log, slot(2), 2)).toEqual([257, 0]);
  expect(heldBallots(log, slot(6), 10)).toEqual([]);
});

describe('chunksOf', () => {
  const entry = (at: number, bytes: number): ReportedEntry => ({
    slot: slot(at),
    ballot: 257 as Ballot,
    value: { kind: 'entry', bytes: new Uint8Array(bytes) },
  });

  test('nothing makes one empty chunk', () => {
    expect(chunksOf([], 1000)).toEqual([[]]);
  });

  test('each chunk fits, in order, nothing left out', () => {
    const entries = Array.from({ length: 50 }, (_, at) => entry(at + 1, (at * 37) % 300));
    const chunks = chunksOf(entries, 1000);
    expect(chunks.flat()).toEqual(entries);
    expect(chunks.length).toBeGreaterThan(1);
    for (const chunk of chunks) {
      expect(chunk.reduce((sum, one) => sum + reportedBytes(one), 512)).toBeLessThanOrEqual(1000);
    }
  });

  test('one that is too large goes alone', () => {
    expect(
      chunksOf([entry(1, 10), entry(2, 5000), entry(3, 10)], 1000).map((one) => one.length),
    ).toEqual([1, 1, 1]);
  });

  test('a value that is left out costs little', () => {
    expect(reportedBytes({ slot: slot(1), ballot: 257 as Ballot })).toBeLessThan(
      valueBytes({ kind: 'noop' }) + 1,
    );
  });
});

describe('chunks', () => {
  const read: number[] = [];
  function* entries(count: number) {
    for (let at = 1; at <= count; at++) {
      read.push(at);
      const value: Value = { kind: 'entry', bytes: new Uint8Array(100) };
      yield { slot: slot(at), ballot: 257 as Ballot, value };
    }
  }

  test('hold as much as fits a message, and of what is beyond the last only one entry is read', () => {
    const slotsIn = (chunks: ReturnType<typeof chunksOf>) =>
      chunks.map((chunk) => chunk.map((entry) => entry.slot));
    expect(slotsIn(chunksOf(entries(5), 800))).toEqual([[1, 2], [3, 4], [5]]);
    read.length = 0;
    expect(slotsIn(chunksOf(entries(1000), 800, 2))).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(read).toEqual([1, 2, 3, 4, 5]);
    expect(chunksOf([], 800, 2)).toEqual([[]]);
  });
});

describe('chunks of a promise', () => {
  const end = Number.POSITIVE_INFINITY;
  test.each([
    ['nothing yet', [], 0],
    ['the first part', [[0, 5]], 5],
    ['the last part only', [[5, end]], 0],
    [
      'out of order',
      [
        [5, end],
        [0, 5],
      ],
      end,
    ],
    [
      'with a gap',
      [
        [0, 4],
        [5, end],
      ],
      4,
    ],
    [
      'overlapping, from two sendings cut differently',
      [
        [0, 3],
        [2, 7],
        [7, end],
      ],
      end,
    ],
    [
      'repeated',
      [
        [0, 3],
        [0, 3],
      ],
      3,
    ],
    ['of an earlier prepare that began above', [[2, end]], 0],
  ])('%s', (_, parts, covered) => {
    const ranges = mergeRanges(parts.map(([after, upTo]) => ({ after: after!, upTo: upTo! })));
    const progress = { disk: 'd' as never, ranges, entries: new Map() };
    expect(coveredUpTo(progress, slot(0))).toBe(covered);
  });

  test('what is decided meanwhile need not be covered', () => {
    const progress = { disk: 'd' as never, ranges: [{ after: 4, upTo: end }], entries: new Map() };
    expect(coveredUpTo(progress, slot(3))).toBe(3);
    expect(coveredUpTo(progress, slot(4))).toBe(end);
    expect(coveredUpTo(progress, slot(9))).toBe(end);
  });
});
