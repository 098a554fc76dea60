/** The ACL of the znodes that the system keeps for itself. */
import { createHash } from 'node:crypto';
import { MesozooError } from '../../../protocol/errors.ts';
import { type AclEntry, permissions } from '../../../protocol/operations.ts';

/**
 * Anyone reads, the system alone changes. `digest` is `user:password`; the ACL has `user:base64(SHA1("user:password"))`,
 * as ZooKeeper does. Throws AUTH_FAILED for anything else.
 */
export function systemAcl(digest: string): AclEntry[] {
  const colon = digest.indexOf(':');
  if (colon < 1)
    throw new MesozooError('AUTH_FAILED', 'credentials of the scheme digest are "user:password"');
  const hash = createHash('sha1').update(digest).digest('base64');
  return [
    { permissions: permissions.read, scheme: 'world', id: 'anyone' },
    { permissions: permissions.all, scheme: 'digest', id: `${digest.slice(0, colon)}:${hash}` },
  ];
}
