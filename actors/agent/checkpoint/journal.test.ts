import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { AttemptId, TaskId } from '../../../protocol/ids.ts';
import type { StatusUpdate } from '../../../protocol/orders.ts';
import { SimulatedDisk } from '../../../simulation/disk.ts';
import { Life } from '../../../simulation/life.ts';
import { SeededRandom } from '../../../simulation/random.ts';
import { Scheduler } from '../../../simulation/scheduler.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { FakeClock, FakeStorage } from '../testing/fakes.ts';
import { specOf } from '../testing/world.ts';
import { frame, readFrames } from './frames.ts';
import { Journal } from './journal.ts';
import { type JournalRecord, recordsOf, replay } from './records.ts';

const id = (text: string) => text as AttemptId;
const attempt = (attemptId: string): JournalRecord => ({
  kind: 'attempt',
  spec: specOf(attemptId),
  refused: false,
});
const update = (
  attemptId: string,
  number: number,
  state: StatusUpdate['state'],
): JournalRecord => ({
  kind: 'update',
  update: { attemptId: id(attemptId), taskId: 'a' as TaskId, number, state, atMs: 1 },
});

describe('frames', () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const payloads = fc.array(payload, { minLength: 1, maxLength: 8 });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(payloads, (written) => {
        const frames = readFrames(Buffer.concat(written.map(frame)));
        expect(frames.payloads.map((bytes) => [...bytes])).toEqual(
          written.map((bytes) => [...bytes]),
        );
        expect(frames.damagedBytes).toBe(0);
      }),
    );
  });

  it('that are cut anywhere lose only the last', () => {
    fc.assert(
      fc.property(payloads, fc.nat(), (written, cut) => {
        const whole = written.map(frame);
        const last = whole.at(-1)!;
        const bytes = Buffer.concat(whole);
        const torn = bytes.subarray(0, bytes.length - 1 - (cut % last.length));
        const frames = readFrames(torn);
        expect(frames.payloads).toHaveLength(written.length - 1);
        expect(frames.end).toBe(bytes.length - last.length);
        expect(frames.damagedBytes).toBe(0);
      }),
    );
  });

  it('of which the last ends in zeros are a torn tail, wherever the zeros begin', () => {
    const whole = frame(Buffer.from('whole'));
    const torn = frame(Uint8Array.of(1, 2, 3));
    for (let written = 0; written < torn.length; written++) {
      const bytes = new Uint8Array(whole.length + torn.length);
      bytes.set(whole);
      bytes.set(torn.subarray(0, written), whole.length);
      expect(readFrames(bytes)).toMatchObject({ payloads: [{ length: 5 }], end: whole.length });
    }
  });

  it('behind a damaged one are read, and the damage is counted', () => {
    const whole = ['one', 'two', 'three'].map((text) => frame(Buffer.from(text)));
    const bytes = Buffer.concat(whole);
    bytes[whole[0]!.length + 13]! ^= 1;
    const frames = readFrames(bytes);
    expect(frames.payloads.map((payload) => Buffer.from(payload).toString())).toEqual([
      'one',
      'three',
    ]);
    expect(frames.damagedBytes).toBe(whole[1]!.length);
    expect(frames.end).toBe(bytes.length);
  });
});

describe('what the journal says', () => {
  it.each<[string, JournalRecord[], unknown]>([
    ['nothing', [], []],
    ['an order', [attempt('a.1')], [{ updates: [], refused: false }]],
    [
      'a start',
      [
        attempt('a.1'),
        { kind: 'started', attemptId: id('a.1'), identity: { pid: 5, startedAt: '7' }, atMs: 9 },
      ],
      [{ started: { identity: { pid: 5, startedAt: '7' }, atMs: 9 } }],
    ],
    [
      'acknowledged updates',
      [
        attempt('a.1'),
        update('a.1', 1, 'TASK_RUNNING'),
        update('a.1', 2, 'TASK_FINISHED'),
        { kind: 'acknowledged', attemptId: id('a.1'), number: 1 },
      ],
      [{ updates: [{ number: 2 }], lastUpdate: { number: 2 } }],
    ],
    [
      'an end',
      [attempt('a.1'), attempt('b.1'), { kind: 'forgotten', attemptIds: [id('a.1')] }],
      [{ spec: { attemptId: 'b.1' } }],
    ],
    ['records without their first', [update('a.1', 1, 'TASK_RUNNING')], []],
  ])('%s', (_what, records, attempts) => {
    expect([...replay(records).attempts.values()]).toMatchObject(attempts as object[]);
  });

  it('is the same when it is written anew', () => {
    const record = fc.oneof(
      fc.constantFrom('a.1', 'b.1', 'c.1').map(attempt),
      fc
        .tuple(
          fc.constantFrom('a.1', 'b.1', 'c.1'),
          fc.nat(4),
          fc.constantFrom('TASK_RUNNING' as const, 'TASK_FINISHED' as const),
        )
        .map(([attemptId, number, state]) => update(attemptId, number, state)),
      fc.tuple(fc.constantFrom('a.1', 'b.1'), fc.nat(4)).map(
        ([attemptId, number]): JournalRecord => ({
          kind: 'acknowledged',
          attemptId: id(attemptId),
          number,
        }),
      ),
      fc.constant<JournalRecord>({
        kind: 'stopping',
        attemptId: id('b.1'),
        cause: 'ordered',
        graceMs: 4,
      }),
      fc
        .constantFrom('a.1', 'b.1')
        .map((attemptId): JournalRecord => ({ kind: 'forgotten', attemptIds: [id(attemptId)] })),
    );
    fc.assert(
      fc.property(fc.array(record), (records) => {
        // Numbers grow, as those of updates do.
        let number = 0;
        const ordered = records.map((each) =>
          each.kind === 'update' ? { ...each, update: { ...each.update, number: ++number } } : each,
        );
        const once = replay(ordered);
        const anew = replay([...once.attempts.values()].flatMap(recordsOf));
        expect([...anew.attempts]).toEqual([...once.attempts]);
      }),
    );
  });
});

describe('the journal', () => {
  function open(storage: FakeStorage, compactBytes = 1000): Journal {
    return new Journal(storage, silentLog, { compactBytes });
  }

  it('appends once for all that waits in a turn, and tells when it is there', () => {
    const clock = new FakeClock();
    const storage = new FakeStorage(clock);
    const journal = open(storage);
    journal.recover();
    const saved: string[] = [];
    journal.add(attempt('a.1'), () => saved.push('a'));
    journal.add(attempt('b.1'), () => saved.push('b'));
    journal.commit();
    expect(saved).toEqual([]);
    clock.advance(10);
    expect(saved).toEqual(['a', 'b']);
    expect(storage.done).toBe(1);
  });

  it('lets what nobody waits for wait, until it is told otherwise', () => {
    const clock = new FakeClock();
    const storage = new FakeStorage(clock);
    const journal = open(storage);
    journal.add({ kind: 'forgotten', attemptIds: [id('a.1')] });
    journal.commit();
    clock.advance(10);
    expect(storage.done).toBe(0);
    journal.commit(true);
    clock.advance(10);
    expect(storage.done).toBe(1);
  });

  it('is written anew when it has grown, and then not at once again', () => {
    const clock = new FakeClock();
    const storage = new FakeStorage(clock);
    const journal = open(storage);
    journal.recover();
    for (let count = 0; count < 10; count++) journal.add(attempt(`t${count}.1`), () => undefined);
    journal.commit();
    expect(journal.wantsCompaction).toBe(true);
    journal.compact([attempt('t9.1')]);
    expect(journal.wantsCompaction).toBe(false);
    clock.advance(10);
    const next = open(storage);
    expect([...next.recover().attempts.keys()]).toEqual(['t9.1']);
  });

  it('loses its torn end, and appends behind what is whole', () => {
    const clock = new FakeClock();
    const storage = new FakeStorage(clock);
    const journal = open(storage);
    journal.add(attempt('a.1'), () => undefined);
    journal.add(attempt('b.1'), () => undefined);
    journal.commit();
    clock.advance(10);
    const content = storage.files.get('attempts.journal')!;
    storage.files.set('attempts.journal', content.slice(0, content.length - 3));
    const next = open(storage);
    expect([...next.recover().attempts.keys()]).toEqual(['a.1']);
    next.add(attempt('c.1'), () => undefined);
    next.commit();
    clock.advance(10);
    expect([...open(storage).recover().attempts.keys()]).toEqual(['a.1', 'c.1']);
  });

  it('says loudly that its middle is damaged, and keeps the rest', () => {
    const clock = new FakeClock();
    const storage = new FakeStorage(clock);
    const journal = open(storage);
    for (const name of ['a.1', 'b.1', 'c.1']) journal.add(attempt(name), () => undefined);
    journal.commit();
    clock.advance(10);
    const content = storage.files.get('attempts.journal')!;
    content[Math.floor(content.length / 2)]! ^= 0xff;
    const errors: unknown[] = [];
    const log = { ...silentLog, error: (message: string) => errors.push(message) };
    const next = new Journal(storage, log, { compactBytes: 1000 });
    expect([...next.recover().attempts.keys()]).toEqual(['a.1', 'c.1']);
    expect(errors).toEqual(['journal is damaged: attempts may be missing']);
  });

  it('is sure of what it has recovered, though the last run ended with a failed sync', () => {
    let recovered = 0;
    for (let seed = 0; seed < 60; seed++) {
      const scheduler = new Scheduler();
      const disk = new SimulatedDisk(scheduler, new SeededRandom(seed));
      const attached = () => {
        const journal = new Journal(disk.attach(new Life('agent')), silentLog, {
          compactBytes: 100_000,
        });
        return { journal, found: [...journal.recover().attempts.keys()] };
      };
      const { journal } = attached();
      journal.add(attempt('a.1'), () => undefined);
      journal.commit();
      scheduler.runUntil(1_000_000);
      disk.failNext = 'DISK_FAILED';
      journal.add(attempt('b.1'), () => undefined);
      journal.add({ kind: 'forgotten', attemptIds: [id('a.1')] });
      journal.commit();
      expect(() => scheduler.runUntil(2_000_000)).toThrow(MesozooError);
      disk.crash('process');
      const { found } = attached();
      if (found.includes('b.1' as AttemptId)) recovered++;
      disk.crash('machine');
      expect(attached().found).toEqual(found);
    }
    // What the failed sync has left is of any length.
    expect(recovered).toBeGreaterThan(5);
    expect(recovered).toBeLessThan(55);
  });

  it('stops the agent when the disk fails', () => {
    const clock = new FakeClock();
    const storage = new FakeStorage(clock);
    storage.append = (_name, _pieces, saved) =>
      clock.soon(() =>
        (saved as (failure: unknown) => void)({ code: 'DISK_FULL', message: 'no space left' }),
      );
    const journal = open(storage);
    let told = false;
    journal.add(attempt('a.1'), () => {
      told = true;
    });
    journal.commit();
    expect(() => clock.advance(10)).toThrow(new MesozooError('DISK_FULL', 'no space left'));
    expect(told).toBe(false);
  });
});
