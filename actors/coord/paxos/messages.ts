/**
 * What members of the quorum say to each other, and its form on the wire: one MessagePack array a message,
 * `[type number, sender, fields…]`. Values are bytes within it; decoding gives views, nothing is copied.
 *
 * Any message may be lost, repeated, late or out of order: each carries the ballot, slot or round by which it is matched.
 */
import { pack, unpack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import {
  type Ballot,
  ballotMember,
  type DiskId,
  type MemberId,
  type Slot,
} from '../../../protocol/ids.ts';
import type { Configuration, QuorumMember, QuorumObserver } from '../../../protocol/operations.ts';
import type { Value } from './contract.ts';

/** A slot as its sender holds it. */
export interface ReportedEntry {
  readonly slot: Slot;
  readonly ballot: Ballot;
  /** Absent in an answer to `fetch` where the asker said that it holds this slot under this very ballot. */
  readonly value?: Value;
}

/** Would you follow me? Changes nothing at the receiver. */
export interface PreVote {
  readonly type: 'preVote';
  readonly from: MemberId;
  readonly round: number;
  readonly decidedUpTo: Slot;
}
export interface PreVoted {
  readonly type: 'preVoted';
  readonly from: MemberId;
  readonly disk: DiskId;
  readonly round: number;
  readonly granted: boolean;
  /** The greatest ballot that the sender knows of. */
  readonly ballot: Ballot;
  readonly decidedUpTo: Slot;
}

/** Phase 1a: promise this ballot, and tell what you hold above `after`. */
export interface Prepare {
  readonly type: 'prepare';
  readonly from: MemberId;
  readonly ballot: Ballot;
  readonly after: Slot;
}
/**
 * Phase 1b, cut into chunks: everything that the sender holds in the slots from `after` (not with it) to `upTo`
 * (with it). The last chunk reaches to the end of the log, whatever its `upTo`. Chunks of several sendings may be cut
 * at different slots: what counts is that together they cover everything above the candidate's decided slot.
 */
export interface Promised {
  readonly type: 'promise';
  readonly from: MemberId;
  readonly disk: DiskId;
  readonly ballot: Ballot;
  readonly index: number;
  readonly last: boolean;
  readonly after: Slot;
  readonly upTo: Slot;
  /** Entries up to here are decided. */
  readonly decidedUpTo: Slot;
  readonly entries: readonly ReportedEntry[];
}

/** To the sender of a prepare, accept or heartbeat under `refused`: a greater `ballot` has been seen. */
export interface Refused {
  readonly type: 'refused';
  readonly from: MemberId;
  readonly refused: Ballot;
  readonly ballot: Ballot;
}

/** The entries that were asked for are forgotten here: fetch a snapshot first. */
export interface SnapshotNeeded {
  readonly type: 'snapshotNeeded';
  readonly from: MemberId;
  /** Entries up to here are forgotten. */
  readonly forgottenUpTo: Slot;
}

/** Phase 2a. `decidedUpTo` is the sender's decided mark, under its ballot. */
export interface Accept {
  readonly type: 'accept';
  readonly from: MemberId;
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value: Value;
  readonly decidedUpTo: Slot;
}
/** Phase 2b: these slots are on this disk under this ballot. */
export interface Accepted {
  readonly type: 'accepted';
  readonly from: MemberId;
  readonly disk: DiskId;
  readonly ballot: Ballot;
  readonly slots: readonly Slot[];
}

/** The decided mark alone, at once after a decision that no accept carries on. */
export interface Mark {
  readonly type: 'mark';
  readonly from: MemberId;
  readonly ballot: Ballot;
  readonly decidedUpTo: Slot;
}
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly from: MemberId;
  readonly ballot: Ballot;
  readonly round: number;
  readonly decidedUpTo: Slot;
}
/** The sender had seen no greater ballot when this round reached it. */
export interface HeartbeatAcknowledged {
  readonly type: 'heartbeatAcknowledged';
  readonly from: MemberId;
  readonly disk: DiskId;
  readonly ballot: Ballot;
  readonly round: number;
}

/** Asks for decided entries above `after`. `held` are the ballots under which the asker holds the slots after it, 0 for none. */
export interface Fetch {
  readonly type: 'fetch';
  readonly from: MemberId;
  readonly after: Slot;
  readonly held: readonly Ballot[];
}
/** Decided entries. After the chunk marked `last` the asker asks again if it wants more. */
export interface Fetched {
  readonly type: 'fetched';
  readonly from: MemberId;
  readonly last: boolean;
  readonly decidedUpTo: Slot;
  readonly entries: readonly ReportedEntry[];
}

/** From a member whose disk is not in the configuration: propose one with this disk in place of the old. */
export interface AdmissionRequest {
  readonly type: 'admissionRequest';
  readonly from: MemberId;
  readonly disk: DiskId;
}

export type QuorumMessage =
  | PreVote
  | PreVoted
  | Prepare
  | Promised
  | Refused
  | SnapshotNeeded
  | Accept
  | Accepted
  | Mark
  | Heartbeat
  | HeartbeatAcknowledged
  | Fetch
  | Fetched
  | AdmissionRequest;

const numbers = {
  preVote: 1,
  preVoted: 2,
  prepare: 3,
  promise: 4,
  refused: 5,
  snapshotNeeded: 6,
  accept: 7,
  accepted: 8,
  mark: 9,
  heartbeat: 10,
  heartbeatAcknowledged: 11,
  fetch: 12,
  fetched: 13,
  admissionRequest: 14,
} as const satisfies Record<QuorumMessage['type'], number>;

export function encodeQuorumMessage(message: QuorumMessage): Uint8Array {
  return pack([numbers[message.type], message.from, ...fieldsOf(message)]);
}

function fieldsOf(message: QuorumMessage): unknown[] {
  switch (message.type) {
    case 'preVote':
      return [message.round, message.decidedUpTo];
    case 'preVoted':
      return [message.disk, message.round, message.granted, message.ballot, message.decidedUpTo];
    case 'prepare':
      return [message.ballot, message.after];
    case 'promise':
      return [
        message.disk,
        message.ballot,
        message.index,
        message.last,
        message.after,
        message.upTo,
        message.decidedUpTo,
        entriesToWire(message.entries),
      ];
    case 'refused':
      return [message.refused, message.ballot];
    case 'snapshotNeeded':
      return [message.forgottenUpTo];
    case 'accept':
      return [message.ballot, message.slot, message.decidedUpTo, valueToWire(message.value)];
    case 'accepted':
      return [message.disk, message.ballot, message.slots];
    case 'mark':
      return [message.ballot, message.decidedUpTo];
    case 'heartbeat':
      return [message.ballot, message.round, message.decidedUpTo];
    case 'heartbeatAcknowledged':
      return [message.disk, message.ballot, message.round];
    case 'fetch':
      return [message.after, message.held];
    case 'fetched':
      return [message.last, message.decidedUpTo, entriesToWire(message.entries)];
    case 'admissionRequest':
      return [message.disk];
    default:
      return message satisfies never;
  }
}

/**
 * Bytes for an entry, null for a noop; for a configuration its members, behind them the observers, which have no disk,
 * and before them what else it has.
 */
function valueToWire(value: Value): unknown {
  switch (value.kind) {
    case 'entry':
      return value.bytes;
    case 'noop':
      return null;
    case 'configuration':
      return configurationToWire(value.configuration);
    default:
      return value satisfies never;
  }
}

function configurationToWire(configuration: Configuration): unknown[] {
  const { members, observers = [], wallMs, request } = configuration;
  const servers = [...members, ...observers.map((observer) => ({ ...observer, disk: null }))];
  const wire: unknown[] = servers.map(({ id, disk, address }) =>
    address === undefined ? [id, disk] : [id, disk, address],
  );
  return wallMs === undefined ? wire : [wallMs, request ?? null, ...wire];
}

/** Flat: slot, ballot, value; `false` stands for a value that is left out. */
function entriesToWire(entries: readonly ReportedEntry[]): unknown[] {
  const flat: unknown[] = [];
  for (const { slot, ballot, value } of entries) {
    flat.push(slot, ballot, value === undefined ? false : valueToWire(value));
  }
  return flat;
}

/** Throws MesozooError BAD_REQUEST for anything but one well-formed message. Bytes in it are views of `bytes`. */
export function decodeQuorumMessage(bytes: Uint8Array): QuorumMessage {
  let fields: unknown;
  try {
    fields = unpack(bytes);
  } catch (cause) {
    throw new MesozooError('BAD_REQUEST', 'a quorum message is not MessagePack', { cause });
  }
  if (!Array.isArray(fields)) throw malformed('not an array');
  const reader = new FieldReader(fields);
  const type = reader.integer('type');
  const from = reader.member();
  const message = readMessage(type, from, reader);
  reader.end();
  if (isOfLeader(message) && ballotMember(message.ballot) !== from) {
    throw malformed(`member ${from} speaks under a ballot of another`);
  }
  return message;
}

function isOfLeader(message: QuorumMessage): message is Prepare | Accept | Mark | Heartbeat {
  return (
    message.type === 'prepare' ||
    message.type === 'accept' ||
    message.type === 'mark' ||
    message.type === 'heartbeat'
  );
}

function readMessage(type: number, from: MemberId, read: FieldReader): QuorumMessage {
  switch (type) {
    case numbers.preVote:
      return { type: 'preVote', from, round: read.integer('round'), decidedUpTo: read.slot() };
    case numbers.preVoted:
      return {
        type: 'preVoted',
        from,
        disk: read.disk(),
        round: read.integer('round'),
        granted: read.boolean('granted'),
        ballot: read.ballotOrNone(),
        decidedUpTo: read.slot(),
      };
    case numbers.prepare:
      return { type: 'prepare', from, ballot: read.ballot(), after: read.slot() };
    case numbers.promise:
      return {
        type: 'promise',
        from,
        disk: read.disk(),
        ballot: read.ballot(),
        index: read.integer('index'),
        last: read.boolean('last'),
        after: read.slot(),
        upTo: read.slot(),
        decidedUpTo: read.slot(),
        entries: read.entries(false),
      };
    case numbers.refused:
      return { type: 'refused', from, refused: read.ballot(), ballot: read.ballot() };
    case numbers.snapshotNeeded:
      return { type: 'snapshotNeeded', from, forgottenUpTo: read.slot() };
    case numbers.accept: {
      const ballot = read.ballot();
      const slot = read.slotOfEntry();
      const decidedUpTo = read.slot();
      return { type: 'accept', from, ballot, slot, decidedUpTo, value: read.value() };
    }
    case numbers.accepted:
      return {
        type: 'accepted',
        from,
        disk: read.disk(),
        ballot: read.ballot(),
        slots: read.list('slots').map((slot) => positive(slot, 'slot') as Slot),
      };
    case numbers.mark:
      return { type: 'mark', from, ballot: read.ballot(), decidedUpTo: read.slot() };
    case numbers.heartbeat:
      return {
        type: 'heartbeat',
        from,
        ballot: read.ballot(),
        round: read.integer('round'),
        decidedUpTo: read.slot(),
      };
    case numbers.heartbeatAcknowledged:
      return {
        type: 'heartbeatAcknowledged',
        from,
        disk: read.disk(),
        ballot: read.ballot(),
        round: read.integer('round'),
      };
    case numbers.fetch:
      return {
        type: 'fetch',
        from,
        after: read.slot(),
        held: read.list('held').map((ballot) => natural(ballot, 'ballot') as Ballot),
      };
    case numbers.fetched:
      return {
        type: 'fetched',
        from,
        last: read.boolean('last'),
        decidedUpTo: read.slot(),
        entries: read.entries(true),
      };
    case numbers.admissionRequest:
      return { type: 'admissionRequest', from, disk: read.disk() };
    default:
      throw malformed(`unknown type ${type}`);
  }
}

/** Takes the fields one by one, each checked; a missing one is `undefined` and so refused. */
class FieldReader {
  private readonly fields: readonly unknown[];
  private position = 0;

  constructor(fields: readonly unknown[]) {
    this.fields = fields;
  }

  private next(): unknown {
    return this.fields[this.position++];
  }

  integer(name: string): number {
    return natural(this.next(), name);
  }

  boolean(name: string): boolean {
    const value = this.next();
    if (typeof value !== 'boolean') throw malformed(`${name} is not a boolean`);
    return value;
  }

  list(name: string): readonly unknown[] {
    return array(this.next(), name);
  }

  member(): MemberId {
    return memberId(this.next());
  }

  disk(): DiskId {
    return diskId(this.next());
  }

  slot(): Slot {
    return natural(this.next(), 'slot') as Slot;
  }

  slotOfEntry(): Slot {
    return positive(this.next(), 'slot') as Slot;
  }

  ballot(): Ballot {
    return positive(this.next(), 'ballot') as Ballot;
  }

  ballotOrNone(): Ballot {
    return natural(this.next(), 'ballot') as Ballot;
  }

  value(): Value {
    return valueOfWire(this.next());
  }

  entries(withoutValues: boolean): readonly ReportedEntry[] {
    const flat = array(this.next(), 'entries');
    if (flat.length % 3 !== 0) throw malformed('entries are not triples');
    const entries: ReportedEntry[] = [];
    for (let index = 0; index < flat.length; index += 3) {
      const slot = positive(flat[index], 'slot') as Slot;
      const ballot = positive(flat[index + 1], 'ballot') as Ballot;
      const wire = flat[index + 2];
      if (wire === false && withoutValues) entries.push({ slot, ballot });
      else entries.push({ slot, ballot, value: valueOfWire(wire) });
    }
    return entries;
  }

  end(): void {
    if (this.position !== this.fields.length) throw malformed('wrong number of fields');
  }
}

function valueOfWire(wire: unknown): Value {
  if (wire instanceof Uint8Array) return { kind: 'entry', bytes: plainBytes(wire) };
  if (wire === null) return { kind: 'noop' };
  const fields = array(wire, 'value');
  const isTold = fields.length > 0 && !Array.isArray(fields[0]);
  const all = fields.slice(isTold ? 2 : 0).map(serverOfWire);
  if (new Set(all.map(({ id }) => id)).size !== all.length) {
    throw malformed('a configuration names a member twice');
  }
  const members = all.filter((server) => 'disk' in server);
  const observers = all.filter((server) => !('disk' in server));
  const servers = { members, ...(observers.length > 0 && { observers }) };
  if (!isTold) return { kind: 'configuration', configuration: servers };
  const [wallMs, request] = fields;
  if (request !== null && typeof request !== 'string') throw malformed('request is no text');
  const told = { wallMs: natural(wallMs, 'time'), ...(request !== null && { request }) };
  return { kind: 'configuration', configuration: { ...servers, ...told } };
}

function serverOfWire(wire: unknown): QuorumMember | QuorumObserver {
  const [id, disk, address, ...more] = array(wire, 'member');
  if (more.length > 0) throw malformed('member has too many fields');
  if (address !== undefined && typeof address !== 'string') throw malformed('address is no text');
  const known = address === undefined ? {} : { address };
  if (disk === null) return { id: memberId(id), ...known };
  return { id: memberId(id), disk: diskId(disk), ...known };
}

/** A view that is no Node Buffer, whose `slice` would share memory where others copy. */
function plainBytes(wire: Uint8Array): Uint8Array {
  return new Uint8Array(wire.buffer, wire.byteOffset, wire.byteLength);
}

function array(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${name} is not a list`);
  return value;
}

function natural(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw malformed(`${name} is not a whole number from 0`);
  }
  return value as number;
}

function positive(value: unknown, name: string): number {
  if (natural(value, name) === 0) throw malformed(`${name} is 0`);
  return value as number;
}

function memberId(value: unknown): MemberId {
  if (positive(value, 'member') > 255) throw malformed('member is above 255');
  return value as MemberId;
}

function diskId(value: unknown): DiskId {
  if (typeof value !== 'string' || value === '' || value.length > 128) {
    throw malformed('disk is not an identifier');
  }
  return value as DiskId;
}

function malformed(what: string): MesozooError {
  return new MesozooError('BAD_REQUEST', `malformed quorum message: ${what}`);
}
