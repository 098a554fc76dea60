/** The znodes under which the system keeps its own state: made once, guarded by the system's digest. */
import { createHash } from 'node:crypto';
import type { MesozooError } from '../../protocol/errors.ts';
import { type AclEntry, permissions } from '../../protocol/operations.ts';
import { taskBuckets, treePaths } from '../../protocol/paths.ts';
import type { CoordClient } from '../coord/client/contract.ts';
import { tasksFrameworkId } from './frameworks/ids.ts';

/** Everybody may read; only who has the secret may change anything. `secret` is `user:password`. */
export function systemAcl(secret: string): AclEntry[] {
  const user = secret.slice(0, secret.indexOf(':'));
  const hash = createHash('sha1').update(secret).digest('base64');
  return [
    { permissions: permissions.all, scheme: 'digest', id: `${user}:${hash}` },
    { permissions: permissions.read, scheme: 'world', id: 'anyone' },
  ];
}

/** From parents to children. */
export function systemPaths(): readonly string[] {
  const { masters, root, agents, tasks, frameworks } = treePaths;
  return [
    masters,
    root,
    agents,
    tasks,
    frameworks,
    treePaths.framework(tasksFrameworkId),
    ...taskBuckets.map((bucket) => `${tasks}/${bucket}`),
  ];
}

/** Creates what is missing; `done` is called once. What another master creates at the same time is no failure. */
export function ensureLayout(
  client: CoordClient,
  secret: string,
  done: (failure?: MesozooError) => void,
): void {
  const acl = systemAcl(secret);
  const paths = systemPaths();
  client.request('exists', { path: paths.at(-1)! }, (answer) => {
    if (answer.ok && answer.value.exists) done();
    else if (answer.ok) createAll(client, paths, acl, done);
    else done(answer.error);
  });
}

function createAll(
  client: CoordClient,
  paths: readonly string[],
  acl: AclEntry[],
  done: (failure?: MesozooError) => void,
): void {
  let waiting = paths.length;
  let failure: MesozooError | undefined;
  for (const path of paths)
    client.request('create', { path, acl }, (answer) => {
      if (!answer.ok && answer.error.code !== 'NODE_EXISTS') failure ??= answer.error;
      if (--waiting === 0) done(failure);
    });
}
