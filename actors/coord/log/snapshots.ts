/**
 * Snapshot files `snapshot-<slot>`: the state machine at one slot, as checksummed chunks between a head and an end
 * record with count and digest. A file gets its name when it is whole and on disk; until then it has another.
 */
import { createHash, type Hash } from 'node:crypto';
import { pack, unpack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { Ballot, Slot } from '../../../protocol/ids.ts';
import type { Clock, Storage, Timer } from '../../actor.ts';
import type { SnapshotReader } from '../znodes/contract.ts';
import { FORMAT_VERSION } from './identity.ts';
import { stopOnFailure } from './log.ts';
import {
  type DiskRecord,
  encodeRecords,
  HEADER_BYTES,
  type LocatedRecord,
  recordAt,
  recordKinds,
} from './records.ts';

/** One sync each: small enough that the log's own syncs do not queue long behind it. */
export const SNAPSHOT_CHUNK_BYTES = 256 * 1024;
/** Two, so that a damaged newest one can be replaced by the former and the log after it. */
const SNAPSHOTS_KEPT = 2;

const PARTIAL_FILE = 'snapshot.partial';
export const FETCHED_FILE = 'snapshot.fetched';

export function snapshotName(slot: Slot): string {
  return `snapshot-${String(slot).padStart(16, '0')}`;
}

export interface SnapshotFile {
  readonly slot: Slot;
  readonly bytes: number;
}

/** Ascending by slot. */
export function listSnapshots(storage: Storage): SnapshotFile[] {
  const files: SnapshotFile[] = [];
  for (const { name, bytes } of storage.list()) {
    const digits = /^snapshot-(\d{16})$/.exec(name)?.[1];
    if (digits !== undefined) files.push({ slot: Number(digits) as Slot, bytes });
  }
  return files.sort((one, other) => one.slot - other.slot);
}

/** What an interrupted snapshot or transfer has left behind. */
export function removeLeftovers(storage: Storage): void {
  storage.remove(PARTIAL_FILE, stopOnFailure);
  storage.remove(FETCHED_FILE, stopOnFailure);
}

/** Removes all but the newest; returns the slot of the oldest that is kept, below which no log is needed. */
export function keepNewest(storage: Storage): Slot {
  const files = listSnapshots(storage);
  const kept = files.slice(-SNAPSHOTS_KEPT);
  for (const { slot } of files.slice(0, files.length - kept.length)) {
    storage.remove(snapshotName(slot), stopOnFailure);
  }
  // With a single one the log must still reach back to the beginning, in case that it turns out damaged.
  return kept.length < SNAPSHOTS_KEPT ? (0 as Slot) : kept[0]!.slot;
}

export interface SnapshotWriterOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly reader: SnapshotReader;
  readonly promised: Ballot;
  readonly clusterId: string;
  /** Between two chunks, for the log's writes and everything else. */
  readonly pauseMs: number;
  readonly done: (slot: Slot, bytes: number) => void;
}

/** Writes one snapshot a chunk at a time, while the state goes on changing. */
export class SnapshotWriter {
  private readonly options: SnapshotWriterOptions;
  private readonly slot: Slot;
  private readonly digest: Hash = createHash('sha256');
  private chunks = 0;
  private bytes = 0;
  private timer: Timer | undefined;
  private cancelled = false;

  constructor(options: SnapshotWriterOptions) {
    this.options = options;
    this.slot = options.reader.slot;
  }

  start(): void {
    const { storage, promised, clusterId } = this.options;
    storage.remove(PARTIAL_FILE, stopOnFailure);
    this.write(
      {
        kind: recordKinds.snapshotHead,
        slot: this.slot,
        ballot: promised,
        payload: pack([FORMAT_VERSION, clusterId]),
      },
      () => this.step(),
    );
  }

  /** What is on its way to disk still gets there; nothing follows it, and `done` is not called. */
  cancel(): void {
    this.cancelled = true;
    this.timer?.cancel();
    this.options.reader.cancel();
  }

  private step(): void {
    const chunk = this.options.reader.next();
    if (chunk === undefined) {
      this.finish();
      return;
    }
    this.digest.update(chunk);
    this.chunks += 1;
    const record = {
      kind: recordKinds.snapshotChunk,
      slot: this.slot,
      ballot: 0,
      payload: chunk,
    };
    this.write(record, () => {
      this.timer = this.options.clock.after(this.options.pauseMs, () => this.step());
    });
  }

  private finish(): void {
    const record = {
      kind: recordKinds.snapshotEnd,
      slot: this.slot,
      ballot: 0,
      payload: pack([this.chunks, this.digest.digest('hex')]),
    };
    this.write(record, () => {
      this.options.storage.rename(PARTIAL_FILE, snapshotName(this.slot), (failure) => {
        stopOnFailure(failure);
        if (!this.cancelled) this.options.done(this.slot, this.bytes);
      });
    });
  }

  private write(record: DiskRecord, saved: () => void): void {
    const pieces = encodeRecords(fileNumber(this.slot), [record]);
    for (const piece of pieces) this.bytes += piece.length;
    this.options.storage.append(PARTIAL_FILE, pieces, (failure) => {
      stopOnFailure(failure);
      // The reader of one that was cancelled has no more chunks, which must not pass for the snapshot's end.
      if (!this.cancelled) saved();
    });
  }
}

export interface SnapshotHead {
  readonly slot: Slot;
  readonly promised: Ballot;
  readonly clusterId: string;
}

/**
 * The chunks of a snapshot, views that nobody writes to, and its head at the end. Throws
 * LOG_DAMAGED when the file is not a whole and sound snapshot at this slot: only who has come to the end can know.
 */
export function* snapshotChunks(
  storage: Storage,
  name: string,
  slot: Slot,
): Generator<Uint8Array, SnapshotHead> {
  const digest = createHash('sha256');
  let head: SnapshotHead | undefined;
  let chunks = 0;
  for (const record of snapshotRecords(storage, name, slot)) {
    if (record.kind === recordKinds.snapshotHead) {
      const [format, clusterId] = unpack(record.payload) as [number, string];
      if (format !== FORMAT_VERSION) throw damaged(name, `it has the format ${format}`);
      head = { slot, promised: record.ballot as Ballot, clusterId };
    } else if (record.kind === recordKinds.snapshotChunk) {
      digest.update(record.payload);
      chunks += 1;
      yield record.payload;
    } else if (record.kind === recordKinds.snapshotEnd && head !== undefined) {
      const [count, expected] = unpack(record.payload) as [number, string];
      if (count !== chunks || expected !== digest.digest('hex')) {
        throw damaged(name, 'count or digest differ from its end record');
      }
      return head;
    } else {
      throw damaged(name, 'its records are not in order');
    }
  }
  throw damaged(name, 'it has no end record');
}

/** Read in windows, since the whole may not fit into memory twice. */
function* snapshotRecords(storage: Storage, name: string, slot: Slot): Generator<LocatedRecord> {
  const size = storage.list().find((file) => file.name === name)?.bytes ?? 0;
  const windowBytes = 4 * (HEADER_BYTES + SNAPSHOT_CHUNK_BYTES);
  let start = 0;
  let window = storage.read(name, 0, Math.min(windowBytes, size));
  let offset = 0;
  while (start + offset < size) {
    let record = recordAt(window, offset, fileNumber(slot));
    if (record === undefined && offset > 0) {
      start += offset;
      offset = 0;
      window = storage.read(name, start, Math.min(windowBytes, size - start));
      record = recordAt(window, 0, fileNumber(slot));
    }
    if (record === undefined || record.slot !== slot) {
      throw damaged(name, `byte ${start + offset} is not readable`);
    }
    yield record;
    offset = record.end;
  }
}

function fileNumber(slot: Slot): number {
  return slot % 2 ** 32;
}

export function damaged(name: string, what: string): MesozooError {
  return new MesozooError('LOG_DAMAGED', `the snapshot "${name}" is damaged: ${what}`);
}
