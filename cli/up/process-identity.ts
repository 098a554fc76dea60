/** Which process a pid means: with its start time, since pids are used again. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface RecordedProcess {
  readonly pid: number;
  readonly startedAt: string;
}

/** Undefined when there is no such process, or it has ended and only waits for its parent to ask. */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return startInProc(pid);
  const probe = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return probe.status === 0 ? probe.stdout.trim() || undefined : undefined;
}

/** Field 22 of /proc/PID/stat, in ticks since boot. The name before it may hold spaces and brackets. */
function startInProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || ticks === undefined) return undefined;
  return `${bootId()}-${ticks}`;
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

export function isAlive(recorded: RecordedProcess): boolean {
  return startOf(recorded.pid) === recorded.startedAt;
}

/** False when it is gone, or somebody else has its pid now. */
export function signalRecorded(recorded: RecordedProcess, signal: NodeJS.Signals): boolean {
  if (!isAlive(recorded)) return false;
  try {
    process.kill(recorded.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
