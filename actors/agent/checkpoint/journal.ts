/**
 * The journal: one file to which all that waits is appended once a turn, and which is written anew when most of it
 * is no longer true. Whoever needs something to be on disk gives a function that is called when it is.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Logger, Storage, StorageFailure } from '../../actor.ts';
import { frame, readFrames } from './frames.ts';
import {
  decodeRecord,
  encodeRecord,
  type JournalRecord,
  type Replayed,
  replay,
} from './records.ts';

const FILE = 'attempts.journal';

export interface JournalOptions {
  /** Written anew when larger than this and than four times what was left the last time. */
  readonly compactBytes: number;
}

export class Journal {
  private readonly storage: Storage;
  private readonly log: Logger;
  private readonly options: JournalOptions;
  private waiting: Uint8Array[] = [];
  private callbacks: (() => void)[] = [];
  /** Something waits that somebody is told about; what only tidies up goes along with it or with `commit(true)`. */
  private urgent = false;
  private bytes = 0;
  private compactAtBytes = 0;

  constructor(storage: Storage, log: Logger, options: JournalOptions) {
    this.storage = storage;
    this.log = log;
    this.options = options;
  }

  /**
   * Once, before anything else: what the last run of this agent left. Cuts a torn tail, and makes sure of the rest: the
   * last run may have ended because a sync had failed, and then what is read here is perhaps in the system's cache only.
   * A master that is told of it must not be told something else after a crash of the machine. Throws DISK_FAILED.
   */
  recover(): Replayed {
    const file = this.storage.list().find((entry) => entry.name === FILE);
    this.compactAtBytes = this.options.compactBytes;
    if (file === undefined) return replay([]);
    const content = this.storage.read(FILE);
    const frames = readFrames(content);
    if (frames.damagedBytes > 0)
      this.log.error('journal is damaged: attempts may be missing', {
        file: FILE,
        damagedBytes: frames.damagedBytes,
        records: frames.payloads.length,
      });
    if (frames.end < content.length)
      this.log.warn('torn end of the journal was cut', { bytes: content.length - frames.end });
    // From its beginning: nothing in it says how far it was synced, and `compact` keeps it short.
    this.storage.truncate(FILE, frames.end, 0);
    this.bytes = frames.end;
    return replay(frames.payloads.map(decodeRecord));
  }

  /** Goes to disk with the next `commit`. With `saved`, someone waits for it. */
  add(record: JournalRecord, saved?: () => void): void {
    const bytes = frame(encodeRecord(record));
    this.waiting.push(bytes);
    this.bytes += bytes.length;
    if (saved === undefined) return;
    this.urgent = true;
    this.callbacks.push(saved);
  }

  /** Once a turn. `all`: also when nobody waits for anything. */
  commit(all = false): void {
    if (this.waiting.length === 0 || (!this.urgent && !all)) return;
    const { waiting, callbacks } = this;
    this.waiting = [];
    this.callbacks = [];
    this.urgent = false;
    this.storage.append(FILE, waiting, (failure) => {
      stopOn(failure);
      for (const saved of callbacks) saved();
    });
  }

  get wantsCompaction(): boolean {
    return this.bytes > this.compactAtBytes;
  }

  /** Writes the journal anew; `live` says everything that is true, what waits for `commit` included. */
  compact(live: Iterable<JournalRecord>): void {
    this.commit(true);
    const pieces = [...live].map((record) => frame(encodeRecord(record)));
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const content = new Uint8Array(bytes);
    let offset = 0;
    for (const piece of pieces) {
      content.set(piece, offset);
      offset += piece.length;
    }
    this.bytes = bytes;
    this.compactAtBytes = Math.max(this.options.compactBytes, 4 * bytes);
    this.storage.replace(FILE, content, stopOn);
  }
}

/** What is not on disk cannot be promised: the process stops and finds its tasks again when the disk works. */
export function stopOn(failure: StorageFailure | undefined): void {
  if (failure !== undefined) throw new MesozooError(failure.code, failure.message);
}
