/** Which agents get new instances: always the one that has the fewest of them, so that losing one loses little. */
import type { ResourceRequest, Resources } from '../../../protocol/resources.ts';
import type { AgentOffers } from '../sdk/agent-offers.ts';

export interface Place {
  readonly agent: AgentOffers;
  readonly resources: Resources;
}

/** At most `count` places; `present` says how many instances an agent has already. Takes from the offers. */
export function spread(
  agents: readonly AgentOffers[],
  count: number,
  request: ResourceRequest,
  present: (agentId: string) => number,
): Place[] {
  const open = agents.map((agent) => ({ agent, instances: present(agent.agent_id.value) }));
  const places: Place[] = [];
  while (places.length < count && open.length > 0) {
    const best = open.reduce((one, other) => (other.instances < one.instances ? other : one));
    const resources = best.agent.take(request);
    if (resources === undefined) open.splice(open.indexOf(best), 1);
    else {
      best.instances += 1;
      places.push({ agent: best.agent, resources });
    }
  }
  return places;
}

/** The instances to be ended when there are too many: from the fullest agents, the youngest first. */
export function surplus<Item extends { readonly agentId: string }>(
  oldestFirst: readonly Item[],
  count: number,
): Item[] {
  const left = [...oldestFirst];
  const victims: Item[] = [];
  while (victims.length < count && left.length > 0) {
    const sizeOf = (item: Item) => left.filter(({ agentId }) => agentId === item.agentId).length;
    const victim = left.reduceRight((one, other) => (sizeOf(other) > sizeOf(one) ? other : one));
    left.splice(left.indexOf(victim), 1);
    victims.push(victim);
  }
  return victims;
}
