/**
 * The slots that this member holds: what it accepted, and which of it is decided. Values are shared, never copied; those
 * that are decided and on disk are left there but for the newest. Plain data, changed only by the functions here.
 */
import { type Ballot, NO_BALLOT, type Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { StoredValue, Value } from './contract.ts';
import { sameServers } from './quorum.ts';

export interface LogEntry {
  readonly slot: Slot;
  readonly ballot: Ballot;
  readonly value: Value | StoredValue;
  readonly decided: boolean;
}

export interface LogView {
  readonly entries: Map<Slot, LogEntry>;
  /** Entries up to here are gone: whoever needs them needs a snapshot. */
  forgottenUpTo: Slot;
  /** The greatest slot held. */
  lastSlot: Slot;
  /** Of the values that are in memory. */
  memoryBytes: number;
  /** Up to here values are left to the disk. */
  leftUpTo: Slot;
}

export function emptyLog(forgottenUpTo: Slot): LogView {
  return {
    ...{ entries: new Map(), forgottenUpTo, lastSlot: forgottenUpTo },
    ...{ memoryBytes: 0, leftUpTo: forgottenUpTo },
  };
}

export function putEntry(log: LogView, entry: LogEntry): void {
  const before = log.entries.get(entry.slot);
  if (before !== undefined) count(log, before.value, -1);
  count(log, entry.value, 1);
  log.entries.set(entry.slot, entry);
  if (entry.slot > log.lastSlot) log.lastSlot = entry.slot;
}

export function markDecided(log: LogView, entry: LogEntry): void {
  if (!entry.decided) log.entries.set(entry.slot, { ...entry, decided: true });
}

/** Forgets from the front until at most `slotsMax` entries and `bytesMax` bytes up to `upTo` are left. */
export function forget(log: LogView, upTo: Slot, slotsMax: number, bytesMax: number): void {
  let bytes = 0;
  let keepAbove = Math.max(log.forgottenUpTo, upTo - slotsMax);
  for (let slot = upTo; slot > keepAbove; slot--) {
    const entry = log.entries.get(slot);
    bytes += entry === undefined ? 0 : valueBytes(entry.value);
    if (bytes > bytesMax) keepAbove = slot;
  }
  forgetUpTo(log, keepAbove as Slot);
}

export function forgetUpTo(log: LogView, upTo: Slot): void {
  for (let slot = log.forgottenUpTo + 1; slot <= Math.min(upTo, log.lastSlot); slot++) {
    const entry = log.entries.get(slot as Slot);
    if (entry === undefined) continue;
    count(log, entry.value, -1);
    log.entries.delete(slot as Slot);
  }
  if (upTo > log.leftUpTo) log.leftUpTo = upTo;
  if (upTo > log.forgottenUpTo) log.forgottenUpTo = upTo;
  if (upTo > log.lastSlot) log.lastSlot = upTo;
}

/** Values up to `upTo`, which are decided and on disk, are left there, the oldest first, until so many bytes are in memory. */
export function leaveToDisk(log: LogView, upTo: Slot, bytesMax: number): void {
  while (log.memoryBytes > bytesMax && log.leftUpTo < upTo) {
    log.leftUpTo = (log.leftUpTo + 1) as Slot;
    const entry = log.entries.get(log.leftUpTo);
    if (entry?.value.kind !== 'entry') continue;
    const bytes = valueBytes(entry.value);
    log.entries.set(entry.slot, { ...entry, value: { kind: 'stored', bytes } });
    log.memoryBytes -= bytes;
  }
}

function count(log: LogView, value: Value | StoredValue, sign: 1 | -1): void {
  if (value.kind !== 'stored') log.memoryBytes += sign * valueBytes(value);
}

/** Ascending, from `after` (not with it) to `upTo` (with it); slots without an entry are left out. */
export function* entriesBetween(log: LogView, after: Slot, upTo: Slot): Generator<LogEntry> {
  for (let slot = after + 1; slot <= Math.min(upTo, log.lastSlot); slot++) {
    const entry = log.entries.get(slot as Slot);
    if (entry !== undefined) yield entry;
  }
}

/** The ballots of the slots after `after`, 0 where nothing is held; ends with the last that is held, after `max` at most. */
export function heldBallots(log: LogView, after: Slot, max: number): Ballot[] {
  const held: Ballot[] = [];
  const end = Math.min(log.lastSlot, after + max);
  for (let slot = after + 1; slot <= end; slot++) {
    held.push(log.entries.get(slot as Slot)?.ballot ?? NO_BALLOT);
  }
  return held;
}

/** What a value takes in a message, with its slot and ballot: an upper bound. */
export function valueBytes(value: Value | StoredValue): number {
  switch (value.kind) {
    case 'stored':
      return value.bytes;
    case 'entry':
      return value.bytes.length + 32;
    case 'noop':
      return 24;
    case 'configuration':
      return configurationBytes(value.configuration);
    default:
      return value satisfies never;
  }
}

/** A disk's id may be of any characters: three bytes each at most. */
function configurationBytes({ members, observers = [], request = '' }: Configuration): number {
  let bytes = 48 + 3 * request.length;
  for (const { disk, address = '' } of members) bytes += 16 + 3 * (disk.length + address.length);
  for (const { address = '' } of observers) bytes += 16 + 3 * address.length;
  return bytes;
}

/** False only where it is known: what is on disk is not read for it. */
export function maybeSameValue(a: Value | StoredValue, b: Value): boolean {
  return a.kind === 'stored' || sameValue(a, b);
}

function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === 'entry' && b.kind === 'entry') {
    return a.bytes.length === b.bytes.length && a.bytes.every((byte, at) => byte === b.bytes[at]);
  }
  if (a.kind === 'configuration' && b.kind === 'configuration') {
    return sameConfiguration(a.configuration, b.configuration);
  }
  return a.kind === b.kind;
}

function sameConfiguration(a: Configuration, b: Configuration): boolean {
  return sameServers(a, b) && a.wallMs === b.wallMs && a.request === b.request;
}

export const NOOP: Value = { kind: 'noop' };
