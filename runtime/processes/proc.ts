/** What Linux tells of processes under /proc. */

import { readdirSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';

export interface ProcessStat {
  readonly pid: number;
  /** R, S, D, Z, … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Jiffies since boot. */
  readonly startTime: number;
  /** Its own time and that of the children it has waited for. */
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/** As in proc(5); the name in parentheses may contain anything. Undefined for what is no such line. */
export function parseStat(line: string): ProcessStat | undefined {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  if (open < 1 || close < open) return undefined;
  const fields = line.slice(close + 2).split(' ');
  const number = (index: number) => Number(fields[index]);
  const stat: ProcessStat = {
    pid: Number.parseInt(line, 10),
    state: fields[0] ?? '',
    parent: number(1),
    group: number(2),
    session: number(3),
    startTime: number(19),
    cpuTicks: number(11) + number(12) + number(13) + number(14),
    residentPages: number(21),
  };
  return Number.isNaN(stat.pid + stat.startTime + stat.cpuTicks) ? undefined : stat;
}

export function readStat(pid: number): ProcessStat | undefined {
  const content = readProc(`/proc/${pid}/stat`);
  return content === undefined ? undefined : parseStat(content);
}

export function isGone(stat: ProcessStat | undefined): boolean {
  return stat === undefined || stat.state === 'Z' || stat.state === 'X';
}

export function allStats(): ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0);
    if (first < 0x30 || first > 0x39) continue;
    const stat = readStat(Number(name));
    if (stat !== undefined) stats.push(stat);
  }
  return stats;
}

/** The environment that the process was started with; undefined when it may not be read. */
export function readEnvironment(pid: number): string | undefined {
  return readProc(`/proc/${pid}/environ`);
}

/** A new one at each start of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** Page size and clock ticks, as the kernel gave them to this process (getauxval(3)). */
export function kernelUnits(): { readonly pageBytes: number; readonly ticksPerSecond: number } {
  const units = { pageBytes: 4096, ticksPerSecond: 100 };
  const vector = readFileSync('/proc/self/auxv');
  const read =
    endianness() === 'LE'
      ? (offset: number) => Number(vector.readBigUInt64LE(offset))
      : (offset: number) => Number(vector.readBigUInt64BE(offset));
  for (let offset = 0; offset + 16 <= vector.length; offset += 16) {
    if (read(offset) === AT_PAGESZ) units.pageBytes = read(offset + 8);
    if (read(offset) === AT_CLKTCK) units.ticksPerSecond = read(offset + 8);
  }
  return units;
}

const AT_PAGESZ = 6;
const AT_CLKTCK = 17;

/** A process may end between any two looks. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
