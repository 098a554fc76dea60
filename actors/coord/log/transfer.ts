/**
 * Sends a snapshot to a member that lags too far behind, over the connection for bulk.
 *
 * The member that lags asks for pieces of the file, a window at a time, and so grants the credit; the one that has the
 * snapshot only reads and answers, and keeps nothing. A piece that is lost is asked for again; a file that has gone
 * meanwhile is answered with a newer one, and the transfer begins anew. What has come is read back step by step; only
 * when a state has come of it does the file count as a snapshot of this member.
 */

import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, Slot } from '../../../protocol/ids.ts';
import { NO_SLOT } from '../../../protocol/ids.ts';
import type { Clock, Logger, Storage, Timer } from '../../actor.ts';
import { stopOnFailure } from './log.ts';
import type { RestoredState } from './restoration.ts';
import { FETCHED_FILE, listSnapshots, snapshotName } from './snapshots.ts';

export interface SnapshotRead {
  readonly type: 'snapshotRead';
  readonly from: MemberId;
  /** 0: whichever is newest. */
  readonly slot: Slot;
  readonly offset: number;
  readonly length: number;
}

export interface SnapshotPiece {
  readonly type: 'snapshotPiece';
  readonly from: MemberId;
  /** 0: there is no snapshot. */
  readonly slot: Slot;
  readonly offset: number;
  /** Of the whole file. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

export const PIECE_BYTES = 256 * 1024;
const WINDOW_BYTES = 4 * PIECE_BYTES;

/** The pieces that answer a read, in order, each in a message of at most so many bytes. */
export function* readPieces(
  storage: Storage,
  member: MemberId,
  read: SnapshotRead,
  messageBytesMax: number,
): Generator<SnapshotPiece> {
  const pieceBytes = Math.min(PIECE_BYTES, messageBytesMax);
  const files = listSnapshots(storage);
  const asked = files.find(({ slot }) => slot === read.slot);
  const file = asked ?? files[files.length - 1];
  const piece = { type: 'snapshotPiece', from: member } as const;
  if (file === undefined) {
    yield { ...piece, slot: NO_SLOT, offset: 0, size: 0, bytes: new Uint8Array(0) };
    return;
  }
  const start = file === asked ? read.offset : 0;
  const end = Math.min(file.bytes, start + Math.min(read.length, WINDOW_BYTES));
  for (let offset = start; offset < end; offset += pieceBytes) {
    const length = Math.min(pieceBytes, end - offset);
    const bytes = storage.read(snapshotName(file.slot), offset, length);
    yield { ...piece, slot: file.slot, offset, size: file.bytes, bytes };
  }
}

export interface SnapshotFetchOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Logger;
  readonly member: MemberId;
  readonly from: MemberId;
  /** A snapshot at or below this slot is of no use. */
  readonly above: Slot;
  readonly send: (to: MemberId, read: SnapshotRead) => void;
  /** Without a new piece for this long the window is asked for again. */
  readonly timeoutMs: number;
  /** In steps. Throws LOG_DAMAGED when the file is no whole and sound snapshot. */
  readonly restore: (name: string, slot: Slot) => Generator<void, RestoredState>;
  /** The snapshot is on disk and has its name; or undefined when it could not be had. */
  readonly done: (fetched: RestoredState | undefined) => void;
}

const ATTEMPTS_MAX = 5;

export class SnapshotFetch {
  readonly from: MemberId;
  private readonly options: SnapshotFetchOptions;
  private slot: Slot = NO_SLOT;
  private size = 0;
  private received = 0;
  private askedUpTo = 0;
  private attempts = 0;
  private timer: Timer | undefined;
  /** Everything has come: pieces that come yet are repeats. */
  private complete = false;
  private ended = false;

  constructor(options: SnapshotFetchOptions) {
    this.options = options;
    this.from = options.from;
  }

  start(): void {
    this.options.storage.remove(FETCHED_FILE, stopOnFailure);
    this.ask(0, PIECE_BYTES);
  }

  cancel(): void {
    this.ended = true;
    this.timer?.cancel();
  }

  take(piece: SnapshotPiece): void {
    if (this.ended || this.complete || piece.from !== this.from) return;
    if (piece.slot <= this.options.above) {
      this.fail('the other member has no newer snapshot');
      return;
    }
    if (piece.slot !== this.slot) this.beginAnew(piece);
    if (piece.offset !== this.received || piece.bytes.length === 0) return;
    this.received += piece.bytes.length;
    this.attempts = 0;
    const isLast = this.received >= this.size;
    this.options.storage.append(FETCHED_FILE, [piece.bytes], (failure) => {
      stopOnFailure(failure);
      if (isLast && !this.ended) this.restore(this.options.restore(FETCHED_FILE, this.slot));
    });
    this.complete = isLast;
    if (isLast) this.timer?.cancel();
    else this.grant();
  }

  private beginAnew(piece: SnapshotPiece): void {
    if (this.received > 0) this.options.storage.remove(FETCHED_FILE, stopOnFailure);
    this.slot = piece.slot;
    this.size = piece.size;
    this.received = 0;
    this.askedUpTo = piece.offset === 0 ? piece.bytes.length : 0;
    this.options.log.info('snapshot transfer begun', {
      from: this.from,
      slot: this.slot,
      bytes: this.size,
    });
  }

  /** Asks on when half of the window has come. */
  private grant(): void {
    const outstanding = this.askedUpTo - this.received;
    if (outstanding > WINDOW_BYTES / 2) {
      this.watch();
      return;
    }
    const from = Math.max(this.askedUpTo, this.received);
    this.ask(from, Math.min(this.size - from, WINDOW_BYTES / 2));
  }

  private ask(offset: number, length: number): void {
    this.askedUpTo = offset + length;
    const { member } = this.options;
    if (length > 0) {
      this.options.send(this.from, {
        type: 'snapshotRead',
        from: member,
        slot: this.slot,
        offset,
        length,
      });
    }
    this.watch();
  }

  private watch(): void {
    this.timer?.cancel();
    this.timer = this.options.clock.after(this.options.timeoutMs, () => this.timedOut());
  }

  private timedOut(): void {
    if (this.ended) return;
    this.attempts += 1;
    if (this.attempts > ATTEMPTS_MAX) this.fail('no answer');
    else this.ask(this.received, this.size === 0 ? PIECE_BYTES : WINDOW_BYTES);
  }

  /** One step, and the next when messages and timers have had their turn. */
  private restore(steps: Generator<void, RestoredState>): void {
    let step: IteratorResult<void, RestoredState>;
    try {
      step = steps.next();
    } catch (error) {
      if (!(error instanceof MesozooError && error.code === 'LOG_DAMAGED')) throw error;
      this.fail(error.message);
      return;
    }
    if (step.done === true) this.keep(step.value);
    else this.timer = this.options.clock.after(0, () => this.restore(steps));
  }

  private keep(restored: RestoredState): void {
    this.options.storage.rename(FETCHED_FILE, snapshotName(this.slot), (failure) => {
      stopOnFailure(failure);
      if (this.ended) return;
      this.cancel();
      this.options.done(restored);
    });
  }

  private fail(reason: string): void {
    this.options.log.warn('snapshot transfer failed', {
      from: this.from,
      slot: this.slot,
      reason,
    });
    this.cancel();
    this.options.done(undefined);
  }
}
