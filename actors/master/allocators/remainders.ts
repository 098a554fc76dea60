/**
 * Which framework is offered what the requests have left over: of those that take anything, the one with the smallest
 * dominant share comes first, agent by agent (Ghodsi et al., Dominant Resource Fairness, NSDI 2011).
 */
import type { AgentId } from '../../../protocol/ids.ts';
import { addResources, NOTHING, type Resources, scalarNames } from '../../../protocol/resources.ts';

export interface Taker {
  readonly allocated: Resources;
  /** Whether it has refused this, a moment ago. */
  refuses(agentId: AgentId, resources: Resources): boolean;
}

export interface Remainder {
  readonly agentId: AgentId;
  readonly resources: Resources;
}

/** As Mesos' --min_allocatable_resources: less than this is of use to nobody. */
function isWorthOffering({ cpus, mem }: Resources): boolean {
  return cpus >= 0.01 || mem >= 32;
}

export function shareOut<T extends Taker>(
  frameworks: readonly T[],
  remainders: readonly Remainder[],
  total: Resources,
): readonly (Remainder & { readonly framework: T })[] {
  const shares = frameworks.map((framework) => ({ framework, allocated: framework.allocated }));
  const given: (Remainder & { readonly framework: T })[] = [];
  for (const remainder of remainders) {
    const { agentId, resources } = remainder;
    if (!isWorthOffering(resources)) continue;
    let best: (typeof shares)[number] | undefined;
    for (const one of shares) {
      if (one.framework.refuses(agentId, resources)) continue;
      if (best === undefined || isLess(one.allocated, best.allocated, total)) best = one;
    }
    if (best === undefined) continue;
    best.allocated = addResources(best.allocated, resources);
    given.push({ ...remainder, framework: best.framework });
  }
  return given;
}

function isLess(a: Resources, b: Resources, total: Resources): boolean {
  return dominantShare(a, total) < dominantShare(b, total);
}

/** Of the resource of which the most is taken. */
export function dominantShare(allocated: Resources, total: Resources): number {
  let share = 0;
  for (const name of scalarNames)
    if (total[name] > 0) share = Math.max(share, allocated[name] / total[name]);
  return share;
}

export function sumOf(totals: Iterable<Resources>): Resources {
  let sum = NOTHING;
  for (const total of totals) sum = addResources(sum, total);
  return sum;
}
