import { describe, expect, test } from 'vitest';
import { storageConformance } from '../tests/conformance/storage.ts';
import { SimulatedDisk } from './disk.ts';
import { Life } from './life.ts';
import { SeededRandom } from './random.ts';
import { Scheduler } from './scheduler.ts';

function fresh(seed: number) {
  const scheduler = new Scheduler();
  const disk = new SimulatedDisk(scheduler, new SeededRandom(seed));
  const life = new Life('test');
  return { scheduler, disk, life, storage: disk.attach(life) };
}
const filled = (value: number, count: number) => new Uint8Array(count).fill(value);

test('what was saved survives every crash, what was not is a torn tail at most', () => {
  const lengths = new Set<number>();
  let torn = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { scheduler, disk, life, storage } = fresh(seed);
    let saved = 0;
    storage.append('log', [filled(1, 100)], () => saved++);
    scheduler.runUntil(10_000);
    expect(saved).toBe(1);
    storage.append('log', [filled(2, 60)], () => saved++);
    storage.append('log', [filled(3, 60)], () => saved++);
    life.end();
    disk.crash('machine');
    scheduler.runUntil(20_000);
    expect(saved).toBe(1);
    const content = disk.attach(new Life('again')).read('log');
    expect(content.slice(0, 100)).toEqual(filled(1, 100));
    expect(content.length).toBeLessThanOrEqual(220);
    lengths.add(content.length);
    if (content.slice(100).some((byte, index) => byte !== (index < 60 ? 2 : 3))) torn++;
  }
  expect(lengths.size).toBeGreaterThan(50);
  expect(lengths.has(100)).toBe(true);
  expect(torn).toBeGreaterThan(10);
});

test('what is written over something is there after a crash of the machine, or not, or in part', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { scheduler, disk, life, storage } = fresh(seed);
    storage.write('log', 0, [filled(1, 2), filled(0, 4)], () => undefined);
    scheduler.runUntil(10_000);
    storage.write('log', 2, [filled(2, 2)], () => undefined);
    if (seed % 2 === 0) scheduler.runUntil(20_000);
    life.end();
    disk.crash('machine');
    const content = disk.attach(new Life('again')).read('log').join('');
    if (seed % 2 === 0) expect(content).toBe('112200');
    else seen.add(content);
  }
  expect([...seen].sort()).toEqual(['110000', '110200', '112000', '112200']);
});

test('what a dead process had written is read by its next run and lost with the machine', () => {
  let seenThenLost = 0;
  for (let seed = 0; seed < 100; seed++) {
    const { disk, life, storage } = fresh(seed);
    storage.append('log', [filled(1, 100)], () => undefined);
    life.end();
    disk.crash('process');
    const size = () => disk.attach(new Life('x')).list()[0]?.bytes ?? 0;
    const before = size();
    disk.crash('machine');
    if (size() < before) seenThenLost++;
  }
  expect(seenThenLost).toBeGreaterThan(20);
});

test('a replaced file is the old one or the new one', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const { scheduler, disk, life, storage } = fresh(seed);
    storage.replace('state', filled(1, 50), () => undefined);
    scheduler.runUntil(10_000);
    storage.replace('state', filled(2, 80), () => undefined);
    life.end();
    disk.crash('machine');
    const content = disk.attach(new Life('x')).read('state');
    seen.add(`${content[0]} ${content.length}`);
    expect(new Set(content).size).toBe(1);
  }
  expect([...seen].sort()).toEqual(['1 50', '2 80']);
});

describe('failures', () => {
  test.each(['DISK_FULL', 'DISK_FAILED'] as const)(
    '%s is told, and nothing is synced after it',
    (code) => {
      const { scheduler, disk, storage } = fresh(1);
      const told: (string | undefined)[] = [];
      storage.append('log', [filled(1, 10)], (failure) => told.push(failure?.code));
      scheduler.runUntil(10_000);
      disk.failNext = code;
      storage.append('log', [filled(2, 10)], (failure) => told.push(failure?.code));
      scheduler.runUntil(20_000);
      storage.append('log', [filled(3, 10)], (failure) => told.push(failure?.code));
      scheduler.runUntil(30_000);
      expect(told).toEqual([undefined, code, code]);
      expect(storage.read('log').slice(0, 10)).toEqual(filled(1, 10));
    },
  );

  test('rot changes one bit of what had been synced', () => {
    const { scheduler, disk, storage } = fresh(2);
    storage.append('log', [filled(0, 1000)], () => undefined);
    scheduler.runUntil(10_000);
    const { offset } = disk.rot()!;
    const content = storage.read('log');
    expect(content.filter((byte) => byte !== 0).length).toBe(1);
    expect(content[offset]).not.toBe(0);
  });

  test('a wiped disk is empty', () => {
    const { scheduler, disk, storage } = fresh(3);
    storage.append('log', [filled(0, 10)], () => undefined);
    scheduler.runUntil(10_000);
    disk.wipe();
    expect(storage.list()).toEqual([]);
    expect(disk.isEmpty).toBe(true);
  });
});

test('appends that wait share one sync', () => {
  const { scheduler, disk, storage } = fresh(4);
  let saved = 0;
  for (let count = 0; count < 50; count++) storage.append('log', [filled(1, 1)], () => saved++);
  scheduler.runUntil(100_000);
  expect([saved, disk.syncs]).toEqual([50, 2]);
});

test('files are read in parts, cut, renamed and removed', () => {
  const { scheduler, storage } = fresh(5);
  storage.append('a', [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)], () => undefined);
  storage.rename('a', 'b', () => undefined);
  storage.remove('nothing', (failure) => expect(failure).toBeUndefined());
  scheduler.runUntil(100_000);
  expect(storage.read('b', 1, 3)).toEqual(Uint8Array.of(2, 3, 4));
  storage.truncate('b', 2);
  expect(storage.list()).toEqual([{ name: 'b', bytes: 2 }]);
  expect(() => storage.read('a')).toThrow(/no such file/);
});

storageConformance('the simulated disk', async () => {
  const { scheduler, disk, storage } = fresh(6);
  const settle = async () => scheduler.runUntil(scheduler.nowUs + 10_000_000);
  return {
    storage,
    settle,
    reopen: async () => disk.attach(new Life('again')),
  };
});
