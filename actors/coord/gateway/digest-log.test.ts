import { expect, it } from 'vitest';
import type { Zxid } from '../../../protocol/ids.ts';
import { DigestLog } from './digest-log.ts';

/** Slots of so many operations each. */
function logOf(slots: number, operations: number): DigestLog {
  const log = new DigestLog();
  for (let slot = 0; slot < slots; slot += 1)
    log.applied(
      (slot * operations) as Zxid,
      ((slot + 1) * operations) as Zxid,
      () => `${(slot + 1) * operations}`,
    );
  return log;
}

it('every 128th zxid is kept once, the newest 1024 of them', () => {
  const { entries } = logOf(128 * 1025, 1);
  expect(entries).toHaveLength(1024);
  expect(entries[0]?.zxid).toBe(256n);
  expect(entries.at(-1)?.zxid).toBe(128n * 1025n);
});

it('of a slot that passes a 128th zxid its last one is kept', () => {
  expect(logOf(4, 100).entries.map(({ zxid }) => zxid)).toEqual([200n, 300n, 400n]);
  expect(logOf(2, 300).entries.map(({ zxid }) => zxid)).toEqual([300n, 600n]);
  expect(logOf(3, 0).entries).toEqual([]);
});
