/**
 * The records of a snapshot: one head, the sessions, the nodes (parents before children), one end.
 * A record is its length, its kind and its body; chunks cut the stream of records anywhere.
 */
import { assert } from '../../../protocol/errors.ts';
import type {
  DiskId,
  MemberId,
  SessionId,
  SessionIncarnation,
  Slot,
  Zxid,
} from '../../../protocol/ids.ts';
import type { Configuration, QuorumMember } from '../../../protocol/operations.ts';
import { type Acl, aclOf, aclProblem } from './acl.ts';
import { type ByteReader, ByteWriter, unreadable } from './bytes.ts';
import { NULL_DATA } from './data.ts';
import { readAcl, writeAcl } from './operation-codec.ts';
import type { Beginning, SessionRecord } from './sessions.ts';
import type { NodeRecord } from './tree.ts';

/** Another format also when something else is hashed: the digest in the last record is compared at the restore. */
const FORMAT = 1;
/** With the addresses of the members, which are hashed as well. */
const ADDRESSED_FORMAT = 2;
/** And with observers, which are hashed as well. */
const OBSERVED_FORMAT = 3;
const kinds = { head: 1, session: 2, node: 3, end: 4 } as const;

export interface SnapshotHead {
  readonly slot: Slot;
  readonly zxid: Zxid;
  readonly configuration: Configuration;
}
export interface SessionImage extends SessionRecord {
  readonly firstReply: number;
  readonly replies: readonly string[];
}
export interface SnapshotEnd {
  readonly sessions: number;
  readonly nodes: number;
  readonly digest: string;
}
export type SnapshotRecord =
  | { readonly kind: 'head'; readonly head: SnapshotHead }
  | { readonly kind: 'session'; readonly session: SessionImage }
  | { readonly kind: 'node'; readonly node: NodeRecord }
  | { readonly kind: 'end'; readonly end: SnapshotEnd };

const body = new ByteWriter(64 * 1024);

export function writeHead(target: ByteWriter, { slot, zxid, configuration }: SnapshotHead): void {
  const { members, observers = [] } = configuration;
  const format = formatOf(configuration);
  begin(kinds.head);
  body.u8(format);
  body.varuint(slot);
  body.varuint(zxid);
  body.varuint(members.length);
  for (const { id, disk, address = '' } of members) {
    body.varuint(id);
    body.string(disk);
    if (format !== FORMAT) body.string(address);
  }
  if (format === OBSERVED_FORMAT) {
    body.varuint(observers.length);
    for (const { id, address = '' } of observers) {
      body.varuint(id);
      body.string(address);
    }
  }
  finish(target);
}

/** The oldest that holds all, so that members of an older version can read what they know. */
function formatOf({ members, observers = [] }: Configuration): number {
  if (observers.length > 0) return OBSERVED_FORMAT;
  return members.some(({ address }) => address !== undefined) ? ADDRESSED_FORMAT : FORMAT;
}

export function writeSession(target: ByteWriter, session: SessionImage): void {
  begin(kinds.session);
  body.hex8(session.id);
  body.block(session.password);
  body.u8((session.clientNumbered ? 1 : 0) | (session.ofMember ? 2 : 0));
  body.varuint(session.holder);
  body.varuint(session.incarnation);
  body.varuint(session.timeoutMs);
  body.varuint(session.number);
  body.varuint(session.beginnings.length);
  for (const beginning of session.beginnings) {
    body.u32(beginning.tag);
    body.varuint(beginning.holder);
    body.varuint(beginning.incarnation);
    body.varuint(beginning.number);
  }
  body.varuint(session.firstReply);
  body.varuint(session.replies.length);
  for (const reply of session.replies) body.latin1(reply);
  finish(target);
}

export function writeNode(target: ByteWriter, node: NodeRecord): void {
  begin(kinds.node);
  const { data } = node;
  body.string(node.path);
  body.block(data);
  writeAcl(body, node.acl.entries);
  body.varuint(node.czxid);
  body.varuint(node.mzxid);
  body.varuint(node.pzxid);
  body.varuint(node.ctimeMs);
  body.varuint(node.mtimeMs);
  body.varint(node.version);
  body.varint(node.aversion);
  body.varuint(node.creates);
  body.string(node.owner);
  // Left out where there is nothing to say: so are the records from before there were such nodes.
  const isNull = data === NULL_DATA;
  if (node.container || node.ttlMs > 0 || isNull) {
    body.u8((node.container ? CONTAINER : 0) | (isNull ? NULL : 0));
    body.varuint(node.ttlMs);
  }
  finish(target);
}

export function writeEnd(target: ByteWriter, end: SnapshotEnd): void {
  begin(kinds.end);
  body.varuint(end.sessions);
  body.varuint(end.nodes);
  body.string(end.digest);
  finish(target);
}

const CONTAINER = 1;
/** The data are null; as bytes, they were written as none. */
const NULL = 2;

function begin(kind: number): void {
  body.clear();
  body.u8(kind);
}

function finish(target: ByteWriter): void {
  assert(body.length > 1, 'a record has a body');
  body.appendTo(target);
}

/** Reads one record, without its length, that ends at `reader.end`. Throws MesozooError BAD_REQUEST. */
export function readRecord(reader: ByteReader): SnapshotRecord {
  const record = readBody(reader, reader.u8());
  reader.finish();
  return record;
}

function readBody(reader: ByteReader, kind: number): SnapshotRecord {
  switch (kind) {
    case kinds.head:
      return { kind: 'head', head: readHead(reader) };
    case kinds.session:
      return { kind: 'session', session: readSession(reader) };
    case kinds.node:
      return { kind: 'node', node: readNode(reader) };
    case kinds.end:
      return {
        kind: 'end',
        end: { sessions: reader.varuint(), nodes: reader.varuint(), digest: reader.string() },
      };
    default:
      throw unreadable(`there is no record of kind ${kind}`);
  }
}

function readHead(reader: ByteReader): SnapshotHead {
  const format = reader.u8();
  if (format < FORMAT || format > OBSERVED_FORMAT)
    throw unreadable('the snapshot has another format');
  const slot = reader.varuint() as Slot;
  const zxid = reader.varuint() as Zxid;
  const members = times(reader, () => {
    const id = reader.varuint() as MemberId;
    const disk = reader.string() as DiskId;
    return { id, disk, ...(format !== FORMAT && readAddress(reader)) };
  });
  if (format !== OBSERVED_FORMAT) return { slot, zxid, configuration: { members } };
  const observers = times(reader, () => ({
    id: reader.varuint() as MemberId,
    ...readAddress(reader),
  }));
  return { slot, zxid, configuration: { members, observers } };
}

function readAddress(reader: ByteReader): Pick<QuorumMember, 'address'> {
  const address = reader.string();
  return address === '' ? {} : { address };
}

function readSession(reader: ByteReader): SessionImage {
  const id = reader.hex8() as SessionId;
  const password = reader.block().slice();
  const flags = reader.u8();
  if (flags > 3) throw unreadable('unknown flags');
  return {
    id,
    password,
    clientNumbered: (flags & 1) !== 0,
    ofMember: (flags & 2) !== 0,
    holder: reader.varuint() as MemberId,
    incarnation: reader.varuint() as SessionIncarnation,
    timeoutMs: reader.varuint(),
    number: reader.varuint(),
    beginnings: times(
      reader,
      (): Beginning => ({
        tag: reader.u32(),
        holder: reader.varuint() as MemberId,
        incarnation: reader.varuint() as SessionIncarnation,
        number: reader.varuint(),
      }),
    ),
    firstReply: reader.varuint(),
    replies: times(reader, () => reader.latin1()),
  };
}

/** The same as before, mostly: so the bytes of the last one are kept. */
let lastAclBytes = new Uint8Array(0);
let lastAcl: Acl | undefined;

function readKeptAcl(reader: ByteReader): Acl {
  if (lastAcl !== undefined && reader.skipEqual(lastAclBytes)) return lastAcl;
  const start = reader.position;
  const entries = readAcl(reader);
  if (aclProblem(entries) !== undefined) throw unreadable('an ACL is not valid');
  lastAcl = aclOf(entries);
  lastAclBytes = reader.since(start).slice();
  return lastAcl;
}

function readNode(reader: ByteReader): NodeRecord {
  const path = reader.string();
  const data = reader.block();
  const acl = readKeptAcl(reader);
  return {
    path,
    data,
    acl,
    czxid: reader.varuint() as Zxid,
    mzxid: reader.varuint() as Zxid,
    pzxid: reader.varuint() as Zxid,
    ctimeMs: reader.varuint(),
    mtimeMs: reader.varuint(),
    version: reader.varint(),
    aversion: reader.varint(),
    creates: reader.varuint(),
    owner: reader.string() as SessionId | '',
    ...(reader.left === 0 ? ORDINARY : readSpecial(reader, data)),
  };
}

const ORDINARY = Object.freeze({ container: false, ttlMs: 0 });

function readSpecial(
  reader: ByteReader,
  bytes: Uint8Array,
): Pick<NodeRecord, 'container' | 'ttlMs' | 'data'> {
  const flags = reader.u8();
  const ttlMs = reader.varuint();
  const container = (flags & CONTAINER) !== 0;
  const isNull = (flags & NULL) !== 0;
  if (flags > (CONTAINER | NULL) || (flags === 0 && ttlMs === 0)) throw unreadable('unknown flags');
  if (container && ttlMs > 0) throw unreadable('a node goes in one way only');
  if (isNull && bytes.length > 0) throw unreadable('null has bytes');
  return { container, ttlMs, data: isNull ? NULL_DATA : bytes };
}

function times<Item>(reader: ByteReader, read: () => Item): Item[] {
  const count = reader.varuint();
  if (count > reader.left) throw unreadable('it ends too early');
  const items: Item[] = [];
  for (let index = 0; index < count; index++) items.push(read());
  return items;
}
