/** Resources as Mesos has them: cpus (fractions), mem and disk in MiB, gpus (whole), ports (ranges). */
import { z } from 'zod';
import { limits } from './limits.ts';

export type ScalarName = 'cpus' | 'mem' | 'disk' | 'gpus';
export const scalarNames: readonly ScalarName[] = ['cpus', 'mem', 'disk', 'gpus'];

/** Inclusive, as Mesos writes them: [31000, 32000]. */
export type PortRange = readonly [first: number, last: number];

export interface Resources {
  readonly cpus: number;
  readonly mem: number;
  readonly disk: number;
  readonly gpus: number;
  /** Sorted, not overlapping, not adjacent. */
  readonly ports: readonly PortRange[];
}

/** What a task asks for: `ports` is how many; which ones is decided at the launch. */
export const resourceRequest = z.strictObject({
  cpus: z.number().min(0).max(limits.cpusMax).default(0.1),
  mem: z.number().min(0).max(limits.memMiBMax).default(32),
  disk: z.number().min(0).max(limits.memMiBMax).default(0),
  gpus: z.int().min(0).max(1024).default(0),
  ports: z.int().min(0).max(1000).default(0),
});
export type ResourceRequest = z.infer<typeof resourceRequest>;

export const NOTHING: Resources = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: [] };

/** Scalars have three decimals, as in Mesos: sums of fractions stay exact. */
function roundScalar(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function addResources(a: Resources, b: Resources): Resources {
  return { ...combineScalars(a, b, (x, y) => x + y), ports: mergePorts([...a.ports, ...b.ports]) };
}

/** `a` must contain `b`: otherwise a bug of ours, which shows as a negative scalar (see `isNegative`). */
export function subtractResources(a: Resources, b: Resources): Resources {
  return { ...combineScalars(a, b, (x, y) => x - y), ports: subtractPorts(a.ports, b.ports) };
}

export function contains(a: Resources, b: Resources): boolean {
  return (
    scalarNames.every((name) => a[name] >= b[name]) &&
    b.ports.every(([first, last]) => a.ports.some((range) => range[0] <= first && last <= range[1]))
  );
}

export function isNegative(a: Resources): boolean {
  return scalarNames.some((name) => a[name] < 0);
}

export function countPorts(ports: readonly PortRange[]): number {
  return ports.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The first resources that the request names, taken from `available`; undefined where it does not fit. */
export function takeRequested(
  available: Resources,
  request: ResourceRequest,
): Resources | undefined {
  if (
    scalarNames.some((name) => available[name] < request[name]) ||
    countPorts(available.ports) < request.ports
  )
    return undefined;
  const ports: PortRange[] = [];
  let missing = request.ports;
  for (const [first, last] of available.ports) {
    if (missing === 0) break;
    const taken = Math.min(missing, last - first + 1);
    ports.push([first, first + taken - 1]);
    missing -= taken;
  }
  return {
    cpus: roundScalar(request.cpus),
    mem: roundScalar(request.mem),
    disk: roundScalar(request.disk),
    gpus: request.gpus,
    ports,
  };
}

function combineScalars(
  a: Resources,
  b: Resources,
  combine: (x: number, y: number) => number,
): Omit<Resources, 'ports'> {
  const one = (name: ScalarName) => roundScalar(combine(a[name], b[name]));
  return { cpus: one('cpus'), mem: one('mem'), disk: one('disk'), gpus: one('gpus') };
}

function mergePorts(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((x, y) => x[0] - y[0])) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1)
      previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function subtractPorts(
  from: readonly PortRange[],
  taken: readonly PortRange[],
): readonly PortRange[] {
  let left: PortRange[] = [...from];
  for (const [first, last] of taken) {
    left = left.flatMap(([low, high]): PortRange[] => {
      if (last < low || high < first) return [[low, high]];
      const pieces: PortRange[] = [];
      if (low < first) pieces.push([low, first - 1]);
      if (last < high) pieces.push([last + 1, high]);
      return pieces;
    });
  }
  return left;
}
