/** Processor time that processes have used: unlike a rate it says the same on a machine that is busy with other things. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second on every architecture. */
const TICK_MS = 10;

/** User and system time so far, of all together. Throws for a process that is gone. */
export function cpuTimeMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) * TICK_MS, 0);
}

/** The name of the program stands in parentheses and may hold spaces: what is counted comes after it. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
