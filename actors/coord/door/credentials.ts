/** Identities that a client has proven: the scheme digest, as ZooKeeper has it. */
import { createHash } from 'node:crypto';
import { MesozooError } from '../../../protocol/errors.ts';
import { type AclEntry, type Identity, permissions } from '../../../protocol/operations.ts';

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

/** `user:base64(SHA1("user:password"))`. */
export function digestIdentity(secret: string): Identity {
  const known = remembered.get(secret);
  if (known !== undefined) return known;
  const colon = secret.indexOf(':');
  if (colon <= 0) {
    throw new MesozooError('AUTH_FAILED', 'credentials of the scheme digest are "user:password"');
  }
  const hash = createHash('sha1').update(secret).digest('base64');
  const identity = { scheme: 'digest', id: `${secret.slice(0, colon)}:${hash}` };
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(secret, identity);
  return identity;
}

export const OPEN_ACL: readonly AclEntry[] = Object.freeze([
  { permissions: permissions.all, scheme: 'world', id: 'anyone' },
]);
