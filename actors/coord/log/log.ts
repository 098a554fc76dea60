/**
 * The durable log of a member: gathers what one turn has to save, writes it as one batch with one sync, and says when
 * it is on disk. One batch is under way at a time; what comes meanwhile goes out together with the next.
 */

import { assert, MesozooError } from '../../../protocol/errors.ts';
import type { Ballot, Slot } from '../../../protocol/ids.ts';
import type { Storage, StorageFailure } from '../../actor.ts';
import type { LogRecord, Value } from '../paxos/contract.ts';
import { type Identity, type LogExtent, saveIdentity } from './identity.ts';
import { type Place, readValue } from './places.ts';
import { type DiskRecord, encodeRecords, recordBytes } from './records.ts';
import type { SegmentSummary } from './recovery.ts';
import { headRecord, markRecord, segmentName, toDisk } from './segments.ts';

export interface CoordLogOptions {
  readonly storage: Storage;
  readonly identity: Identity;
  /** Segments that recovery has found; the log goes on in a new one. */
  readonly segments: readonly SegmentSummary[];
  /** Of the entries in them that may be read again. */
  readonly places: ReadonlyMap<Slot, Place>;
  readonly promised: Ballot;
  readonly decidedUpTo: Slot;
  /** A segment is sealed when it has grown to this. */
  readonly segmentBytes: number;
  /** Zeros that are written ahead of the records, so that most syncs have no new length or blocks to note. */
  readonly aheadBytes: number;
  /** Called for each token whose records are on disk, in order. */
  readonly saved: (token: number) => void;
}

export class CoordLog {
  /** Bytes of records since the start, for deciding on snapshots. */
  bytesAppended = 0;
  private readonly options: CoordLogOptions;
  private readonly storage: Storage;
  private identityNow: Identity;
  private readonly sealed: SegmentSummary[];
  private readonly places: Map<Slot, Place>;
  /** The file goes on with zeros up to `laidOutTo`. */
  private current: { number: number; bytes: number; laidOutTo: number; maxSlot: Slot } | undefined;
  private promised: Ballot;
  private decidedUpTo: Slot;
  /** The same, of the records that were handed to the disk. */
  private writtenDecidedUpTo: Slot;
  private readonly zeros: Uint8Array;
  private waiting: DiskRecord[] = [];
  private waitingTokens: number[] = [];
  /** Something waits that others wait for; decided marks alone may wait for a batch that leaves anyway. */
  private urgent = false;
  private inFlight = false;
  /** The last batch has no mark after it yet. */
  private unmarked = false;

  constructor(options: CoordLogOptions) {
    this.options = options;
    this.zeros = new Uint8Array(options.aheadBytes);
    this.storage = options.storage;
    this.identityNow = options.identity;
    this.sealed = [...options.segments];
    this.places = new Map(options.places);
    this.promised = options.promised;
    this.decidedUpTo = options.decidedUpTo;
    this.writtenDecidedUpTo = options.decidedUpTo;
  }

  get identity(): Identity {
    return this.identityNow;
  }

  append(records: readonly LogRecord[], token: number | undefined): void {
    for (const record of records) {
      this.waiting.push(toDisk(record));
      if (record.kind === 'decided') this.decidedUpTo = record.slot;
      else this.urgent = true;
      if (record.kind !== 'decided' && record.ballot > this.promised) this.promised = record.ballot;
    }
    if (token !== undefined) this.waitingTokens.push(token);
  }

  /** Writes what waits, unless a batch is under way: then it goes with the next one. */
  flush(): void {
    if (this.urgent && !this.inFlight) this.write();
  }

  /**
   * Once in a while: writes decided marks that no batch has taken along, and, when nothing else comes, the mark that
   * says of the last batch that it was synced.
   */
  flushLazily(): void {
    if (this.inFlight) return;
    if (this.waiting.length > 0 || this.waitingTokens.length > 0 || this.unmarked) this.write();
  }

  /** A member that joined an existing cluster learns its name from the others. */
  learnCluster(clusterId: string): void {
    this.replaceIdentity({ ...this.identityNow, clusterId });
  }

  /** The state came from elsewhere: the log has nothing between its end and `slot`, and the snapshot must be there. */
  installed(slot: Slot): void {
    this.decidedUpTo = Math.max(slot, this.decidedUpTo) as Slot;
    this.writtenDecidedUpTo = this.decidedUpTo;
    this.replaceIdentity(this.withExtent({ forgottenUpTo: this.decidedUpTo }));
  }

  /** What was accepted last in a slot above those that are forgotten. Throws DISK_FAILED, LOG_DAMAGED. */
  read(slot: Slot): Value {
    return readValue(this.storage, this.places.get(slot), slot);
  }

  /** A snapshot at `slot` is kept: whole segments that hold nothing above it are removed, the oldest first. */
  forgetUpTo(slot: Slot): void {
    for (const placed of this.places.keys()) if (placed <= slot) this.places.delete(placed);
    let removed = 0;
    for (const segment of this.sealed) {
      if (segment.maxSlot > slot) break;
      removed += 1;
    }
    if (removed === 0) return;
    const gone = this.sealed.splice(0, removed);
    const first = gone[gone.length - 1]!.number + 1;
    const forgottenUpTo = Math.max(slot, this.identityNow.log.forgottenUpTo) as Slot;
    this.replaceIdentity(this.withExtent({ first, forgottenUpTo }));
    for (const { number } of gone) this.storage.remove(segmentName(number), stopOnFailure);
  }

  private write(): void {
    if (this.current === undefined || this.current.bytes >= this.options.segmentBytes) this.roll();
    const segment = this.current;
    assert(segment !== undefined, 'a batch needs a segment');
    const batch = [markRecord(segment.bytes)].concat(this.waiting);
    const tokens = this.waitingTokens;
    this.writtenDecidedUpTo = this.decidedUpTo;
    this.unmarked = this.waiting.length > 0;
    this.waiting = [];
    this.waitingTokens = [];
    this.urgent = false;
    this.inFlight = true;
    const at = segment.bytes;
    for (const record of batch) {
      const bytes = recordBytes(record);
      // Only accepts carry both: a mark's "slot" is an offset, a decided mark has no ballot.
      if (record.ballot > 0 && record.slot > 0) {
        const slot = record.slot as Slot;
        this.places.set(slot, { segment: segment.number, offset: segment.bytes, bytes });
        if (slot > segment.maxSlot) segment.maxSlot = slot;
      }
      segment.bytes += bytes;
      this.bytesAppended += bytes;
    }
    const pieces = encodeRecords(segment.number, batch);
    if (segment.bytes > segment.laidOutTo) pieces.push(this.layOut(segment));
    this.storage.write(segmentName(segment.number), at, pieces, (failure) => {
      stopOnFailure(failure);
      this.inFlight = false;
      for (const token of tokens) this.options.saved(token);
      this.flush();
    });
  }

  /** Never beyond where the segment is sealed: only the last one ends with zeros, and recovery cuts it. */
  private layOut(segment: { readonly bytes: number; laidOutTo: number }): Uint8Array {
    const { segmentBytes, aheadBytes } = this.options;
    const ahead = Math.min(aheadBytes, Math.max(0, segmentBytes - segment.bytes));
    segment.laidOutTo = segment.bytes + ahead;
    return this.zeros.subarray(0, ahead);
  }

  /** Everything before is synced, since no batch is under way. The identity names the new segment once its head is there. */
  private roll(): void {
    assert(!this.inFlight, 'a segment is sealed between two batches');
    const former = this.current ?? this.sealed[this.sealed.length - 1];
    if (this.current !== undefined) this.sealed.push(this.current);
    const number = (former?.number ?? 0) + 1;
    const head = headRecord({
      clusterId: this.identityNow.clusterId,
      disk: this.identityNow.disk,
      promised: this.promised,
      // Not of what waits: a crash may leave the head without the batch behind it, and nothing would have been lost.
      decidedUpTo: this.writtenDecidedUpTo,
      previousBytes: former?.bytes ?? 0,
    });
    const bytes = recordBytes(head);
    this.current = { number, bytes, laidOutTo: bytes, maxSlot: 0 as Slot };
    this.storage.write(segmentName(number), 0, encodeRecords(number, [head]), stopOnFailure);
    const first = this.identityNow.log.first === 0 ? number : this.identityNow.log.first;
    this.replaceIdentity(this.withExtent({ first, last: number }));
  }

  private withExtent(change: Partial<LogExtent>): Identity {
    return { ...this.identityNow, log: { ...this.identityNow.log, ...change } };
  }

  private replaceIdentity(identity: Identity): void {
    this.identityNow = identity;
    saveIdentity(this.storage, identity, stopOnFailure);
  }
}

/** A sync that failed is never repeated: what is on disk is not known any more, so the member stops. */
export function stopOnFailure(failure: StorageFailure | undefined): void {
  if (failure !== undefined) throw new MesozooError(failure.code, failure.message);
}
