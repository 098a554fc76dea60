/**
 * What coords say to each other beside Paxos, on the same subjects: operations on their way to the leader, sessions
 * that were heard of, reads that must be linearizable, and pieces of snapshots.
 *
 * A message begins with the one byte that MessagePack never uses, then a MessagePack array; Paxos' own messages begin
 * with an array.
 */
import { pack, unpack } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type { Ballot, DiskId, MemberId, SessionId, Slot } from '../../protocol/ids.ts';
import type { Identity } from '../../protocol/operations.ts';
import type { SnapshotPiece, SnapshotRead } from './log/transfer.ts';
import { countOfFrames, type OperationFrames } from './znodes/operation-frames.ts';

/** Operations of one stream: each has a place in it, ascending, and none is missing between `after` and the first. */
export interface Forward {
  readonly type: 'forward';
  readonly from: MemberId;
  readonly stream: string;
  /** Of the leadership that the stream belongs to. */
  readonly ballot: Ballot;
  readonly after: number;
  /** Of places that follow each other: the first one and how many, and the same of those behind a gap. */
  readonly runs: readonly number[];
  readonly operations: OperationFrames;
}

/** The leader has everything of the stream up to here and misses something behind it. */
export interface Resend {
  readonly type: 'resend';
  readonly from: MemberId;
  readonly stream: string;
  readonly taken: number;
}

/** Sessions that the sender has heard from since it last said so. */
export interface Touched {
  readonly type: 'touched';
  readonly from: MemberId;
  readonly sessions: readonly SessionId[];
}

/** Up to which slot must I have applied, so that my state is as new as this question? */
export interface ReadIndex {
  readonly type: 'readIndex';
  readonly from: MemberId;
  readonly id: number;
}
export interface ReadIndexAnswer {
  readonly type: 'readIndexAnswer';
  readonly from: MemberId;
  readonly id: number;
  readonly slot: Slot;
}

/** Is anybody there? NATS answers where nobody is; who is there need not. */
export interface Probe {
  readonly type: 'probe';
  readonly from: MemberId;
}

/** The leader of this ballot stops in good order, or hands over: somebody else may lead at once. */
export interface Leaving {
  readonly type: 'leaving';
  readonly from: MemberId;
  readonly ballot: Ballot;
}

/** From a follower to all, who answer at once: how quickly one does is compared. */
export interface PaceAsked {
  readonly type: 'paceAsked';
  readonly from: MemberId;
  readonly round: number;
}
export interface PaceTold {
  readonly type: 'paceTold';
  readonly from: MemberId;
  readonly round: number;
}
/** To the leader of this ballot: a majority that you are not in is much quicker than you. */
export interface FoundSlow {
  readonly type: 'foundSlow';
  readonly from: MemberId;
  readonly ballot: Ballot;
}

/** From a member that joined without a bootstrap: which cluster is this? */
export interface ClusterAsked {
  readonly type: 'clusterAsked';
  readonly from: MemberId;
}
export interface ClusterTold {
  readonly type: 'clusterTold';
  readonly from: MemberId;
  readonly clusterId: string;
}

/** To all, now and then: who and where I am, and up to where what is decided is on my disk. */
export interface Announced {
  readonly type: 'announced';
  readonly from: MemberId;
  readonly disk: DiskId;
  /** As in a configuration (`QuorumMember`); empty where no client of ZooKeeper can connect. */
  readonly address: string;
  readonly storedUpTo: Slot;
}

/** To the leader: propose other members. What is null was not said. */
export interface ReconfigAsked {
  readonly type: 'reconfigAsked';
  readonly from: MemberId;
  /** The configuration that comes of it bears it. */
  readonly request: string;
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly newMembers: string | null;
  /** Zxid of the configuration that is to be changed; -1 for any. */
  readonly version: number;
  readonly identities: readonly Identity[];
  /** The asker has applied so much: so must have the leader. */
  readonly after: Slot;
}
/** Nothing was proposed. Of what was, everybody hears by its entry. */
export interface ReconfigRefused {
  readonly type: 'reconfigRefused';
  readonly from: MemberId;
  readonly request: string;
  readonly code: string;
  readonly reason: string;
}

/** Of the sender's tree after a slot; digests of different formats cannot be compared. */
export interface DigestTold {
  readonly type: 'digestTold';
  readonly from: MemberId;
  readonly slot: Slot;
  readonly format: number;
  readonly digest: string;
}

export type MemberMessage =
  | Forward
  | Resend
  | Touched
  | ReadIndex
  | ReadIndexAnswer
  | Probe
  | Leaving
  | PaceAsked
  | PaceTold
  | FoundSlow
  | ClusterAsked
  | ClusterTold
  | Announced
  | ReconfigAsked
  | ReconfigRefused
  | DigestTold
  | SnapshotRead
  | SnapshotPiece;

const MARK = 0xc1;

const numbers = {
  forward: 1,
  resend: 2,
  touched: 3,
  readIndex: 4,
  readIndexAnswer: 5,
  snapshotRead: 6,
  snapshotPiece: 7,
  clusterAsked: 8,
  clusterTold: 9,
  probe: 10,
  digestTold: 11,
  leaving: 12,
  announced: 13,
  reconfigAsked: 14,
  reconfigRefused: 15,
  paceAsked: 16,
  paceTold: 17,
  foundSlow: 18,
} as const satisfies Record<MemberMessage['type'], number>;

export function isMemberMessage(bytes: Uint8Array): boolean {
  return bytes[0] === MARK;
}

export function encodeMemberMessage(message: MemberMessage): Uint8Array {
  const body = pack([numbers[message.type], message.from, ...fieldsOf(message)]);
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = MARK;
  bytes.set(body, 1);
  return bytes;
}

function fieldsOf(message: MemberMessage): unknown[] {
  switch (message.type) {
    case 'forward':
      return [
        message.stream,
        message.ballot,
        message.after,
        message.runs,
        message.operations.bytes,
      ];
    case 'resend':
      return [message.stream, message.taken];
    case 'touched':
      return [message.sessions];
    case 'readIndex':
      return [message.id];
    case 'readIndexAnswer':
      return [message.id, message.slot];
    case 'snapshotRead':
      return [message.slot, message.offset, message.length];
    case 'snapshotPiece':
      return [message.slot, message.offset, message.size, message.bytes];
    case 'probe':
    case 'clusterAsked':
      return [];
    case 'clusterTold':
      return [message.clusterId];
    case 'announced':
      return [message.disk, message.address, message.storedUpTo];
    case 'reconfigAsked': {
      const { request, joining, leaving, newMembers, version, identities, after } = message;
      const named = identities.flatMap(({ scheme, id }) => [scheme, id]);
      return [request, [joining, leaving, newMembers], version, named, after];
    }
    case 'reconfigRefused':
      return [message.request, message.code, message.reason];
    case 'digestTold':
      return [message.slot, message.format, message.digest];
    case 'leaving':
    case 'foundSlow':
      return [message.ballot];
    case 'paceAsked':
    case 'paceTold':
      return [message.round];
    default:
      return message satisfies never;
  }
}

/** Throws BAD_REQUEST for anything but one well-formed message. Bytes in it are views. */
export function decodeMemberMessage(bytes: Uint8Array): MemberMessage {
  let fields: unknown;
  try {
    fields = unpack(bytes.subarray(1));
  } catch (cause) {
    throw new MesozooError('BAD_REQUEST', 'a message between members is not MessagePack', {
      cause,
    });
  }
  if (!Array.isArray(fields)) throw malformed('it is not an array');
  const [type, from, ...rest] = fields as unknown[];
  if (!isCount(type) || !isCount(from)) throw malformed('type or sender are missing');
  return readMessage(type, from as MemberId, rest);
}

function readMessage(type: number, from: MemberId, rest: readonly unknown[]): MemberMessage {
  const [a, b, c, d, e] = rest;
  switch (type) {
    case numbers.forward: {
      if (typeof a !== 'string' || !isCount(b) || !isCount(c)) throw malformed('forward');
      if (!isArrayOf(d, isCount) || d.length % 2 !== 0 || !isBytes(e)) throw malformed('forward');
      const ballot = b as Ballot;
      const operations = { count: countOfFrames(e), bytes: e };
      if (operations.count !== placesOf(d)) throw malformed('forward');
      return { type: 'forward', from, stream: a, ballot, after: c, runs: d, operations };
    }
    case numbers.resend:
      if (typeof a !== 'string' || !isCount(b)) throw malformed('resend');
      return { type: 'resend', from, stream: a, taken: b };
    case numbers.touched:
      if (!isArrayOf(a, isSession)) throw malformed('touched');
      return { type: 'touched', from, sessions: a };
    case numbers.readIndex:
      if (!isCount(a)) throw malformed('readIndex');
      return { type: 'readIndex', from, id: a };
    case numbers.readIndexAnswer:
      if (!isCount(a) || !isCount(b)) throw malformed('readIndexAnswer');
      return { type: 'readIndexAnswer', from, id: a, slot: b as Slot };
    case numbers.snapshotRead:
      if (!isCount(a) || !isCount(b) || !isCount(c)) throw malformed('snapshotRead');
      return { type: 'snapshotRead', from, slot: a as Slot, offset: b, length: c };
    case numbers.snapshotPiece:
      if (!isCount(a) || !isCount(b) || !isCount(c) || !isBytes(d))
        throw malformed('snapshotPiece');
      return { type: 'snapshotPiece', from, slot: a as Slot, offset: b, size: c, bytes: d };
    case numbers.probe:
      return { type: 'probe', from };
    case numbers.clusterAsked:
      return { type: 'clusterAsked', from };
    case numbers.clusterTold:
      if (typeof a !== 'string') throw malformed('clusterTold');
      return { type: 'clusterTold', from, clusterId: a };
    case numbers.announced:
      if (typeof a !== 'string' || typeof b !== 'string' || !isCount(c))
        throw malformed('announced');
      return { type: 'announced', from, disk: a as DiskId, address: b, storedUpTo: c as Slot };
    case numbers.reconfigAsked: {
      if (typeof a !== 'string' || !isArrayOf(b, isTextOrNull) || !Number.isSafeInteger(c))
        throw malformed('reconfigAsked');
      if (!isArrayOf(d, isText) || d.length % 2 !== 0 || !isCount(e))
        throw malformed('reconfigAsked');
      const [joining = null, leaving = null, newMembers = null] = b;
      const identities = Array.from({ length: d.length / 2 }, (_, index) => ({
        scheme: d[2 * index]!,
        id: d[2 * index + 1]!,
      }));
      const wanted = { joining, leaving, newMembers, version: c as number };
      return { type: 'reconfigAsked', from, request: a, ...wanted, identities, after: e as Slot };
    }
    case numbers.reconfigRefused:
      if (typeof a !== 'string' || typeof b !== 'string' || typeof c !== 'string')
        throw malformed('reconfigRefused');
      return { type: 'reconfigRefused', from, request: a, code: b, reason: c };
    case numbers.digestTold:
      if (!isCount(a) || !isCount(b) || typeof c !== 'string') throw malformed('digestTold');
      return { type: 'digestTold', from, slot: a as Slot, format: b, digest: c };
    case numbers.leaving:
      if (!isCount(a)) throw malformed('leaving');
      return { type: 'leaving', from, ballot: a as Ballot };
    case numbers.paceAsked:
      if (!isCount(a)) throw malformed('paceAsked');
      return { type: 'paceAsked', from, round: a };
    case numbers.paceTold:
      if (!isCount(a)) throw malformed('paceTold');
      return { type: 'paceTold', from, round: a };
    case numbers.foundSlow:
      if (!isCount(a)) throw malformed('foundSlow');
      return { type: 'foundSlow', from, ballot: a as Ballot };
    default:
      throw malformed(`there is no type ${type}`);
  }
}

function placesOf(runs: readonly number[]): number {
  return runs.reduce((sum, length, at) => (at % 2 === 1 ? sum + length : sum), 0);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isSession(value: unknown): value is SessionId {
  return typeof value === 'string' && value.length === 16;
}

function isArrayOf<Item>(
  value: unknown,
  is: (item: unknown) => item is Item,
): value is readonly Item[] {
  return Array.isArray(value) && value.every(is);
}

function malformed(what: string): MesozooError {
  return new MesozooError('BAD_REQUEST', `a message between members is malformed: ${what}`);
}
