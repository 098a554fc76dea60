/** No agent is given more than it has, nor a port twice, by all that holds resources of it together. */
import {
  addResources,
  contains,
  NOTHING,
  type PortRange,
  type Resources,
} from '../../protocol/resources.ts';

export interface Holder {
  readonly attemptId: string;
  readonly resources: Resources;
}

/** What is wrong, in words; undefined where all of it fits. */
export function tooMuchOf(total: Resources, holders: readonly Holder[]): string | undefined {
  const ports = holders.flatMap(({ resources }) => resources.ports.flatMap(portsOf));
  const sum = holders.map(({ resources }) => resources).reduce(addResources, NOTHING);
  if (contains(total, sum) && new Set(ports).size === ports.length) return undefined;
  const each = holders.map(
    ({ attemptId, resources }) =>
      `${attemptId} ${resources.cpus} cpus ${resources.mem} MiB ports ${JSON.stringify(resources.ports)}`,
  );
  return `the tree gives away ${JSON.stringify(sum)} of ${JSON.stringify(total)}: ${each.join(', ')}`;
}

function portsOf([first, last]: PortRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
