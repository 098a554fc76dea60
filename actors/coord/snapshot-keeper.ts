/** When a member takes a snapshot, how it fetches one when it lags too far, and how it serves others. */
import type { MemberId, Slot, Zxid } from '../../protocol/ids.ts';
import type { Clock, Logger, Storage } from '../actor.ts';
import type { PlantedBugs } from '../planted.ts';
import type { CoordLog } from './log/log.ts';
import { restoreInSteps } from './log/restoration.ts';
import { keepNewest, SnapshotWriter } from './log/snapshots.ts';
import {
  readPieces,
  SnapshotFetch,
  type SnapshotPiece,
  type SnapshotRead,
} from './log/transfer.ts';
import type { CoordBounds, CoordTiming } from './options.ts';
import type { Paxos } from './paxos/contract.ts';
import type { ZnodeState, ZnodeStateFactory } from './znodes/contract.ts';

export interface SnapshotKeeperOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly member: MemberId;
  readonly log: CoordLog;
  readonly paxos: Paxos;
  readonly znodes: ZnodeStateFactory;
  readonly planted: PlantedBugs | undefined;
  readonly bounds: CoordBounds;
  readonly timing: CoordTiming;
  /** Of the snapshot from which the state was restored at the start; 0 for none. */
  readonly snapshotSlot: Slot;
  readonly snapshotBytes: number;
  readonly messageBytesMax: number;
  readonly send: (to: MemberId, message: SnapshotRead | SnapshotPiece) => void;
  /** A snapshot of another member is on disk, and this is its state. */
  readonly install: (state: ZnodeState) => void;
}

/** Entries kept for members who lag: as long as they are less to send than the snapshot would be, within bounds. */
const KEPT_BYTES_MIN = 8 * 1024 * 1024;
const KEPT_BYTES_MAX = 64 * 1024 * 1024;

/** One that is whole and on disk. */
export interface SavedSnapshot {
  readonly zxid: Zxid;
  readonly savedAtMs: number;
}

export class SnapshotKeeper {
  /** Since the start of this member. */
  lastSaved: SavedSnapshot | undefined;
  private readonly options: SnapshotKeeperOptions;
  private writer: SnapshotWriter | undefined;
  private fetch: SnapshotFetch | undefined;
  private lastSlot: Slot;
  private lastBytes: number;
  /** Of the log when the last snapshot was begun. */
  private logBytesThen = 0;

  constructor(options: SnapshotKeeperOptions) {
    this.options = options;
    this.lastSlot = options.snapshotSlot;
    this.lastBytes = options.snapshotBytes;
  }

  /** This member is so far behind that only a snapshot helps: what it knows is of long ago. */
  get isFetching(): boolean {
    return this.fetch !== undefined;
  }

  /** After entries were applied. */
  consider(state: ZnodeState): void {
    if (this.writer !== undefined || this.fetch !== undefined) return;
    const { bounds, log } = this.options;
    const slots = state.slot - this.lastSlot;
    const bytes = log.bytesAppended - this.logBytesThen;
    // A large tree is not written again and again for a little log. Half of its size, since the next start applies the log.
    const enoughBytes = Math.max(bounds.snapshotLogBytes, this.lastBytes / 2);
    if (slots >= bounds.snapshotSlots || (slots > 0 && bytes >= enoughBytes)) this.take(state);
  }

  private take(state: ZnodeState): void {
    const { storage, clock, log, timing, paxos, logger } = this.options;
    this.logBytesThen = log.bytesAppended;
    this.lastSlot = state.slot;
    const { zxid } = state;
    this.writer = new SnapshotWriter({
      storage,
      clock,
      reader: state.snapshot(this.options.bounds.snapshotChunkBytes),
      promised: paxos.status().promised,
      clusterId: log.identity.clusterId,
      pauseMs: timing.snapshotPauseMs,
      done: (slot, bytes) => {
        this.writer = undefined;
        this.lastBytes = bytes;
        this.lastSaved = { zxid, savedAtMs: clock.wallMs() };
        logger.info('snapshot saved', { slot, bytes });
        this.forget(slot);
      },
    });
    this.writer.start();
  }

  private forget(slot: Slot): void {
    const { storage, log, paxos } = this.options;
    const bytesMax = Math.min(Math.max(this.lastBytes, KEPT_BYTES_MIN), KEPT_BYTES_MAX);
    const forgottenUpTo = paxos.forgetUpTo(slot, bytesMax);
    log.forgetUpTo(Math.min(keepNewest(storage), forgottenUpTo) as Slot);
  }

  /** This member lags behind what `from` still has as entries. */
  wanted(from: MemberId, above: Slot): void {
    if (this.fetch !== undefined) return;
    const { storage, clock, logger, member, send, timing } = this.options;
    this.fetch = new SnapshotFetch({
      storage,
      clock,
      log: logger,
      member,
      from,
      above,
      send,
      timeoutMs: timing.transferTimeoutMs,
      restore: (name, slot) => restoreInSteps(this.options, name, slot),
      done: (fetched) => {
        this.fetch = undefined;
        if (fetched !== undefined) this.fetched(fetched.state);
      },
    });
    this.fetch.start();
  }

  private fetched(state: ZnodeState): void {
    const { storage, clock, log, paxos, logger } = this.options;
    const { slot, zxid } = state;
    if (slot <= paxos.status().decidedUpTo) return;
    this.writer?.cancel();
    this.writer = undefined;
    log.installed(slot);
    this.lastSlot = slot;
    this.logBytesThen = log.bytesAppended;
    this.lastSaved = { zxid, savedAtMs: clock.wallMs() };
    logger.info('snapshot installed', { slot });
    this.options.install(state);
    keepNewest(storage);
  }

  receivePiece(piece: SnapshotPiece): void {
    this.fetch?.take(piece);
  }

  serve(read: SnapshotRead): void {
    const { storage, member, messageBytesMax, send } = this.options;
    for (const piece of readPieces(storage, member, read, messageBytesMax)) send(read.from, piece);
  }

  stop(): void {
    this.writer?.cancel();
    this.fetch?.cancel();
  }
}
