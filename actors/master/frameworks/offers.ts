/**
 * Offers that were made and not answered. What is offered is taken from its agent, and returns to it when the offer
 * ends: accepted in part, declined, rescinded, or not answered in time. Each is used once.
 */
import { assert } from '../../../protocol/errors.ts';
import type { Offer as OfferMessage } from '../../../protocol/framework-api.ts';
import type { AgentId, Epoch, RequestId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { toMesos, toMesosAttributes } from '../../../protocol/mesos-resources.ts';
import { addResources, NOTHING, type Resources } from '../../../protocol/resources.ts';
import type { Clock } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Agent, Agents } from '../agents/agents.ts';
import type { Allocator, Placement, WaitingRequest } from '../allocators/contract.ts';
import type { Framework } from './framework.ts';

export interface Offer {
  readonly id: string;
  readonly framework: Framework;
  readonly agentId: AgentId;
  /** Not used yet. */
  resources: Resources;
  /** Attempts that the allocator has counted for it and that were not made yet. */
  attempts: number;
  /** What it answers, and returns to the line if nobody takes it. */
  readonly requests: readonly WaitingRequest[];
  readonly madeAtMs: number;
}

/** Without an answer an offer is rescinded after this long; sooner where requests of others wait for resources. */
const OFFER_TIMEOUT_MS = 10_000;
const OFFER_TIMEOUT_CONTENDED_MS = 2_000;
/** Of one event: cut well below a message, whatever characters they are. */
const CHARACTERS_PER_EVENT = 128 * 1024;

export interface OffersParts {
  readonly clock: Clock;
  readonly epoch: Epoch;
  readonly agents: Agents;
  readonly allocator: Allocator;
  readonly planted: PlantedBugs;
}

export class Offers {
  private readonly parts: OffersParts;
  private readonly offers = new Map<string, Offer>();
  private made = 0;

  constructor(parts: OffersParts) {
    this.parts = parts;
  }

  /** What the allocator has decided for requests: an offer for each framework and agent. */
  ofPlacements(
    placements: readonly Placement[],
    frameworkOf: (placement: Placement) => Framework,
    nameOf: (framework: Framework, request: RequestId) => string,
  ): void {
    const groups = new Map<Framework, Map<AgentId, Placement[]>>();
    for (const placement of placements) {
      const framework = frameworkOf(placement);
      const ofFramework = groups.get(framework) ?? new Map<AgentId, Placement[]>();
      groups.set(framework, ofFramework);
      const ofAgent = ofFramework.get(placement.agentId);
      if (ofAgent === undefined) ofFramework.set(placement.agentId, [placement]);
      else ofAgent.push(placement);
    }
    for (const [framework, ofFramework] of groups) {
      const messages: OfferMessage[] = [];
      for (const [agentId, placed] of ofFramework) {
        const resources = placed.reduce((sum, one) => addResources(sum, one.resources), NOTHING);
        const requests = placed.map(({ requestId }) => taken(framework, requestId));
        const offer = this.add(framework, agentId, resources, requests);
        messages.push({
          ...this.messageOf(offer),
          requests: placed.map((one) => ({
            id: nameOf(framework, one.requestId),
            resources: toMesos(one.resources),
          })),
        });
      }
      tell(framework, messages);
    }
  }

  /** What agents have left, offered to frameworks that take whatever there is. */
  ofRemainders(
    remainders: readonly {
      readonly framework: Framework;
      readonly agentId: AgentId;
      readonly resources: Resources;
    }[],
  ): void {
    const messages = new Map<Framework, OfferMessage[]>();
    for (const { framework, agentId, resources } of remainders) {
      this.parts.allocator.hold(agentId, resources);
      const list = messages.get(framework) ?? [];
      messages.set(framework, list);
      list.push(this.messageOf(this.add(framework, agentId, resources, [])));
    }
    for (const [framework, list] of messages) tell(framework, list);
  }

  /** The framework's own offers of these ids, all of one agent; undefined when one is not (or no more) to be had. */
  find(framework: Framework, ids: readonly string[]): readonly Offer[] | undefined {
    const found: Offer[] = [];
    for (const id of new Set(ids)) {
      const offer = this.offers.get(id);
      if (offer === undefined || offer.framework !== framework) return undefined;
      if (offer.agentId !== (found[0] ?? offer).agentId) return undefined;
      found.push(offer);
    }
    return found;
  }

  get(framework: Framework, id: string): Offer | undefined {
    const offer = this.offers.get(id);
    return offer?.framework === framework ? offer : undefined;
  }

  /** It is answered: what is left of it returns to the agent. */
  close(offer: Offer): void {
    this.offers.delete(offer.id);
    offer.framework.offers.delete(offer);
    offer.framework.gaveBack(offer.resources);
    this.parts.allocator.recoverResources(offer.agentId, offer.resources, offer.attempts);
  }

  /** All of one agent: used like a single one from now on, the first. */
  unite(offers: readonly Offer[]): Offer {
    const [first, ...others] = offers;
    for (const other of others) {
      first!.resources = addResources(first!.resources, other.resources);
      first!.attempts += other.attempts;
      other.resources = NOTHING;
      other.attempts = 0;
      this.close(other);
    }
    return first!;
  }

  /** What it was meant for goes on waiting. */
  rescind(offer: Offer): void {
    this.close(offer);
    for (const request of offer.requests) {
      offer.framework.requests.set(request.requestId, request);
      this.parts.allocator.requestWaits(request);
    }
    offer.framework.tell({ type: 'RESCIND', rescind: { offer_id: { value: offer.id } } });
  }

  /** The framework is told of its new subscription instead: all offers of the old one are void. */
  closeAll(framework: Framework): void {
    for (const offer of [...framework.offers]) {
      if (this.parts.planted.has('offer-not-returned')) offer.resources = NOTHING;
      this.close(offer);
    }
  }

  /** Call before the allocator forgets the agent. */
  rescindOfAgent(agentId: AgentId): void {
    for (const offer of [...this.offers.values()])
      if (offer.agentId === agentId) this.rescind(offer);
  }

  tick(): void {
    const { clock, allocator } = this.parts;
    const timeoutMs = allocator.isContended() ? OFFER_TIMEOUT_CONTENDED_MS : OFFER_TIMEOUT_MS;
    const before = clock.monotonicMs() - timeoutMs;
    for (const offer of [...this.offers.values()])
      if (offer.madeAtMs <= before) this.rescind(offer);
  }

  private add(
    framework: Framework,
    agentId: AgentId,
    resources: Resources,
    requests: readonly WaitingRequest[],
  ): Offer {
    this.made += 1;
    const offer: Offer = {
      id: `${this.parts.epoch}-O${this.made}`,
      framework,
      agentId,
      resources,
      attempts: requests.length,
      requests,
      madeAtMs: this.parts.clock.monotonicMs(),
    };
    this.offers.set(offer.id, offer);
    framework.offers.add(offer);
    framework.took(resources);
    return offer;
  }

  private messageOf(offer: Offer): OfferMessage {
    const { info }: Agent = this.parts.agents.get(offer.agentId)!;
    return {
      id: { value: offer.id },
      framework_id: { value: offer.framework.id },
      agent_id: { value: offer.agentId },
      hostname: info!.hostname,
      resources: toMesos(offer.resources),
      attributes: toMesosAttributes(info!.attributes),
    };
  }
}

/** Whether a further offer may be made to it. */
export function mayOffer(framework: Framework): boolean {
  return framework.isActive && framework.offers.size < limits.offersPerFramework;
}

function taken(framework: Framework, id: RequestId): WaitingRequest {
  const request = framework.requests.get(id);
  assert(request !== undefined, `the request ${id} was placed and does not wait`);
  framework.requests.delete(id);
  return request;
}

function tell(framework: Framework, offers: readonly OfferMessage[]): void {
  // In this process nothing is cut.
  if (framework.isBundled) framework.tell({ type: 'OFFERS', offers: { offers } });
  else for (const some of cut(offers)) framework.tell({ type: 'OFFERS', offers: { offers: some } });
}

function* cut(offers: readonly OfferMessage[]): Generator<OfferMessage[]> {
  let some: OfferMessage[] = [];
  let characters = 0;
  for (const offer of offers) {
    const size = JSON.stringify(offer).length;
    if (some.length > 0 && characters + size > CHARACTERS_PER_EVENT) {
      yield some;
      some = [];
      characters = 0;
    }
    some.push(offer);
    characters += size;
  }
  if (some.length > 0) yield some;
}
