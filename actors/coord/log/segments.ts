/**
 * The log is a row of segment files `log-<number>`, each with records of one stretch of time.
 *
 * A segment begins with a head, which repeats the promise and says how long the segment before it was when it was
 * sealed. Each batch begins with a mark, which says up to where the file had been synced when the batch was written;
 * so damage before a mark, or in a sealed segment, is damage of what had been synced, and not a torn tail.
 */

import { pack, unpack } from '../../../protocol/codec.ts';
import type { Ballot, DiskId, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { LogRecord, Value } from '../paxos/contract.ts';
import { type DiskRecord, NO_PAYLOAD, recordKinds } from './records.ts';

export interface SegmentHead {
  readonly clusterId: string;
  readonly disk: DiskId;
  readonly promised: Ballot;
  readonly decidedUpTo: Slot;
  /** Bytes of the segment before, all synced; 0 for the first. */
  readonly previousBytes: number;
}

export function segmentName(number: number): string {
  return `log-${String(number).padStart(10, '0')}`;
}

export function segmentNumber(name: string): number | undefined {
  const digits = /^log-(\d{10})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function headRecord(head: SegmentHead): DiskRecord {
  return {
    kind: recordKinds.segmentHead,
    slot: head.decidedUpTo,
    ballot: head.promised,
    payload: pack([head.clusterId, head.disk, head.previousBytes]),
  };
}

export function readHead(record: DiskRecord): SegmentHead {
  const [clusterId, disk, previousBytes] = unpack(record.payload) as [string, DiskId, number];
  return {
    clusterId,
    disk,
    promised: record.ballot as Ballot,
    decidedUpTo: record.slot as Slot,
    previousBytes,
  };
}

export function markRecord(syncedUpTo: number): DiskRecord {
  return { kind: recordKinds.mark, slot: syncedUpTo, ballot: 0, payload: NO_PAYLOAD };
}

export function toDisk(record: LogRecord): DiskRecord {
  switch (record.kind) {
    case 'promise':
      return { kind: recordKinds.promise, slot: 0, ballot: record.ballot, payload: NO_PAYLOAD };
    case 'decided':
      return { kind: recordKinds.decided, slot: record.slot, ballot: 0, payload: NO_PAYLOAD };
    case 'accept':
      return { slot: record.slot, ballot: record.ballot, ...valueToDisk(record.value) };
    default:
      return record satisfies never;
  }
}

function valueToDisk(value: Value): Pick<DiskRecord, 'kind' | 'payload'> {
  switch (value.kind) {
    case 'entry':
      return { kind: recordKinds.entry, payload: value.bytes };
    case 'noop':
      return { kind: recordKinds.noop, payload: NO_PAYLOAD };
    case 'configuration':
      return { kind: recordKinds.configuration, payload: pack(value.configuration) };
    default:
      return value satisfies never;
  }
}

/** Undefined for records that are the log's own. */
export function fromDisk(record: DiskRecord): LogRecord | undefined {
  const slot = record.slot as Slot;
  const ballot = record.ballot as Ballot;
  switch (record.kind) {
    case recordKinds.promise:
      return { kind: 'promise', ballot };
    case recordKinds.decided:
      return { kind: 'decided', slot };
    case recordKinds.entry:
      return { kind: 'accept', slot, ballot, value: { kind: 'entry', bytes: record.payload } };
    case recordKinds.noop:
      return { kind: 'accept', slot, ballot, value: { kind: 'noop' } };
    case recordKinds.configuration: {
      const configuration = unpack(record.payload) as Configuration;
      return { kind: 'accept', slot, ballot, value: { kind: 'configuration', configuration } };
    }
    default:
      return undefined;
  }
}
