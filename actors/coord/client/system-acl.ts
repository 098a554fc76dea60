/** Digest credentials, and the ACL of the znodes that the system keeps for itself. */
import { createHash } from 'node:crypto';
import { MesozooError } from '../../../protocol/errors.ts';
import { type AclEntry, permissions } from '../../../protocol/operations.ts';

/** Anyone reads, the system alone changes. `digest` is `user:password`; throws AUTH_FAILED for anything else. */
export function systemAcl(digest: string): AclEntry[] {
  return [
    { permissions: permissions.read, scheme: 'world', id: 'anyone' },
    { permissions: permissions.all, scheme: 'digest', id: digestId(digest) },
  ];
}

/** `user:base64(SHA1("user:password"))`, as ZooKeeper stores it. Throws AUTH_FAILED for what is not `user:password`. */
export function digestId(secret: string): string {
  const colon = secret.indexOf(':');
  if (colon < 1)
    throw new MesozooError('AUTH_FAILED', 'credentials of the scheme digest are "user:password"');
  return `${secret.slice(0, colon)}:${createHash('sha1').update(secret).digest('base64')}`;
}
