/** The command line: `mesozoo COMMAND`. Entered through mesozoo.mjs. */
import { connectCluster } from './connection.ts';
import type { Surroundings } from './context.ts';
import { runCommandLine } from './program.ts';
import { addClusterCommands } from './up/commands.ts';

const surroundings: Surroundings = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  connect: connectCluster,
  async readStdin() {
    const pieces: Buffer[] = [];
    for await (const piece of process.stdin) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  },
  onInterrupt(handler) {
    const sigint = () => handler('SIGINT');
    const sigterm = () => handler('SIGTERM');
    process.on('SIGINT', sigint).on('SIGTERM', sigterm);
    return {
      stop: () => process.off('SIGINT', sigint).off('SIGTERM', sigterm),
    };
  },
};

// `mesozoo ps | head`: whoever reads has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), surroundings, addClusterCommands);
