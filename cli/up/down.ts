/** `mesozoo down`: stops the cluster of a data directory, whoever started it and whether that one still lives. */
import type { DataDirectory } from './data-directory.ts';
import { endLeftovers, findLeftovers } from './leftovers.ts';
import { isAlive, signalRecorded } from './process-identity.ts';
import type { Terminal } from './terminal.ts';

/** Longer than the supervisor itself waits for its parts. */
const SUPERVISOR_MS = 30_000;
const LOOK_AGAIN_MS = 50;

export async function stopCluster(data: DataDirectory, terminal: Terminal): Promise<void> {
  const { supervisor } = data.processes();
  const lived = supervisor !== undefined && signalRecorded(supervisor, 'SIGTERM');
  if (supervisor !== undefined && lived) {
    terminal.busy(`stopping the cluster of ${data.path}`);
    const deadline = performance.now() + SUPERVISOR_MS;
    while (isAlive(supervisor) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    if (isAlive(supervisor)) signalRecorded(supervisor, 'SIGKILL');
  }
  const left = findLeftovers(data.processes());
  if (left.length > 0) {
    terminal.busy(`stopping ${left.map(({ name }) => name).join(', ')}`);
    await endLeftovers(left, 'tasksEnd');
  }
  if (!lived && left.length === 0) return terminal.line(`Nothing is running from ${data.path}.`);
  data.recordProcesses({ parts: [] });
  terminal.done('stopped', `data stay in ${data.path}`);
}
