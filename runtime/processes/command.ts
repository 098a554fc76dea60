/** The command as the wrapper runs it: in a session of its own and, if asked for, as another user. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { MesozooError } from '../../protocol/errors.ts';
import type { User } from './users.ts';

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];
const found = new Map<string, string>();

/** Says to the task where it is; where it names no home, its sandbox is one. */
export function environmentOf(
  env: Readonly<Record<string, string>>,
  work: string,
): Record<string, string> {
  return { HOME: work, ...env, MESOZOO_SANDBOX: work, MESOS_SANDBOX: work };
}

/**
 * As another user, the environment is set after the change: a library that the task names in LD_PRELOAD must not be
 * loaded into what still runs as root. Throws where this process may not become that user.
 */
export function commandOf(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  user: User | undefined,
): { readonly argv: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const setsid = [programPath('setsid'), '--'];
  if (user === undefined || user.uid === process.getuid?.())
    return { argv: [...setsid, ...argv], environment };
  if (process.getuid?.() !== 0)
    throw new MesozooError('LAUNCH_FAILED', 'only an agent that runs as root can change the user');
  if (argv[0]?.includes('='))
    throw new MesozooError('LAUNCH_FAILED', 'the name of a program must not contain "="');
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return {
    argv: [
      ...setsid,
      programPath('setpriv'),
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--init-groups',
      '--',
      programPath('env'),
      '-i',
      ...assignments,
      ...argv,
    ],
    environment: { PATH: DIRECTORIES.join(':') },
  };
}

/** Absolute, since PATH is the task's own. Throws MISSING_PROGRAM. */
function programPath(name: string): string {
  const known = found.get(name);
  if (known !== undefined) return known;
  for (const directory of DIRECTORIES) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    found.set(name, path);
    return path;
  }
  throw new MesozooError('MISSING_PROGRAM', `${name} (package util-linux) is not installed`);
}
