/** The command line: `mesozoo COMMAND`. Entered through mesozoo.mjs. */
import { connectCluster } from './connection.ts';
import type { Interrupt, Surroundings } from './context.ts';
import { runCommandLine } from './program.ts';
import { terminalOf } from './terminal.ts';
import { addClusterCommands } from './up/commands.ts';

/** One Ctrl-C may arrive twice: from the terminal, and passed on by mesozoo.mjs. */
const SAME_SIGNAL_MS = 300;

const readerGone = new Set<() => void>();

const terminal = terminalOf(process.stdin, process.stdout);
const surroundings: Surroundings = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  connect: connectCluster,
  ...(terminal !== undefined && { terminal }),
  async readStdin() {
    const pieces: Buffer[] = [];
    for await (const piece of process.stdin) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  },
  onInterrupt(handler) {
    let lastMs = Number.NEGATIVE_INFINITY;
    const once = (signal: Interrupt) => {
      const nowMs = performance.now();
      if (nowMs - lastMs > SAME_SIGNAL_MS) handler(signal);
      lastMs = nowMs;
    };
    const sigint = () => once('SIGINT');
    const sigterm = () => once('SIGTERM');
    process.on('SIGINT', sigint).on('SIGTERM', sigterm);
    return {
      stop: () => process.off('SIGINT', sigint).off('SIGTERM', sigterm),
    };
  },
  onReaderGone(handler) {
    readerGone.add(handler);
    return { stop: () => readerGone.delete(handler) };
  },
};

// `mesozoo ps | head`: whoever reads has had enough.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    for (const handler of readerGone) handler();
    process.exit(process.exitCode ?? 0);
  });

process.exitCode = await runCommandLine(process.argv.slice(2), surroundings, addClusterCommands);
