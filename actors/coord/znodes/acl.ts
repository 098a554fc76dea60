/**
 * Access control lists: which are valid, whom they allow what, and what others may see of them.
 *
 * Schemes as ZooKeeper stores them: `world` (id `anyone`), `digest` (id `user:base64(SHA1("user:password"))`), `ip`
 * (an address, or address/bits), `x509` (a distinguished name) and `sasl` (a principal). An identity of the scheme
 * `super` may do everything; no ACL can name it.
 */
import { limits } from '../../../protocol/limits.ts';
import {
  type AclEntry,
  type Identity,
  permissions,
  type TreeEvent,
} from '../../../protocol/operations.ts';
import { isWithin, rangeOf } from './addresses.ts';
import { hasher } from './hash.ts';

const ID_LENGTH_MAX = 512;
const DIGEST_ID = /^[^:]*:[^:]+$/;
/** As ZooKeeper's KerberosName reads one. */
const PRINCIPAL = /^[^/@]*(\/[^/@]*)?@[^/@]*$/;

/** An ACL as the tree keeps it: valid, without duplicates, never changed; equal ones are often the same object. */
export class Acl {
  readonly entries: readonly AclEntry[];
  /** Permissions of everybody. */
  readonly world: number;
  readonly hashHigh: number;
  readonly hashLow: number;

  constructor(entries: readonly AclEntry[], key: string) {
    this.entries = entries;
    this.world = entries.reduce(
      (sum, entry) => (entry.scheme === 'world' ? sum | entry.permissions : sum),
      0,
    );
    hasher.begin(1);
    hasher.text(key);
    hasher.end();
    this.hashHigh = hasher.high;
    this.hashLow = hasher.low;
  }
}

/**
 * What is wrong with an ACL, in words, or undefined. Permissions may be any 32 bits, as in ZooKeeper: those that mean
 * nothing grant nothing.
 */
export function aclProblem(entries: readonly AclEntry[]): string | undefined {
  if (entries.length === 0) return 'the ACL is empty';
  if (entries.length > limits.aclEntries)
    return `the ACL has more than ${limits.aclEntries} entries`;
  for (const { scheme, id } of entries) {
    if (id.length > ID_LENGTH_MAX) return `an id is longer than ${ID_LENGTH_MAX} characters`;
    const problem = idProblem(scheme, id);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function idProblem(scheme: string, id: string): string | undefined {
  switch (scheme) {
    case 'world':
      return id === 'anyone' ? undefined : 'the scheme world has the id anyone only';
    case 'digest':
      return DIGEST_ID.test(id) ? undefined : 'an id of the scheme digest must be user:hash';
    case 'ip':
      return rangeOf(id) === undefined
        ? 'an id of the scheme ip must be an address or address/bits'
        : undefined;
    case 'x509':
      return id === '' ? 'an id of the scheme x509 is empty' : undefined;
    case 'sasl':
      if (id === '') return 'an id of the scheme sasl is empty';
      return id.includes('@') && !PRINCIPAL.test(id)
        ? 'an id of the scheme sasl with a realm must be user@REALM or service/host@REALM'
        : undefined;
    default:
      return 'the schemes are world, digest, ip, x509 and sasl';
  }
}

/** Bounds the table of ACLs that are shared; nothing depends on what is in it. */
const SHARED_MAX = 1024;
const shared = new Map<string, Acl>();

/** For entries without a problem. Exact duplicates are merged, as ZooKeeper does. */
export function aclOf(entries: readonly AclEntry[]): Acl {
  if (entries === openAcl.entries) return openAcl;
  const key = keyOf(entries);
  const known = shared.get(key);
  if (known !== undefined) return known;
  const seen = new Set<string>();
  const merged = entries.filter((entry) => {
    const own = keyOf([entry]);
    return !seen.has(own) && seen.add(own);
  });
  const acl = new Acl(merged, keyOf(merged));
  if (shared.size >= SHARED_MAX) shared.clear();
  shared.set(key, acl);
  return acl;
}

function keyOf(entries: readonly AclEntry[]): string {
  return JSON.stringify(entries.map(({ permissions: p, scheme, id }) => [p, scheme, id]));
}

/** True when one of `wanted` (bits) is granted to everybody or to one of the identities. */
export function allows(acl: Acl, wanted: number, identities: readonly Identity[]): boolean {
  return (acl.world & wanted) !== 0 || grants(acl.entries, wanted, identities);
}

function grants(
  entries: readonly AclEntry[],
  wanted: number,
  identities: readonly Identity[],
): boolean {
  for (const identity of identities) {
    if (identity.scheme === 'super') return true;
    for (const entry of entries)
      if ((entry.permissions & wanted) !== 0 && isMeant(entry, identity)) return true;
  }
  return false;
}

/** The ACL is that of the moment: the node may be gone or changed by the time its watchers are told (CVE-2024-23944). */
export function eventOf(type: TreeEvent['type'], path: string, acl: Acl): TreeEvent {
  return (acl.world & permissions.read) !== 0 ? { type, path } : { type, path, acl: acl.entries };
}

export function mayHear({ acl }: TreeEvent, identities: readonly Identity[]): boolean {
  return acl === undefined || grants(acl, permissions.read, identities);
}

function isMeant(entry: AclEntry, { scheme, id }: Identity): boolean {
  if (entry.scheme !== scheme) return false;
  if (entry.id === id) return true;
  // As ZooKeeper's SASLAuthenticationProvider: its user `super` is meant wherever a user of SASL is.
  if (scheme === 'sasl') return id === 'super';
  return scheme === 'ip' && isWithin(id, entry.id);
}

/** As getACL shows it to somebody without ADMIN: hashes of digest ids become `x`. */
export function withoutHashes(entries: readonly AclEntry[]): readonly AclEntry[] {
  return entries.map((entry) =>
    entry.scheme === 'digest'
      ? { ...entry, id: `${entry.id.slice(0, entry.id.indexOf(':'))}:x` }
      : entry,
  );
}

const anyone = (granted: number): readonly AclEntry[] => [
  { permissions: granted, scheme: 'world', id: 'anyone' },
];
export const openAcl: Acl = makeFirst(anyone(permissions.all));
export const readOnlyAcl: Acl = makeFirst(anyone(permissions.read));

function makeFirst(entries: readonly AclEntry[]): Acl {
  return new Acl(entries, keyOf(entries));
}
