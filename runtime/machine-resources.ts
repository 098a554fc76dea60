/** What an agent offers when it is not told: what the machine has, less what the system itself needs. */
import { statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { PortRange, Resources } from '../protocol/resources.ts';

const MIB = 1024 * 1024;
/** As Mesos does it: a gigabyte of memory and five of disk stay with the system, or half where there is not twice that. */
const MEM_KEPT_MIB = 1024;
const DISK_KEPT_MIB = 5 * 1024;
const PORTS: readonly PortRange[] = [[31_000, 32_000]];

export interface Given {
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly gpus?: number;
  readonly ports?: readonly PortRange[];
}

/** `directory`: where sandboxes lie; it must exist. Several agents of one machine share what is found. */
export function machineResources(directory: string, given: Given = {}, agents = 1): Resources {
  const disk = statfsSync(directory);
  return {
    cpus: given.cpus ?? Math.max(1, Math.floor(availableParallelism() / agents)),
    mem: given.mem ?? share(totalmem() / MIB, MEM_KEPT_MIB, agents),
    disk: given.disk ?? share((disk.bavail * disk.bsize) / MIB, DISK_KEPT_MIB, agents),
    gpus: given.gpus ?? 0,
    ports: given.ports ?? PORTS,
  };
}

/** The piece of the usual range that the agent with this number (1, 2, …) has for itself. */
export function portShare(number: number, agents: number): PortRange {
  const [first, last] = PORTS[0] as PortRange;
  const each = Math.floor((last - first + 1) / agents);
  return [first + (number - 1) * each, first + number * each - 1];
}

function share(totalMib: number, keptMib: number, agents: number): number {
  const offered = totalMib >= 2 * keptMib ? totalMib - keptMib : totalMib / 2;
  return Math.floor(offered / agents);
}
