/** Identities that a client has proven: the scheme digest, as ZooKeeper has it. */
import { type AclEntry, type Identity, permissions } from '../../../protocol/operations.ts';
import { digestId } from '../client/system-acl.ts';

export type Auth = readonly { readonly scheme: 'digest'; readonly auth: string }[];

export const NOBODY: readonly Identity[] = Object.freeze([]);

/** A client sends the same credentials again and again; a hash each time would be most of the work of a small read. */
const REMEMBERED_MAX = 256;
const remembered = new Map<string, Identity>();

/** Throws AUTH_FAILED for what is not `user:password`. */
export function identitiesOf(auth: Auth | undefined): readonly Identity[] {
  if (auth === undefined || auth.length === 0) return NOBODY;
  return auth.map(({ auth: secret }) => digestIdentity(secret));
}

export function digestIdentity(secret: string): Identity {
  const known = remembered.get(secret);
  if (known !== undefined) return known;
  const identity = { scheme: 'digest', id: digestId(secret) };
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(secret, identity);
  return identity;
}

export const OPEN_ACL: readonly AclEntry[] = Object.freeze([
  { permissions: permissions.all, scheme: 'world', id: 'anyone' },
]);
