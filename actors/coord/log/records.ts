/**
 * The form of a record on disk: a header with length, checksum, kind, slot and ballot, then the payload.
 *
 * The checksum covers header and payload, and the header names the file that the record was written for, so a record
 * that turns up elsewhere (a block of a former file, a misdirected write) is never taken for one of this file.
 * Values are not copied: a record is written as two pieces, and read as a view of what was read.
 */
import { crc32 } from 'node:zlib';
import { assert } from '../../../protocol/errors.ts';

export const recordKinds = {
  // log segments
  segmentHead: 1,
  /** `slot` is the byte offset up to which this file had been synced when the record was written. */
  mark: 2,
  promise: 3,
  entry: 4,
  noop: 5,
  configuration: 6,
  decided: 7,
  // snapshots
  snapshotHead: 16,
  snapshotChunk: 17,
  snapshotEnd: 18,
} as const;
export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

export interface DiskRecord {
  readonly kind: RecordKind;
  readonly slot: number;
  readonly ballot: number;
  readonly payload: Uint8Array;
}

export interface LocatedRecord extends DiskRecord {
  readonly offset: number;
  readonly end: number;
}

export const NO_PAYLOAD = new Uint8Array(0);

/** "mzR1" */
const MAGIC = 0x6d7a5231;
const magicBytes = Uint8Array.of(0x6d, 0x7a, 0x52, 0x31);
const at = { checksum: 0, magic: 4, length: 8, kind: 12, slot: 16, ballot: 24, file: 32 } as const;
export const HEADER_BYTES = 36;
/** No payload is larger: what claims to be is damage. */
const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;

const knownKinds: ReadonlySet<number> = new Set(Object.values(recordKinds));

export function recordBytes(record: DiskRecord): number {
  return HEADER_BYTES + record.payload.length;
}

/** Pieces to append, in order; `file` is the number of the file that they are for. */
export function encodeRecords(file: number, records: readonly DiskRecord[]): Uint8Array[] {
  const headers = new Uint8Array(records.length * HEADER_BYTES);
  const view = new DataView(headers.buffer);
  const pieces: Uint8Array[] = [];
  records.forEach((record, index) => {
    assert(record.payload.length <= PAYLOAD_BYTES_MAX, 'a record is larger than any may be');
    const start = index * HEADER_BYTES;
    view.setUint32(start + at.magic, MAGIC);
    view.setUint32(start + at.length, record.payload.length);
    view.setUint32(start + at.kind, record.kind);
    view.setFloat64(start + at.slot, record.slot);
    view.setFloat64(start + at.ballot, record.ballot);
    view.setUint32(start + at.file, file);
    const header = headers.subarray(start, start + HEADER_BYTES);
    view.setUint32(start + at.checksum, checksum(header, record.payload));
    pieces.push(header);
    if (record.payload.length > 0) pieces.push(record.payload);
  });
  return pieces;
}

/** The record at `offset`, or undefined where there is no whole and sound one of this file. */
export function recordAt(
  bytes: Uint8Array,
  offset: number,
  file: number,
): LocatedRecord | undefined {
  if (offset < 0 || offset + HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  if (view.getUint32(at.magic) !== MAGIC || view.getUint32(at.file) !== file) return undefined;
  const length = view.getUint32(at.length);
  const end = offset + HEADER_BYTES + length;
  if (length > PAYLOAD_BYTES_MAX || end > bytes.length) return undefined;
  const payload = bytes.subarray(offset + HEADER_BYTES, end);
  const header = bytes.subarray(offset, offset + HEADER_BYTES);
  if (view.getUint32(at.checksum) !== checksum(header, payload)) return undefined;
  const kind = view.getUint32(at.kind);
  if (!knownKinds.has(kind)) return undefined;
  return {
    kind: kind as RecordKind,
    slot: view.getFloat64(at.slot),
    ballot: view.getFloat64(at.ballot),
    payload,
    offset,
    end,
  };
}

export interface DamagedRegion {
  readonly from: number;
  readonly to: number;
}

export interface Scan {
  readonly records: readonly LocatedRecord[];
  /** Where no sound record stands; the last one may be a torn tail. */
  readonly damage: readonly DamagedRegion[];
}

/** Every sound record of a file, also those behind a damaged region. */
export function scanRecords(bytes: Uint8Array, file: number): Scan {
  const records: LocatedRecord[] = [];
  const damage: DamagedRegion[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const record = recordAt(bytes, offset, file);
    if (record !== undefined) {
      records.push(record);
      offset = record.end;
      continue;
    }
    const next = nextRecordOffset(bytes, offset + 1, file);
    damage.push({ from: offset, to: next });
    offset = next;
  }
  return { records, damage };
}

function nextRecordOffset(bytes: Uint8Array, from: number, file: number): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let found = buffer.indexOf(magicBytes, from + at.magic);
  while (found !== -1) {
    if (recordAt(bytes, found - at.magic, file) !== undefined) return found - at.magic;
    found = buffer.indexOf(magicBytes, found + 1);
  }
  return bytes.length;
}

function checksum(header: Uint8Array, payload: Uint8Array): number {
  const head = crc32(header.subarray(at.magic));
  return payload.length === 0 ? head : crc32(payload, head);
}
