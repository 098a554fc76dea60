/**
 * Processes that a former supervisor has left behind, known by pid and start time. They are ended, not adopted: only
 * the parent of a process learns how it ended. An agent is ended as a crash would, so that its tasks go on running
 * and the next agent process finds them.
 */
import { MesozooError } from '../../protocol/errors.ts';
import { lockDirectory } from '../../runtime/directory-lock.ts';
import { type PartKind, partKinds, stopGraceMs } from './cluster.ts';
import type { DataDirectory, PartRecord, ProcessesRecord } from './data-directory.ts';
import { isAlive, signalRecorded } from './process-identity.ts';

const RECORDED_WITHIN_MS = 300;
const LOOK_AGAIN_MS = 30;

/** One supervisor at a time, from its first step on. Throws WRONG_DATA_DIRECTORY while another one is at work here. */
export async function lockForSupervisor(data: DataDirectory): Promise<() => void> {
  assertNoSupervisor(data);
  try {
    return await lockDirectory(data.path);
  } catch (error) {
    if (!(error instanceof MesozooError)) throw error;
    // It writes down who it is as its next step.
    await new Promise((resolve) => setTimeout(resolve, RECORDED_WITHIN_MS));
    assertNoSupervisor(data);
    throw error;
  }
}

/** Throws WRONG_DATA_DIRECTORY while another supervisor is at work here. */
export function assertNoSupervisor(data: DataDirectory): void {
  const { supervisor } = data.processes();
  if (supervisor !== undefined && isAlive(supervisor))
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `a cluster is running from ${data.path} already (supervisor is process ${supervisor.pid}): ` +
        `stop it with "npx mesozoo down --data ${data.path}", or start another one with --data DIR --port-offset 100`,
    );
}

export function findLeftovers(record: ProcessesRecord): readonly PartRecord[] {
  return record.parts.filter(isAlive);
}

/** Agents, masters, coords, NATS; resolves when all are gone. */
export async function endLeftovers(
  parts: readonly PartRecord[],
  agents: 'tasksGoOn' | 'tasksEnd',
  graceMs: Readonly<Record<PartKind, number>> = stopGraceMs,
): Promise<void> {
  for (const kind of partKinds) {
    const ending = parts.filter(({ name }) => name.startsWith(kind));
    await Promise.all(
      ending.map((part) =>
        endOne(
          part,
          kind === 'agent' && agents === 'tasksGoOn' ? 'SIGKILL' : 'SIGTERM',
          graceMs[kind],
        ),
      ),
    );
  }
}

async function endOne(
  part: PartRecord,
  signal: 'SIGTERM' | 'SIGKILL',
  graceMs: number,
): Promise<void> {
  const deadline = performance.now() + graceMs;
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
