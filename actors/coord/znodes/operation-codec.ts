/**
 * The bytes of operations and entries: encoded where a request enters, decoded by `apply` alone.
 *
 * Entry: format (1 byte), wall time in whole ms, number of operations, then each with its length before it.
 * Operation: kind (1 byte), session (8), incarnation, number, tag (4), identities (a block), body. Integers are of
 * variable length. An ACL that is open to everybody, as nearly all are, is one bit.
 */
import { assert } from '../../../protocol/errors.ts';
import type { MemberId, SessionId, SessionIncarnation } from '../../../protocol/ids.ts';
import {
  type AclEntry,
  type Identity,
  type Operation,
  permissions,
  type SessionOperation,
  type WriteOperation,
  type ZnodeOperation,
} from '../../../protocol/operations.ts';
import { openAcl } from './acl.ts';
import { ByteReader, ByteWriter, type KnownTexts, unreadable } from './bytes.ts';
import { framesOf, type OperationFrames } from './operation-frames.ts';

const ENTRY_FORMAT = 1;
/** Beyond any year that matters, and small enough for the differences of two times to be exact. */
const WALL_MS_MAX = 2 ** 48;

const kindCodes = {
  create: 1,
  delete: 2,
  set: 3,
  check: 4,
  setAcl: 5,
  multi: 6,
  openSession: 7,
  attachSession: 8,
  closeSession: 9,
  memberSession: 10,
  removeStale: 11,
} as const satisfies Record<Operation['body']['kind'], number>;

const EPHEMERAL = 1;
const SEQUENTIAL = 2;
/** The ACL is world:anyone with all permissions, as nearly always, and is left out. */
const OPEN_ACL = 4;

const CONTAINER = 8;
/** `ttlMs` follows. */
const TTL = 16;
const ENFORCE_QUOTA = 32;
/** The data are null: no bytes stand for them. */
const NULL_DATA = 64;
const SPECIAL = CONTAINER | TTL | ENFORCE_QUOTA;
const ALL_FLAGS = EPHEMERAL | SEQUENTIAL | OPEN_ACL | SPECIAL | NULL_DATA;
/** Stand in for the kind of a `set` that enforces quotas, of one to null, and of one that does both. */
const ENFORCED_SET = 12;
const NULL_SET = 13;
const ENFORCED_NULL_SET = 14;

const nobody: readonly Identity[] = Object.freeze([]);
const NONE_KNOWN: KnownTexts = { textOf: () => undefined };

const writer = new ByteWriter();
const blockWriter = new ByteWriter();

export function encodeOperation(operation: Operation): Uint8Array {
  return encodeTagged(operation, operation.tag);
}

/** The same, with a tag that is given by whoever keeps the operation. */
export function encodeTagged(operation: Omit<Operation, 'tag'>, tag: number): Uint8Array {
  const { body } = operation;
  writer.clear();
  writer.u8(codeOf(body));
  writer.hex8(operation.session);
  writeCount(operation.incarnation, 'incarnation');
  writeCount(operation.number, 'number');
  writer.u32(tag);
  writeIdentities(operation.identities);
  writeBody(body);
  return writer.copy();
}

function codeOf(body: Operation['body']): number {
  if (body.kind !== 'set') return kindCodes[body.kind];
  if (body.enforceQuota === true) return body.data === null ? ENFORCED_NULL_SET : ENFORCED_SET;
  return body.data === null ? NULL_SET : kindCodes.set;
}

function writeBody(body: Operation['body']): void {
  switch (body.kind) {
    case 'multi':
      writeCount(body.operations.length, 'operations');
      for (const operation of body.operations) {
        writer.u8(codeOf(operation));
        writeZnodeOperation(operation);
      }
      return;
    case 'openSession':
      writer.block(body.password);
      writeCount(body.timeoutMs, 'timeoutMs');
      writeCount(body.holder, 'holder');
      writer.u8(body.clientNumbered ? 1 : 0);
      return;
    case 'attachSession':
      writer.block(body.password);
      writeCount(body.timeoutMs, 'timeoutMs');
      writeCount(body.holder, 'holder');
      return;
    case 'closeSession':
      writer.u8(body.expired ? 1 : 0);
      return;
    case 'memberSession':
      writeCount(body.holder, 'holder');
      return;
    default:
      writeZnodeOperation(body);
  }
}

function writeZnodeOperation(operation: ZnodeOperation): void {
  switch (operation.kind) {
    case 'create': {
      const open = isOpen(operation.acl);
      writer.u8(
        (operation.ephemeral ? EPHEMERAL : 0) |
          (operation.sequential ? SEQUENTIAL : 0) |
          (open ? OPEN_ACL : 0) |
          (operation.container === true ? CONTAINER : 0) |
          (operation.ttlMs === undefined ? 0 : TTL) |
          (operation.enforceQuota === true ? ENFORCE_QUOTA : 0) |
          (operation.data === null ? NULL_DATA : 0),
      );
      if (operation.ttlMs !== undefined) writeCount(operation.ttlMs, 'ttlMs');
      writer.string(operation.path);
      if (operation.data !== null) writer.block(operation.data);
      if (!open) writeAcl(writer, operation.acl);
      return;
    }
    case 'delete':
    case 'check':
      writer.string(operation.path);
      writeVersion(operation.version);
      return;
    case 'set':
      writer.string(operation.path);
      if (operation.data !== null) writer.block(operation.data);
      writeVersion(operation.version);
      return;
    case 'setAcl':
      writer.string(operation.path);
      writeAcl(writer, operation.acl);
      writeVersion(operation.aversion);
      return;
    case 'removeStale':
      writer.string(operation.path);
      return;
    default:
      operation satisfies never;
  }
}

function writeCount(value: number, what: string): void {
  assert(Number.isSafeInteger(value) && value >= 0, `${what} must be a whole number: ${value}`);
  writer.varuint(value);
}

function writeVersion(version: number): void {
  assert(Number.isInteger(version) && (version | 0) === version, `no version: ${version}`);
  writer.varint(version);
}

export function writeAcl(target: ByteWriter, acl: readonly AclEntry[]): void {
  target.varuint(acl.length);
  for (const entry of acl) {
    assert((entry.permissions | 0) === entry.permissions, 'no permissions');
    target.varuint(entry.permissions >>> 0);
    target.string(entry.scheme);
    target.string(entry.id);
  }
}

/** Of the last ones that were written, which are a client's and never change. */
let writtenIdentities: readonly Identity[] = nobody;
let writtenBytes: Uint8Array = new Uint8Array();

function writeIdentities(identities: readonly Identity[]): void {
  if (identities.length === 0) {
    writer.u8(0);
    return;
  }
  if (identities === writtenIdentities) {
    writer.raw(writtenBytes);
    return;
  }
  const start = writer.length;
  blockWriter.clear();
  blockWriter.varuint(identities.length);
  for (const identity of identities) {
    blockWriter.string(identity.scheme);
    blockWriter.string(identity.id);
  }
  blockWriter.appendTo(writer);
  writtenIdentities = identities;
  writtenBytes = writer.copy(start);
}

function isOpen(acl: readonly AclEntry[]): boolean {
  const [only] = acl;
  return (
    acl.length === 1 &&
    only!.permissions === permissions.all &&
    only!.scheme === 'world' &&
    only!.id === 'anyone'
  );
}

export function decodeOperation(bytes: Uint8Array): Operation {
  return readOperation(new ByteReader(bytes));
}

/**
 * Reads one operation that ends at `reader.end`; `paths`: those that there are. Throws MesozooError BAD_REQUEST. Data are
 * views.
 */
export function readOperation(reader: ByteReader, paths: KnownTexts = NONE_KNOWN): Operation {
  const kind = reader.u8();
  const operation: Operation = {
    session: reader.hex8() as SessionId,
    incarnation: reader.varuint() as SessionIncarnation,
    number: reader.varuint(),
    tag: reader.u32(),
    identities: readIdentities(reader),
    body: readBody(reader, kind, paths),
  };
  reader.finish();
  return operation;
}

function readBody(
  reader: ByteReader,
  kind: number,
  paths: KnownTexts,
): WriteOperation | SessionOperation {
  switch (kind) {
    case kindCodes.multi:
      return readMulti(reader, paths);
    case kindCodes.openSession:
      return {
        kind: 'openSession',
        password: reader.block(),
        timeoutMs: reader.varuint(),
        holder: reader.varuint() as MemberId,
        clientNumbered: readFlag(reader),
      };
    case kindCodes.attachSession:
      return {
        kind: 'attachSession',
        password: reader.block(),
        timeoutMs: reader.varuint(),
        holder: reader.varuint() as MemberId,
      };
    case kindCodes.closeSession:
      return { kind: 'closeSession', expired: readFlag(reader) };
    case kindCodes.memberSession:
      return { kind: 'memberSession', holder: reader.varuint() as MemberId };
    default:
      return readZnodeOperation(reader, kind, paths);
  }
}

function readMulti(reader: ByteReader, paths: KnownTexts): WriteOperation {
  const count = reader.varuint();
  // Each takes at least two bytes: a count beyond that is refused before anything is allocated for it.
  if (count * 2 > reader.left) throw unreadable('it ends too early');
  const operations: ZnodeOperation[] = [];
  for (let index = 0; index < count; index++)
    operations.push(readZnodeOperation(reader, reader.u8(), paths));
  return { kind: 'multi', operations };
}

function readZnodeOperation(reader: ByteReader, kind: number, paths: KnownTexts): ZnodeOperation {
  switch (kind) {
    case kindCodes.create: {
      const flags = reader.u8();
      if (flags > ALL_FLAGS) throw unreadable('unknown flags');
      const special = (flags & SPECIAL) === 0 ? NOT_SPECIAL : readSpecial(reader, flags);
      return {
        kind: 'create',
        path: reader.knownString(paths),
        data: (flags & NULL_DATA) !== 0 ? null : reader.block(),
        acl: (flags & OPEN_ACL) !== 0 ? openAcl.entries : readAcl(reader),
        ephemeral: (flags & EPHEMERAL) !== 0,
        sequential: (flags & SEQUENTIAL) !== 0,
        ...special,
      };
    }
    case kindCodes.delete:
      return { kind: 'delete', path: reader.knownString(paths), version: readVersion(reader) };
    case kindCodes.set:
    case NULL_SET:
    case ENFORCED_SET:
    case ENFORCED_NULL_SET:
      return readSet(reader, kind, paths);
    case kindCodes.check:
      return { kind: 'check', path: reader.knownString(paths), version: readVersion(reader) };
    case kindCodes.setAcl:
      return {
        kind: 'setAcl',
        path: reader.knownString(paths),
        acl: readAcl(reader),
        aversion: readVersion(reader),
      };
    case kindCodes.removeStale:
      return { kind: 'removeStale', path: reader.knownString(paths) };
    default:
      throw unreadable(`there is no operation of kind ${kind}`);
  }
}

function readSet(reader: ByteReader, kind: number, paths: KnownTexts): ZnodeOperation {
  const path = reader.knownString(paths);
  const data = kind === NULL_SET || kind === ENFORCED_NULL_SET ? null : reader.block();
  const version = readVersion(reader);
  return kind === ENFORCED_SET || kind === ENFORCED_NULL_SET
    ? { kind: 'set', path, data, version, enforceQuota: true }
    : { kind: 'set', path, data, version };
}

const NOT_SPECIAL = Object.freeze({});

function readSpecial(
  reader: ByteReader,
  flags: number,
): { container?: true; ttlMs?: number; enforceQuota?: true } {
  return {
    ...((flags & CONTAINER) === 0 ? NOT_SPECIAL : { container: true }),
    ...((flags & TTL) === 0 ? NOT_SPECIAL : { ttlMs: reader.varuint() }),
    ...((flags & ENFORCE_QUOTA) === 0 ? NOT_SPECIAL : { enforceQuota: true }),
  };
}

function readVersion(reader: ByteReader): number {
  const version = reader.varint();
  if ((version | 0) !== version) throw unreadable('a version is too large');
  return version;
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw unreadable('a flag is neither 0 nor 1');
  return flag === 1;
}

export function readAcl(reader: ByteReader): readonly AclEntry[] {
  const count = reader.varuint();
  if (count * 3 > reader.left) throw unreadable('it ends too early');
  const acl: AclEntry[] = [];
  for (let index = 0; index < count; index++)
    acl.push({
      permissions: readPermissions(reader),
      scheme: reader.string(),
      id: reader.string(),
    });
  return acl;
}

function readPermissions(reader: ByteReader): number {
  const bits = reader.varuint();
  if (bits > 0xffff_ffff) throw unreadable('permissions are more than 32 bits');
  return bits | 0;
}

/** Requests of one client come with the same identities again and again: the last ones are kept, with their length. */
let lastBytes: Uint8Array = new Uint8Array();
let lastIdentities: readonly Identity[] = nobody;

function readIdentities(reader: ByteReader): readonly Identity[] {
  const start = reader.position;
  if (lastBytes.length > 0 && reader.skipEqual(lastBytes)) return lastIdentities;
  const block = reader.block();
  if (block.length === 0) return nobody;
  const inner = new ByteReader(block);
  const count = inner.varuint();
  if (count === 0 || count * 2 > inner.left) throw unreadable('it ends too early');
  const identities: Identity[] = [];
  for (let index = 0; index < count; index++)
    identities.push({ scheme: inner.string(), id: inner.string() });
  inner.finish();
  lastBytes = reader.since(start).slice();
  lastIdentities = Object.freeze(identities);
  return identities;
}

const entryWriter = new ByteWriter(64 * 1024);

/** `wallMs` is cut to whole milliseconds. */
export function encodeEntry(wallMs: number, operations: readonly Uint8Array[]): Uint8Array {
  return encodeFramedEntry(wallMs, [framesOf(operations)]);
}

/** The same, of operations that have their lengths already. */
export function encodeFramedEntry(wallMs: number, frames: readonly OperationFrames[]): Uint8Array {
  const whole = Math.floor(wallMs);
  assert(whole >= 0 && whole < WALL_MS_MAX, `no wall time: ${wallMs}`);
  entryWriter.clear();
  entryWriter.u8(ENTRY_FORMAT);
  entryWriter.varuint(whole);
  entryWriter.varuint(frames.reduce((sum, { count }) => sum + count, 0));
  for (const { bytes } of frames) entryWriter.raw(bytes);
  return entryWriter.copy();
}

/** Throws MesozooError BAD_REQUEST. The operations are views of `bytes`. */
export function decodeEntry(bytes: Uint8Array): {
  readonly wallMs: number;
  readonly operations: readonly Uint8Array[];
} {
  const reader = new ByteReader(bytes);
  const { wallMs, count } = readEntryHead(reader);
  const operations: Uint8Array[] = [];
  for (let index = 0; index < count; index++) operations.push(reader.block());
  reader.finish();
  return { wallMs, operations };
}

export function readEntryHead(reader: ByteReader): { wallMs: number; count: number } {
  if (reader.u8() !== ENTRY_FORMAT) throw unreadable('it is no entry');
  const wallMs = reader.varuint();
  if (wallMs >= WALL_MS_MAX) throw unreadable('the time is too large');
  const count = reader.varuint();
  if (count > reader.left) throw unreadable('it ends too early');
  return { wallMs, count };
}
