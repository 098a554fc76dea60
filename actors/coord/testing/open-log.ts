/** A member's data over a storage of a test: opened, written to, opened again. */
import type { Ballot, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Random } from '../../actor.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { CoordLog } from '../log/log.ts';
import { type Opened, openData } from '../log/open.ts';
import type { LogRecord } from '../paxos/contract.ts';
import { znodeStates } from '../znodes/znodes.ts';
import type { MemoryStorage } from './memory-storage.ts';

export const slot = (number: number) => number as Slot;
export const ballot = (number: number) => number as Ballot;
export const member = (number: number) => number as MemberId;

let drawn = 0;
/** Different each time, and the same in each run. */
export const counting: Random = {
  next: () => 0.5,
  bytes: (count) => {
    drawn += 1;
    return Uint8Array.from({ length: count }, (_, index) => (drawn >> (8 * index)) & 0xff);
  },
};

export const bootstrap = { clusterId: 'test', members: [1, 2, 3].map(member) };

export interface OpenedLog extends Opened {
  readonly log: CoordLog;
  readonly saved: number[];
}

export function openLog(
  storage: MemoryStorage,
  options: {
    readonly bootstrap?: boolean;
    readonly clusterId?: string;
    readonly segmentBytes?: number;
    readonly aheadBytes?: number;
    readonly id?: number;
  } = {},
): OpenedLog {
  const opened = openData({
    storage,
    random: counting,
    log: silentLog,
    member: member(options.id ?? 1),
    znodes: znodeStates,
    ...((options.bootstrap ?? true) && {
      bootstrap: { ...bootstrap, clusterId: options.clusterId ?? bootstrap.clusterId },
    }),
  });
  storage.settle();
  const saved: number[] = [];
  const log = new CoordLog({
    storage,
    identity: opened.identity,
    segments: opened.segments,
    places: opened.places,
    promised: opened.recovered.promised,
    decidedUpTo: opened.recovered.decidedUpTo,
    segmentBytes: options.segmentBytes ?? 1024 * 1024,
    aheadBytes: options.aheadBytes ?? 500,
    saved: (token) => saved.push(token),
  });
  return { ...opened, log, saved };
}

export function promise(number: number): LogRecord {
  return { kind: 'promise', ballot: ballot(number) };
}

export function accept(at: number, under: number, text = `value ${at}`): LogRecord {
  const bytes = Buffer.from(text);
  return {
    kind: 'accept',
    slot: slot(at),
    ballot: ballot(under),
    value: { kind: 'entry', bytes },
  };
}

export function decided(at: number): LogRecord {
  return { kind: 'decided', slot: slot(at) };
}

/** What was accepted, as `slot@ballot text`. */
export function acceptedOf({ recovered }: Pick<Opened, 'recovered'>): string[] {
  return recovered.accepted.map(({ slot: at, ballot: under, value }) => {
    const text = value.kind === 'entry' ? Buffer.from(value.bytes).toString() : value.kind;
    return `${at}@${under} ${text}`;
  });
}
