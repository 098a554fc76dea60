/**
 * Writes as they stand in ZooKeeper's frames, turned into operations. Bytes are views of the frame.
 *
 * Checked here is only what `apply` cannot know: the flags of a create, and the scheme `auth`, which stands for
 * whoever asks. Everything else is checked where the operation is carried out.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type {
  AclEntry,
  Identity,
  OperationResult,
  WriteOperation,
  ZnodeOperation,
} from '../../../protocol/operations.ts';
import { multiFailure } from '../znodes/result-codec.ts';
import type { JuteReader } from './jute.ts';
import { createFlags, opcodes } from './opcodes.ts';
import type { GatewaySettings } from './settings.ts';

export interface Asker {
  readonly identities: readonly Identity[];
  readonly settings: GatewaySettings;
}

/** Also the types of the operations of a multi, in order: their results are told apart by it. */
export interface ReadWrite {
  readonly operation: WriteOperation;
  readonly types: readonly number[];
  /** An operation of the multi is refused before anybody looks at the tree; what is before it may fail there first. */
  readonly refused?: Refused;
}

interface Refused {
  readonly index: number;
  readonly error: MesozooError;
}

/** Stands for the operation that was refused, and ends the multi that has come so far: no znode has such a path. */
const neverHolds: ZnodeOperation = { kind: 'check', path: '', version: -1 };

const single: readonly number[] = [];

export function isWrite(type: number): boolean {
  switch (type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
    case opcodes.delete:
    case opcodes.setData:
    case opcodes.setAcl:
    case opcodes.multi:
      return true;
    default:
      return false;
  }
}

function isOfMulti(type: number): boolean {
  if (type === opcodes.check) return true;
  return isWrite(type) && type !== opcodes.multi && type !== opcodes.setAcl;
}

/** Throws MARSHALLING_ERROR, BAD_REQUEST, INVALID_ACL, UNIMPLEMENTED. */
export function readWrite(type: number, reader: JuteReader, asker: Asker): ReadWrite {
  if (type === opcodes.multi) return readMulti(reader, asker);
  return { operation: readOne(type, reader, asker), types: single };
}

function readMulti(reader: JuteReader, asker: Asker): ReadWrite {
  const operations: ZnodeOperation[] = [];
  const types: number[] = [];
  let refused: Refused | undefined;
  for (;;) {
    const type = reader.int();
    const done = reader.bool();
    reader.int();
    if (done) break;
    if (!isOfMulti(type))
      throw new MesozooError('MARSHALLING_ERROR', `a multi has no operation of type ${type}`);
    types.push(type);
    try {
      const operation = readOne(type, reader, asker);
      if (refused === undefined) operations.push(operation);
    } catch (error) {
      if (!(error instanceof MesozooError) || error.code === 'MARSHALLING_ERROR') throw error;
      refused ??= { index: types.length - 1, error };
    }
  }
  if (refused === undefined) return { operation: { kind: 'multi', operations }, types };
  return {
    operation: { kind: 'multi', operations: [...operations, neverHolds] },
    types,
    refused,
  };
}

/** What is told of a multi that was cut off at the operation that was refused. */
export function wholeResult(
  { types, refused }: ReadWrite,
  result: OperationResult,
): OperationResult {
  if (refused === undefined || result.kind !== 'error' || result.failures === undefined)
    return result;
  const failed = result.failures.findIndex((failure) => failure !== undefined);
  const error = failed === refused.index ? refused.error.toBody() : result.error;
  return multiFailure(error, failed, types.length);
}

/** Reads the whole operation before it refuses it. */
function readOne(type: number, reader: JuteReader, asker: Asker): ZnodeOperation {
  switch (type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return readCreate(type, reader, asker);
    case opcodes.delete:
      return { kind: 'delete', path: reader.text(), version: reader.int() };
    case opcodes.setData:
      return {
        kind: 'set',
        path: reader.string(),
        data: reader.buffer(),
        version: reader.int(),
        ...(asker.settings.enforceQuota && { enforceQuota: true }),
      };
    case opcodes.check:
      return { kind: 'check', path: reader.string(), version: reader.int() };
    case opcodes.setAcl: {
      const path = reader.string();
      const entries = reader.acl();
      const aversion = reader.int();
      return { kind: 'setAcl', path, acl: withoutAuth(entries, asker.identities), aversion };
    }
    default:
      throw new MesozooError('UNIMPLEMENTED', `there is no write of type ${type}`);
  }
}

function readCreate(
  type: number,
  reader: JuteReader,
  asker: Asker,
): Extract<ZnodeOperation, { kind: 'create' }> {
  const path = reader.text();
  const data = reader.buffer();
  const entries = reader.acl();
  const flags = reader.int();
  const ttlMs = type === opcodes.createTtl ? reader.long() : undefined;
  // As ZooKeeper: whatever else the flags say.
  const isContainer = type === opcodes.createContainer || flags === createFlags.container;
  if (
    type === opcodes.createTtl &&
    flags !== createFlags.ttl &&
    flags !== createFlags.sequentialTtl
  )
    throw new MesozooError('BAD_REQUEST', 'a time to live is for the flags 5 and 6');
  const isTtl = flags === createFlags.ttl || flags === createFlags.sequentialTtl;
  if (flags < createFlags.persistent || flags > createFlags.sequentialTtl)
    throw new MesozooError('BAD_REQUEST', `there is no kind of znode with the flags ${flags}`);
  if (isTtl && !asker.settings.extendedTypesEnabled)
    throw new MesozooError('UNIMPLEMENTED', 'extendedTypesEnabled is false');
  if (isTtl && (ttlMs === undefined || ttlMs < 1 || ttlMs > TTL_MS_MAX))
    throw new MesozooError('BAD_REQUEST', `a time to live is 1 to ${TTL_MS_MAX} ms`);
  return {
    kind: 'create',
    path,
    data,
    acl: withoutAuth(entries, asker.identities),
    ephemeral:
      !isContainer &&
      (flags === createFlags.ephemeral || flags === createFlags.ephemeralSequential),
    sequential:
      flags === createFlags.sequential ||
      flags === createFlags.ephemeralSequential ||
      flags === createFlags.sequentialTtl,
    ...(isContainer && { container: true }),
    ...(isTtl && { ttlMs }),
    ...(asker.settings.enforceQuota && { enforceQuota: true }),
  };
}

/** As EphemeralType.TTL bounds it. */
const TTL_MS_MAX = 0xff_ffff_ffff;

/** The scheme `auth` stands for everything that the asker has proven; an address is not a proof. */
function withoutAuth(
  entries: readonly AclEntry[],
  identities: readonly Identity[],
): readonly AclEntry[] {
  if (!entries.some(({ scheme }) => scheme === 'auth')) return entries;
  return entries.flatMap((entry) => {
    if (entry.scheme !== 'auth') return [entry];
    const proven = identities.filter(({ scheme }) => scheme !== 'ip' && scheme !== 'super');
    if (proven.length === 0)
      throw new MesozooError('INVALID_ACL', 'the scheme auth needs an authenticated connection');
    return proven.map(({ scheme, id }) => ({ permissions: entry.permissions, scheme, id }));
  });
}
