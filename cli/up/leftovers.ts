/**
 * Processes that a former supervisor has left behind, known by pid and start time. They are ended, not adopted: only
 * the parent of a process learns how it ended. An agent is ended as a crash would, so that its tasks go on running
 * and the next agent process finds them.
 */
import { MesozooError } from '../../protocol/errors.ts';
import type { DataDirectory, PartRecord, ProcessesRecord } from './data-directory.ts';
import { isAlive, signalRecorded } from './process-identity.ts';

const STOP_GRACE_MS = 5_000;
const LOOK_AGAIN_MS = 30;
const order = ['agent', 'master', 'coord', 'nats'] as const;

/** Throws WRONG_DATA_DIRECTORY while another supervisor is at work here. */
export function assertNoSupervisor(data: DataDirectory): void {
  const { supervisor } = data.processes();
  if (supervisor !== undefined && isAlive(supervisor))
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `a cluster is running from ${data.path} already (supervisor is process ${supervisor.pid}): ` +
        'stop it with "npx mesozoo down", or start another one with --data DIR --port-offset 100',
    );
}

export function findLeftovers(record: ProcessesRecord): readonly PartRecord[] {
  return record.parts.filter(isAlive);
}

/** Agents, masters, coords, NATS; resolves when all are gone. */
export async function endLeftovers(
  parts: readonly PartRecord[],
  agents: 'tasksGoOn' | 'tasksEnd',
): Promise<void> {
  for (const kind of order) {
    const ending = parts.filter(({ name }) => name.startsWith(kind));
    await Promise.all(
      ending.map((part) =>
        endOne(part, kind === 'agent' && agents === 'tasksGoOn' ? 'SIGKILL' : 'SIGTERM'),
      ),
    );
  }
}

async function endOne(part: PartRecord, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const deadline = performance.now() + STOP_GRACE_MS;
  signalRecorded(part, signal);
  // A paused process takes no signal but SIGKILL until it goes on.
  signalRecorded(part, 'SIGCONT');
  let insisted = signal === 'SIGKILL';
  while (isAlive(part)) {
    if (!insisted && performance.now() > deadline) {
      signalRecorded(part, 'SIGKILL');
      insisted = true;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
