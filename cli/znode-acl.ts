/** Access control lists as ZooKeeper's command line writes them: `scheme:id:permissions`. */
import { digestId } from '../actors/coord/client/system-acl.ts';
import { MesozooError } from '../protocol/errors.ts';
import { type AclEntry, permissions } from '../protocol/operations.ts';

const letters = [
  ['c', permissions.create],
  ['d', permissions.delete],
  ['r', permissions.read],
  ['w', permissions.write],
  ['a', permissions.admin],
] as const;

export function aclText({ scheme, id, permissions: bits }: AclEntry): string {
  const given = letters.filter(([, bit]) => (bits & bit) !== 0).map(([letter]) => letter);
  return `${scheme}:${id}:${given.join('')}`;
}

/**
 * `world:anyone:r`, `digest:user:hash:cdrwa` (the hash as ZooKeeper stores it), or `auth:user:password:cdrwa`, which
 * becomes a digest here. Throws BAD_ARGUMENT.
 */
export function readAcl(word: string): AclEntry {
  const match = /^(world|digest|auth):(.+):([a-z]+)$/.exec(word);
  if (match === null) throw wrong(word, 'expected scheme:id:permissions');
  const [, scheme, id, given] = match as unknown as [string, string, string, string];
  let bits = 0;
  for (const letter of given) {
    const found = letters.find(([each]) => each === letter);
    if (found === undefined)
      throw wrong(
        word,
        `"${letter}" is no permission: c create, d delete, r read, w write, a admin`,
      );
    bits |= found[1];
  }
  if (scheme === 'auth') {
    if (id.indexOf(':') < 1) throw wrong(word, 'expected auth:user:password:permissions');
    return { scheme: 'digest', id: digestId(id), permissions: bits };
  }
  return { scheme, id, permissions: bits };
}

function wrong(word: string, why: string): MesozooError {
  return new MesozooError(
    'BAD_ARGUMENT',
    `"${word}" is no ACL entry: ${why}, for example world:anyone:r`,
  );
}
