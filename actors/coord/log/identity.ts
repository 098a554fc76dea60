/**
 * The file `identity`: whose data these are, which disk this is, and what of the log must be there.
 *
 * It is replaced as a whole, so it is the old or the new one, never a mixture. A copy beside it says whose data these
 * are when a disk has spoilt it; the copy may be older, so the disk then counts as one that has lost something.
 */
import { crc32 } from 'node:zlib';
import { MesozooError } from '../../../protocol/errors.ts';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import type { Saved, Storage } from '../../actor.ts';

export const IDENTITY_FILE = 'identity';
export const IDENTITY_COPY_FILE = 'identity.copy';
export const FORMAT_VERSION = 1;

export interface Identity {
  readonly format: number;
  /** Empty while a member that joins has not heard it. */
  readonly clusterId: string;
  readonly member: MemberId;
  readonly disk: DiskId;
  /** From the start, as a bootstrapped disk does; any other one votes only after an entry has admitted it. */
  readonly mayVote: boolean;
  /** In force before the first entry: of the bootstrap; no members where the disk joined later. */
  readonly configuration: Configuration;
  readonly log: LogExtent;
}

export interface LogExtent {
  /** Segments `first` to `last` must be there; 0 and 0 before the first one. */
  readonly first: number;
  readonly last: number;
  /** Slots up to here may be missing from the log: a snapshot has them. */
  readonly forgottenUpTo: Slot;
  /** Damage in segments up to this one was found before, and has led to this disk's id. */
  readonly damageKnownUpTo: number;
}

const NEW_LOG: LogExtent = {
  first: 0,
  last: 0,
  forgottenUpTo: 0 as Slot,
  damageKnownUpTo: 0,
};

export interface Bootstrap {
  readonly clusterId: string;
  readonly members: readonly MemberId[];
}

/**
 * A bootstrap that lies on the member's own disk: put there while every disk of the new cluster was empty, and removed
 * once the identity is saved. It is lost with the disk, so that a member whose disk was emptied joins again under
 * whatever command line it is started, and never creates a cluster a second time.
 */
export const FOUNDING_FILE = 'founding';

export function encodeFounding(bootstrap: Bootstrap): Uint8Array {
  return Buffer.from(`${JSON.stringify(bootstrap)}\n`);
}

/** Throws LOG_DAMAGED when the file is not what `encodeFounding` made. */
export function decodeFounding(content: Uint8Array): Bootstrap {
  try {
    const order = JSON.parse(Buffer.from(content).toString('utf8')) as Partial<Bootstrap> | null;
    const { clusterId, members } = order ?? {};
    if (typeof clusterId === 'string' && clusterId !== '' && Array.isArray(members))
      return { clusterId, members };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new MesozooError(
    'LOG_DAMAGED',
    `the file "${FOUNDING_FILE}" is damaged: empty the data directories of all new coords, and found the cluster again`,
  );
}

/** The disk that a member has in the configuration of a bootstrap, so that all members know it without asking. */
function bootstrapDisk(clusterId: string, member: MemberId): DiskId {
  return `${clusterId}-${member}` as DiskId;
}

export function bootstrapIdentity(bootstrap: Bootstrap, member: MemberId): Identity {
  if (!bootstrap.members.includes(member)) {
    throw new MesozooError(
      'BAD_ARGUMENT',
      `member ${member} is not one of the members ${bootstrap.members.join(', ')} that the cluster is to begin with`,
    );
  }
  return {
    format: FORMAT_VERSION,
    clusterId: bootstrap.clusterId,
    member,
    disk: bootstrapDisk(bootstrap.clusterId, member),
    mayVote: true,
    configuration: {
      members: [...bootstrap.members]
        .sort((one, other) => one - other)
        .map((id) => ({ id, disk: bootstrapDisk(bootstrap.clusterId, id) })),
    },
    log: NEW_LOG,
  };
}

/** An emptied or new disk: it learns the configuration from the others, and votes once an entry has admitted it. */
export function joiningIdentity(clusterId: string, member: MemberId, disk: DiskId): Identity {
  return {
    format: FORMAT_VERSION,
    clusterId,
    member,
    disk,
    mayVote: false,
    configuration: { members: [] },
    log: NEW_LOG,
  };
}

export function newDisk(member: MemberId, randomBytes: Uint8Array): DiskId {
  return `disk-${member}-${Buffer.from(randomBytes).toString('hex')}` as DiskId;
}

function encodeIdentity(identity: Identity): Uint8Array {
  const text = JSON.stringify(identity);
  return Buffer.from(`${text}\n${checksumLine(text)}\n`);
}

/** Writes both files. */
export function saveIdentity(
  storage: Pick<Storage, 'replace'>,
  identity: Identity,
  saved: Saved,
): void {
  const content = encodeIdentity(identity);
  storage.replace(IDENTITY_FILE, content, saved);
  storage.replace(IDENTITY_COPY_FILE, content, saved);
}

/** Throws WRONG_DATA_DIRECTORY for what is not an identity of this version, LOG_DAMAGED for a damaged one. */
export function decodeIdentity(content: Uint8Array): Identity {
  const [text = '', checksum] = Buffer.from(content).toString('utf8').split('\n');
  if (checksum !== checksumLine(text)) {
    throw new MesozooError('LOG_DAMAGED', `the file "${IDENTITY_FILE}" is damaged`);
  }
  const identity = JSON.parse(text) as Identity;
  if (identity.format !== FORMAT_VERSION) {
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `the data have format ${identity.format}, this version reads ${FORMAT_VERSION}: use the version that wrote them, or another data directory`,
    );
  }
  return identity;
}

/** Throws WRONG_DATA_DIRECTORY when the data are not those of this member of this cluster. */
export function checkIdentity(
  identity: Identity,
  expected: { readonly member: MemberId; readonly clusterId: string | undefined },
): void {
  if (identity.member !== expected.member) {
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `the data belong to member ${identity.member}, this is member ${expected.member}: give it its own data directory`,
    );
  }
  const known = identity.clusterId !== '' && expected.clusterId !== undefined;
  if (known && identity.clusterId !== expected.clusterId) {
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `the data belong to the cluster ${identity.clusterId}, not to ${expected.clusterId}: use the other data directory, or empty this one to begin anew`,
    );
  }
}

function checksumLine(text: string): string {
  return `crc32 ${crc32(text).toString(16).padStart(8, '0')}`;
}
