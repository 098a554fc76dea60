/** Offers seen as room on agents, from which a framework takes what its tasks need. */
import type { Offer } from '../../../protocol/framework-api.ts';
import { fromMesos } from '../../../protocol/mesos-resources.ts';
import {
  addResources,
  NOTHING,
  type ResourceRequest,
  type Resources,
  subtractResources,
  takeRequested,
} from '../../../protocol/resources.ts';

/** All that one agent offers: to be accepted together. */
export class AgentOffers {
  readonly agent_id: Offer['agent_id'];
  readonly hostname: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly offers: readonly Offer[];
  private left: Resources;

  /** At least one offer, all of one agent. */
  constructor(offers: readonly [Offer, ...Offer[]]) {
    const [first] = offers;
    this.agent_id = first.agent_id;
    this.hostname = first.hostname;
    this.attributes = Object.fromEntries(
      first.attributes.map(({ name, text }) => [name, text.value]),
    );
    this.offers = offers;
    this.left = offers.map(({ resources }) => fromMesos(resources)).reduce(addResources, NOTHING);
  }

  /** What nobody has taken yet. */
  get room(): Resources {
    return this.left;
  }

  /** Takes what is asked for, `ports` being how many; undefined, and nothing taken, where it does not fit. */
  take(request: Partial<ResourceRequest>): Resources | undefined {
    const taken = takeRequested(this.left, {
      cpus: 0,
      mem: 0,
      disk: 0,
      gpus: 0,
      ports: 0,
      ...request,
    });
    if (taken !== undefined) this.left = subtractResources(this.left, taken);
    return taken;
  }
}

export function byAgent(offers: readonly Offer[]): AgentOffers[] {
  const groups = new Map<string, [Offer, ...Offer[]]>();
  for (const offer of offers) {
    const group = groups.get(offer.agent_id.value);
    if (group === undefined) groups.set(offer.agent_id.value, [offer]);
    else group.push(offer);
  }
  return [...groups.values()].map((group) => new AgentOffers(group));
}
