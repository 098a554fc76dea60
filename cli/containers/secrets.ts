/**
 * `npm run secrets`: the secrets of a cluster in containers, new, in a file that docker compose reads. They are never
 * printed. Refuses to replace a file that is there: the data of a cluster answer to its secrets alone.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, openSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MesozooError } from '../../protocol/errors.ts';
import { exitCodeOf } from '../../runtime/exit-codes.ts';

const names = ['COORD', 'MASTER', 'AGENT', 'CLIENT', 'SYSTEM', 'ROUTE'] as const;
/** Where docker-compose.yml publishes the three servers. */
const clientPorts = [4222, 4223, 4224];

/** Throws BAD_ARGUMENT when the file is there and is not to be replaced. */
export function writeSecrets(path: string, options: { readonly replace: boolean }): void {
  const secrets = new Map(names.map((name) => [name, newSecret()]));
  const client = secrets.get('CLIENT') as string;
  const servers = clientPorts.map((port) => `nats://client:${client}@127.0.0.1:${port}`);
  const content = [
    '# Secrets of a mesozoo cluster, made by "npm run secrets". Read by docker compose.',
    ...[...secrets].map(([name, secret]) => `MESOZOO_${name}_SECRET=${secret}`),
    '# For the command line on this machine: export $(grep ^MESOZOO_NATS= .env)',
    `MESOZOO_NATS=${servers.join(',')}`,
  ];
  const descriptor = openNew(path, options.replace ? 'w' : 'wx');
  try {
    // Also a file that was there, with other rights.
    fchmodSync(descriptor, 0o600);
    writeFileSync(descriptor, `${content.join('\n')}\n`);
  } finally {
    closeSync(descriptor);
  }
}

/** nats-server reads a bare number as a number: it begins with a letter and an underscore. */
function newSecret(): string {
  return `s_${randomBytes(18).toString('hex')}`;
}

function openNew(path: string, flags: 'w' | 'wx'): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new MesozooError(
      'BAD_ARGUMENT',
      `${path} is there already, and a cluster with data answers to its secrets alone: ` +
        'keep it, or replace it with --force',
      { cause },
    );
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      file: {
        type: 'string',
        default: fileURLToPath(new URL('../../.env', import.meta.url)),
      },
      force: { type: 'boolean', default: false },
    },
  });
  try {
    writeSecrets(values.file, { replace: values.force });
    console.log(`${values.file}: new secrets, readable by you alone. Next: docker compose up`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = exitCodeOf(error);
  }
}
