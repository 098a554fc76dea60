/** Whether somebody else could listen where a part of ours is to. */
import { createServer } from 'node:net';

/** The system's code for why nobody can listen there now (`EADDRINUSE`, …), or undefined where one can. */
export function whyNotFree(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'no reason told'));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
