import { describe, expect, it } from 'vitest';
import { SyncPace } from './sync-pace.ts';

/** How many of these syncs were waited for, and how long altogether. `overheadMs`: of another thread. */
function played(syncsMs: readonly number[], pace = new SyncPace(), overheadMs = 0) {
  let waits = 0;
  let waitedMs = 0;
  for (const tookMs of syncsMs) {
    if (pace.isQuick) {
      waits += 1;
      waitedMs += tookMs;
      pace.waited(tookMs);
    } else pace.passed(tookMs + overheadMs);
  }
  return { waits, waitedMs, pace };
}

const times = (count: number, ms: number) => Array.from({ length: count }, () => ms);

describe('a sync', () => {
  it('is waited for on a quick disk', () => {
    expect(played(times(10_000, 0.1)).waits).toBe(10_000);
  });

  it('is waited for where another thread takes far longer', () => {
    expect(played(times(10_000, 0.8), new SyncPace(), 2).waits).toBeGreaterThan(9000);
    expect(played(times(10_000, 0.8), new SyncPace(), 0.2).waits).toBeLessThan(500);
  });

  it('of a slow disk is waited for once', () => {
    expect(played(times(100_000, 200)).waits).toBe(1);
  });

  it('of a disk of a few milliseconds is tried now and then, ever more rarely', () => {
    const { waits, waitedMs } = played(times(100_000, 4));
    expect(waits).toBeLessThan(120);
    expect(waitedMs).toBeLessThan(500);
  });

  it('is waited for again once the disk is quick again', () => {
    const { pace } = played([...times(100, 0.1), 100, ...times(10_000, 200)]);
    expect(pace.isQuick).toBe(false);
    expect(played(times(1000, 0.1), pace).waits).toBeGreaterThan(500);
  });

  it('may be late once in a while', () => {
    const some = Array.from({ length: 10_000 }, (_, index) => (index % 500 === 499 ? 4 : 0.1));
    expect(played(some).waits).toBe(10_000);
  });

  it('that stalls now and then is waited for ever more rarely', () => {
    const some = Array.from({ length: 200_000 }, (_, index) => (index % 200 === 199 ? 500 : 0.1));
    expect(played(some).waitedMs).toBeLessThan(30_000);
  });
});
