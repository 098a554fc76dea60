/**
 * One process for one data directory. The lock is a listening socket in Linux' abstract namespace: the kernel lets
 * one process have it, and frees it with the process, kill -9 included. Elsewhere there is no such namespace, and
 * the supervisor's own records must do.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { MesozooError } from '../protocol/errors.ts';

/** Makes the directory where it is not there. Throws WRONG_DATA_DIRECTORY while another process has it. */
export async function lockDirectory(directory: string): Promise<() => void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (process.platform !== 'linux') return () => undefined;
  const path = realpathSync(directory);
  const name = createHash('sha256').update(path).digest('hex').slice(0, 40);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new MesozooError(
              'WRONG_DATA_DIRECTORY',
              `${path} is in use by another process: stop that one first`,
              { cause },
            )
          : cause,
      ),
    );
    server.listen(`\0mesozoo-${name}`, resolve);
  });
  server.unref();
  return () => server.close();
}
