/**
 * Reads the log's segments at the start, and tells a torn tail from damage.
 *
 * A torn tail is what a crash leaves of a batch that had not been synced: it is cut, since nothing depended on it.
 * It can only be at the end of the last segment, behind everything that a mark names as synced; so are the zeros that
 * the segment was laid out with. Whatever else is not readable had been synced once: that is damage, and the member no
 * longer knows all that it has promised and accepted.
 */
import type { Ballot, Slot } from '../../../protocol/ids.ts';
import { NO_BALLOT, NO_SLOT } from '../../../protocol/ids.ts';
import type { Storage } from '../../actor.ts';
import type { Value } from '../paxos/contract.ts';
import type { LogExtent } from './identity.ts';
import { stopOnFailure } from './log.ts';
import type { Place } from './places.ts';
import { type LocatedRecord, recordKinds, type Scan, scanRecords } from './records.ts';
import { fromDisk, readHead, segmentName, segmentNumber } from './segments.ts';

export interface AcceptedValue {
  readonly slot: Slot;
  readonly ballot: Ballot;
  readonly value: Value;
  readonly place: Place;
}

export interface SegmentSummary {
  readonly number: number;
  readonly bytes: number;
  /** Highest slot of an accept in it; 0 for none. */
  readonly maxSlot: Slot;
}

export interface Damage {
  readonly segment: number;
  readonly what: string;
}

export interface LogContent {
  /** Highest ballot of all readable records. */
  readonly promised: Ballot;
  /** The last readable accept of each slot, unless a later one may have stood where the log is damaged. */
  readonly accepted: ReadonlyMap<Slot, AcceptedValue>;
  /** The highest decided mark; there may be slots below it that are no longer readable. */
  readonly decidedUpTo: Slot;
  readonly segments: readonly SegmentSummary[];
  /** Damage that was not known before. */
  readonly damage: readonly Damage[];
  /** Bytes that were cut from the last segment, but for the zeros at its end. */
  readonly tornBytes: number;
}

/**
 * Cuts a torn tail, and syncs what it keeps, so that nothing is believed durable which is in a cache only. Removes the
 * segments that a crash has left although they were forgotten.
 */
export function readLog(storage: Storage, extent: LogExtent): LogContent {
  const reader = new LogReader(storage, extent);
  reader.read();
  return reader;
}

class LogReader implements LogContent {
  promised: Ballot = NO_BALLOT;
  readonly accepted = new Map<Slot, AcceptedValue>();
  decidedUpTo: Slot = NO_SLOT;
  readonly segments: SegmentSummary[] = [];
  readonly damage: Damage[] = [];
  tornBytes = 0;
  private readonly storage: Storage;
  private readonly extent: LogExtent;
  /** Length that the next segment's head must give for the one before it. */
  private lengthBefore: { readonly number: number; readonly bytes: number } | undefined;

  constructor(storage: Storage, extent: LogExtent) {
    this.storage = storage;
    this.extent = extent;
  }

  read(): void {
    const found = new Set<number>();
    for (const { name } of this.storage.list()) {
      const number = segmentNumber(name);
      if (number === undefined) continue;
      if (number >= this.extent.first) found.add(number);
      else this.storage.remove(name, stopOnFailure);
    }
    const last = Math.max(this.extent.last, ...found);
    for (let number = Math.max(1, this.extent.first); number <= last; number++) {
      if (found.has(number)) this.readSegment(number, number === last);
      else this.passDamage(number, 'the segment is missing');
    }
  }

  private readSegment(number: number, isLast: boolean): void {
    const name = segmentName(number);
    const bytes = this.storage.read(name);
    const scan = scanRecords(bytes, number);
    this.checkLengthBefore(number, scan.records[0]);
    // Behind it there may be one whose head was not synced any more, and does not say how long this one was.
    if (number === this.extent.last && bytes.length < syncedUpTo(number, scan, this.extent)) {
      this.passDamage(number, 'the segment is empty');
    }
    const keptBytes = isLast ? this.cutTornTail(number, bytes, scan) : bytes.length;
    const damage = scan.damage.filter(({ from }) => from < keptBytes);
    const passDamageBefore = (offset: number) => {
      for (let next = damage[0]; next !== undefined && next.from < offset; next = damage[0]) {
        this.passDamage(number, `bytes ${next.from} to ${next.to} are not readable`);
        damage.shift();
      }
    };
    let maxSlot = NO_SLOT;
    for (const record of scan.records) {
      if (record.end > keptBytes) break;
      passDamageBefore(record.offset);
      this.take(number, record);
      const accepts = record.kind !== recordKinds.decided && fromDisk(record)?.kind === 'accept';
      if (accepts && record.slot > maxSlot) maxSlot = record.slot as Slot;
    }
    passDamageBefore(keptBytes);
    this.segments.push({ number, bytes: keptBytes, maxSlot });
    this.lengthBefore = { number, bytes: keptBytes };
  }

  /** A segment that is shorter than when it was sealed has lost its end at a border between two records. */
  private checkLengthBefore(number: number, first: LocatedRecord | undefined): void {
    if (first?.kind !== recordKinds.segmentHead || this.lengthBefore?.number !== number - 1) return;
    const { previousBytes } = readHead(first);
    if (this.lengthBefore.bytes < previousBytes) {
      this.passDamage(
        number - 1,
        `the segment has ${this.lengthBefore.bytes} bytes of ${previousBytes}`,
      );
    }
  }

  /** Returns how many bytes are kept. */
  private cutTornTail(number: number, bytes: Uint8Array, scan: Scan): number {
    const synced = syncedUpTo(number, scan, this.extent);
    const torn = scan.damage.find(({ from }) => from >= synced);
    const kept = torn?.from ?? bytes.length;
    this.tornBytes = bytes.findLastIndex((byte, index) => byte !== 0 || index < kept) + 1 - kept;
    this.storage.truncate(segmentName(number), kept, Math.min(synced, kept));
    return kept;
  }

  private take(segment: number, record: LocatedRecord): void {
    if (record.ballot > this.promised) this.promised = record.ballot as Ballot;
    if (record.kind === recordKinds.segmentHead) {
      const head = readHead(record);
      if (head.decidedUpTo > this.decidedUpTo) this.decidedUpTo = head.decidedUpTo;
    }
    const read = fromDisk(record);
    if (read?.kind === 'accept') {
      const place = { segment, offset: record.offset, bytes: record.end - record.offset };
      this.accepted.set(read.slot, { ...read, place });
    }
    if (read?.kind === 'decided' && read.slot > this.decidedUpTo) this.decidedUpTo = read.slot;
  }

  /**
   * An accept that is lost may have replaced one that was read before, and a mark behind may count on the lost one: what
   * no mark before the damage has named as decided is given up, here and at every later start, and fetched again.
   */
  private passDamage(segment: number, what: string): void {
    for (const slot of this.accepted.keys()) {
      if (slot > this.decidedUpTo) this.accepted.delete(slot);
    }
    if (segment > this.extent.damageKnownUpTo) this.damage.push({ segment, what });
  }
}

/** What the file's own marks, and the identity, name as synced. */
function syncedUpTo(number: number, scan: Scan, extent: LogExtent): number {
  let synced = 0;
  for (const record of scan.records) {
    if (record.kind === recordKinds.mark && record.slot > synced) synced = record.slot;
  }
  if (synced > 0 || number > extent.last) return synced;
  // The identity names a segment once its head is synced, so that much there must be.
  return 1;
}
