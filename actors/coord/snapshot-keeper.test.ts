import { describe, expect, it } from 'vitest';
import type { Clock } from '../actor.ts';
import { silentLog } from '../testing/silent-log.ts';
import { listSnapshots, SnapshotWriter } from './log/snapshots.ts';
import { readPieces, type SnapshotPiece, type SnapshotRead } from './log/transfer.ts';
import { defaultBounds, defaultTiming } from './options.ts';
import type { Paxos } from './paxos/contract.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { MemoryStorage } from './testing/memory-storage.ts';
import { ballot, bootstrap, member, openLog, slot } from './testing/open-log.ts';
import type { SnapshotReader, ZnodeState } from './znodes/contract.ts';
import { znodeStates } from './znodes/znodes.ts';

/** Whatever is to happen later happens with the next `pass`. */
class HandClock implements Clock {
  private later: (() => void)[] = [];
  monotonicMs = () => 0;
  wallMs = () => 5_000;

  after(_: number, run: () => void) {
    this.later.push(run);
    return {
      cancel: () => {
        this.later = this.later.filter((other) => other !== run);
      },
    };
  }

  pass(): void {
    for (const run of this.later.splice(0)) run();
  }
}

function written(reader: SnapshotReader): MemoryStorage {
  const storage = new MemoryStorage();
  const clock = new HandClock();
  let done = false;
  const options = { storage, clock, reader, promised: ballot(257), clusterId: 'test', pauseMs: 1 };
  new SnapshotWriter({
    ...options,
    done: () => {
      done = true;
    },
  }).start();
  for (let turns = 0; !done && turns < 100; turns++) {
    storage.settle();
    clock.pass();
  }
  expect(listSnapshots(storage)).toHaveLength(1);
  return storage;
}

/** Every record is sound and the digest fits, but the chunks are of nothing. */
function senseless(at: number): MemoryStorage {
  const chunks = [new Uint8Array(100).fill(7)];
  return written({ slot: slot(at), next: () => chunks.shift(), cancel: () => undefined });
}

function stateAt(at: number): ZnodeState {
  const configuration = { members: bootstrap.members.map((id) => ({ id, disk: 'd' as never })) };
  const state = znodeStates.empty(configuration);
  while (state.slot < at) state.applyOther(slot(state.slot + 1));
  return state;
}

function sound(at: number): MemoryStorage {
  const reader = stateAt(at).snapshot(50);
  return written({
    slot: slot(at),
    next: () => reader.next(),
    cancel: () => reader.cancel(),
  });
}

describe('a snapshot of another member', () => {
  function keeper() {
    const storage = new MemoryStorage();
    const { log } = openLog(storage);
    const clock = new HandClock();
    let decidedUpTo = slot(2);
    const asked: SnapshotRead[] = [];
    const installed: ZnodeState[] = [];
    const keeping = new SnapshotKeeper({
      storage,
      clock,
      logger: silentLog,
      member: member(1),
      log,
      paxos: {
        status: () => ({ decidedUpTo, promised: ballot(257) }),
        forgetUpTo: () => undefined,
      } as unknown as Paxos,
      znodes: znodeStates,
      planted: undefined,
      bounds: defaultBounds,
      timing: defaultTiming,
      snapshotSlot: slot(0),
      snapshotBytes: 0,
      messageBytesMax: 1e6,
      send: (_, message) => asked.push(message as SnapshotRead),
      install: (state) => installed.push(state),
    });
    /** The core wants one, and the other member answers all that is asked: it is here, and not yet read back. */
    const fetch = (source: MemoryStorage) => {
      keeping.wanted(member(2), slot(2));
      for (let read = asked.shift(); read !== undefined; read = asked.shift()) {
        const pieces: Iterable<SnapshotPiece> = readPieces(source, member(2), read, 1e6);
        for (const piece of pieces) keeping.receivePiece(piece);
        storage.settle();
      }
    };
    const step = () => {
      clock.pass();
      storage.settle();
    };
    const bring = (source: MemoryStorage) => {
      fetch(source);
      for (let steps = 0; keeping.isFetching && steps < 100; steps++) step();
      expect(keeping.isFetching).toBe(false);
    };
    const decide = (at: number) => {
      decidedUpTo = slot(at);
    };
    return { storage, installed, keeping, fetch, step, bring, decide };
  }

  it('or its own is the last saved once it is on disk', () => {
    const { keeping, step } = keeper();
    const state = stateAt(defaultBounds.snapshotSlots);
    keeping.consider(state);
    expect(keeping.lastSaved).toBeUndefined();
    for (let steps = 0; keeping.lastSaved === undefined && steps < 100; steps++) step();
    expect(keeping.lastSaved).toEqual({ zxid: state.zxid, savedAtMs: 5_000 });
  });

  it('is read back in steps, and until the last this member counts as behind', () => {
    const { storage, installed, keeping, fetch, step } = keeper();
    fetch(sound(7));
    let steps = 0;
    for (; keeping.isFetching; steps++) {
      expect(installed).toEqual([]);
      expect(listSnapshots(storage)).toEqual([]);
      step();
    }
    expect(steps).toBeGreaterThan(3);
    expect(installed.map((state) => state.slot)).toEqual([7]);
    expect(keeping.lastSaved).toEqual({ zxid: installed[0]?.zxid, savedAtMs: 5_000 });
    expect(listSnapshots(storage).map((file) => file.slot)).toEqual([7]);
  });

  it('of a slot that was decided here while it was read back is not installed', () => {
    const { installed, keeping, fetch, step, decide } = keeper();
    fetch(sound(7));
    decide(8);
    while (keeping.isFetching) step();
    expect(installed).toEqual([]);
  });

  it('that is no longer wanted is not read on', () => {
    const { storage, installed, keeping, fetch, step } = keeper();
    fetch(sound(7));
    keeping.stop();
    for (let steps = 0; steps < 20; steps++) step();
    expect(installed).toEqual([]);
    expect(listSnapshots(storage)).toEqual([]);
  });

  it('that arrives as it was sent but is no state counts as not received, and is fetched again', () => {
    const { storage, installed, bring } = keeper();
    bring(senseless(7));
    expect(installed).toEqual([]);
    expect(listSnapshots(storage)).toEqual([]);
    bring(sound(7));
    expect(installed).toHaveLength(1);
    expect(listSnapshots(storage).map((file) => file.slot)).toEqual([7]);
  });
});
