/**
 * First come, first served: the head of each queue is placed in the order of submission; within a queue a greater
 * priority goes first.
 *
 * A head that merely waits for room is not passed by within its queue, and claims the agent on which it could run: no
 * request of another queue is placed there until the head has run somewhere, so it cannot starve while the other agents
 * stay in use. A request that fits no agent at its total size, or none by its constraints, holds up nobody: it stands
 * aside until an agent is added that could take it.
 */

import { assert } from '../../../protocol/errors.ts';
import type { AgentId, FrameworkId, RequestId } from '../../../protocol/ids.ts';
import {
  addResources,
  contains,
  isNegative,
  type Resources,
  subtractResources,
  takeRequested,
} from '../../../protocol/resources.ts';
import {
  type Allocator,
  type AllocatorAgent,
  attemptsPerAgentMax,
  type Placement,
  type WaitingRequest,
} from './contract.ts';
import { Line } from './line.ts';
import { availableOf, fits, satisfies } from './matching.ts';

interface Offered {
  readonly agent: AllocatorAgent;
  allocated: Resources;
  available: Resources;
  attempts: number;
  claimedBy: Queue | undefined;
}

interface Queue {
  readonly name: string;
  readonly frameworkId: FrameworkId;
  readonly line: Line;
  /** Fit no agent there is. */
  readonly aside: Map<RequestId, WaitingRequest>;
  claimed: Offered | undefined;
}

export class FcfsAllocator implements Allocator {
  private readonly agents = new Map<AgentId, Offered>();
  private ring: Offered[] = [];
  private cursor = 0;
  private readonly queues = new Map<string, Queue>();
  private readonly queueOf = new Map<RequestId, Queue>();
  private readonly active = new Set<FrameworkId>();
  /** Nothing has changed since a call that placed all it could. */
  private settled = false;

  get waitingCount(): number {
    return this.queueOf.size;
  }

  addAgent(agent: AllocatorAgent, allocated: Resources, attempts: number): void {
    this.removeAgent(agent.agentId);
    const offered: Offered = {
      agent,
      allocated,
      available: availableOf(agent.total, allocated),
      attempts,
      claimedBy: undefined,
    };
    this.agents.set(agent.agentId, offered);
    this.ring.push(offered);
    for (const queue of this.queues.values()) {
      for (const request of queue.aside.values()) {
        if (!couldEver(offered, request)) continue;
        queue.aside.delete(request.requestId);
        queue.line.add(request);
      }
    }
    this.settled = false;
  }

  removeAgent(agentId: AgentId): void {
    const offered = this.agents.get(agentId);
    if (offered === undefined) return;
    if (offered.claimedBy !== undefined) offered.claimedBy.claimed = undefined;
    this.agents.delete(agentId);
    this.ring = this.ring.filter((other) => other !== offered);
    this.settled = false;
  }

  activateFramework(frameworkId: FrameworkId): void {
    this.active.add(frameworkId);
    this.settled = false;
  }

  deactivateFramework(frameworkId: FrameworkId): void {
    this.active.delete(frameworkId);
    for (const queue of this.queues.values())
      if (queue.frameworkId === frameworkId) dropClaim(queue);
    this.settled = false;
  }

  requestWaits(request: WaitingRequest): void {
    assert(!this.queueOf.has(request.requestId), `request ${request.requestId} waits already`);
    const name = `${request.frameworkId} ${request.queue}`;
    let queue = this.queues.get(name);
    if (queue === undefined) {
      queue = {
        name,
        frameworkId: request.frameworkId,
        line: new Line(),
        aside: new Map(),
        claimed: undefined,
      };
      this.queues.set(name, queue);
    }
    queue.line.add(request);
    // What the former head claimed may be of no use to this one.
    if (queue.line.head() === request) dropClaim(queue);
    this.queueOf.set(request.requestId, queue);
    this.settled = false;
  }

  requestLeaves(requestId: RequestId): boolean {
    const queue = this.queueOf.get(requestId);
    if (queue === undefined) return false;
    if (queue.line.head()?.requestId === requestId) dropClaim(queue);
    this.queueOf.delete(requestId);
    if (!queue.aside.delete(requestId)) queue.line.remove(requestId);
    this.dropEmpty(queue, requestId);
    this.settled = false;
    return true;
  }

  allocate(decidedMax: number): { placements: readonly Placement[]; more: boolean } {
    const placements: Placement[] = [];
    if (this.settled) return { placements, more: false };
    const heads = this.openHeads();
    // Heads that merely wait do not count: were they to stop a call, those behind them would never be looked at.
    let decided = 0;
    // A claim that is given up may be what an earlier head of this call would have needed.
    let claimGivenUp = false;
    while (heads.length > 0) {
      if (decided >= decidedMax) return { placements, more: true };
      const queue = heads.pop()!;
      const request = queue.line.head()!;
      const offered = this.agentFor(queue, request);
      if (offered !== undefined) placements.push(this.place(queue, request, offered));
      else if (this.standsAside(queue, request)) queue.aside.set(request.requestId, request);
      else continue;
      decided += 1;
      queue.line.remove(request.requestId);
      claimGivenUp ||= queue.claimed !== undefined;
      dropClaim(queue);
      insertByOrder(heads, queue);
    }
    for (const [name, queue] of this.queues)
      if (queue.line.size === 0 && queue.aside.size === 0) this.queues.delete(name);
    this.settled = !claimGivenUp;
    return { placements, more: claimGivenUp };
  }

  isContended(): boolean {
    for (const { frameworkId, line } of this.queues.values())
      if (line.size > 0 && this.active.has(frameworkId)) return true;
    return false;
  }

  remainders(): readonly { readonly agentId: AgentId; readonly resources: Resources }[] {
    const left: { agentId: AgentId; resources: Resources }[] = [];
    for (const { agent, available, attempts, claimedBy } of this.ring)
      if (claimedBy === undefined && attempts < attemptsPerAgentMax)
        left.push({ agentId: agent.agentId, resources: available });
    return left;
  }

  hold(agentId: AgentId, resources: Resources): void {
    const offered = this.agents.get(agentId);
    assert(offered !== undefined, `agent ${agentId} is not there to be offered`);
    assert(contains(offered.available, resources), `agent ${agentId} has not what is offered`);
    offered.allocated = addResources(offered.allocated, resources);
    offered.available = availableOf(offered.agent.total, offered.allocated);
  }

  addAttempt(agentId: AgentId): boolean {
    const offered = this.agents.get(agentId);
    if (offered === undefined || offered.attempts >= attemptsPerAgentMax) return false;
    offered.attempts += 1;
    return true;
  }

  recoverResources(agentId: AgentId, resources: Resources, attempts = 1): void {
    const offered = this.agents.get(agentId);
    if (offered === undefined) return;
    offered.allocated = subtractResources(offered.allocated, resources);
    assert(!isNegative(offered.allocated), `agent ${agentId} got back more than it gave`);
    offered.available = availableOf(offered.agent.total, offered.allocated);
    offered.attempts -= attempts;
    this.settled = false;
  }

  waiting(requestId: RequestId): WaitingRequest | undefined {
    const queue = this.queueOf.get(requestId);
    return queue?.line.get(requestId) ?? queue?.aside.get(requestId);
  }

  available(agentId: AgentId): Resources | undefined {
    return this.agents.get(agentId)?.available;
  }

  allocated(agentId: AgentId): Resources | undefined {
    return this.agents.get(agentId)?.allocated;
  }

  ahead(requestId: RequestId): number | undefined {
    const queue = this.queueOf.get(requestId);
    if (queue === undefined) return undefined;
    for (const request of queue.line.requests())
      if (request.requestId === requestId) return queue.line.ahead(request);
    return 0;
  }

  invariants(): void {
    for (const { agent, allocated, claimedBy } of this.agents.values()) {
      assert(!isNegative(allocated), `agent ${agent.agentId} has a negative allocation`);
      assert(
        claimedBy === undefined || claimedBy.claimed?.agent === agent,
        `the claim on agent ${agent.agentId} has no claimant`,
      );
    }
    let waiting = 0;
    for (const queue of this.queues.values()) waiting += queue.line.size + queue.aside.size;
    assert(waiting === this.queueOf.size, 'every waiting request stands in one queue');
  }

  /** Queues with somebody in line, the earliest submission last. */
  private openHeads(): Queue[] {
    const heads: { readonly queue: Queue; readonly order: number }[] = [];
    for (const queue of this.queues.values()) {
      const order = queue.line.head()?.order;
      if (order !== undefined && this.active.has(queue.frameworkId)) heads.push({ queue, order });
    }
    return heads.sort((a, b) => b.order - a.order).map(({ queue }) => queue);
  }

  /** The next agent, going round, that takes the request now and is not claimed by another queue's head. */
  private agentFor(queue: Queue, request: WaitingRequest): Offered | undefined {
    for (let step = 0; step < this.ring.length; step++) {
      const index = (this.cursor + step) % this.ring.length;
      const offered = this.ring[index]!;
      if (offered.claimedBy !== undefined && offered.claimedBy !== queue) continue;
      if (offered.attempts >= attemptsPerAgentMax) continue;
      if (
        !fits(offered.available, request.resources) ||
        !satisfies(offered.agent, request.constraints)
      )
        continue;
      this.cursor = index + 1;
      return offered;
    }
    return undefined;
  }

  private place(queue: Queue, request: WaitingRequest, offered: Offered): Placement {
    const resources = takeRequested(offered.available, request.resources);
    assert(resources !== undefined, `request ${request.requestId} was said to fit`);
    offered.allocated = addResources(offered.allocated, resources);
    offered.available = availableOf(offered.agent.total, offered.allocated);
    offered.attempts += 1;
    assert(
      this.queueOf.get(request.requestId) === queue,
      `request ${request.requestId} is placed once`,
    );
    this.queueOf.delete(request.requestId);
    const { requestId, frameworkId } = request;
    return { requestId, frameworkId, agentId: offered.agent.agentId, resources };
  }

  /** Whether no agent could ever take it; otherwise it claims the one with the most room that could. */
  private standsAside(queue: Queue, request: WaitingRequest): boolean {
    if (queue.claimed !== undefined) return false;
    let best: Offered | undefined;
    let possible = false;
    for (const offered of this.ring) {
      if (!couldEver(offered, request)) continue;
      possible = true;
      if (offered.claimedBy !== undefined) continue;
      if (best === undefined || roomOf(offered) > roomOf(best)) best = offered;
    }
    if (best !== undefined) {
      best.claimedBy = queue;
      queue.claimed = best;
    }
    return !possible;
  }

  private dropEmpty(queue: Queue, requestId: RequestId): void {
    if (queue.line.size > 0 || queue.aside.size > 0) return;
    dropClaim(queue);
    assert(!this.queueOf.has(requestId), 'a queue is empty when nobody waits in it');
    this.queues.delete(queue.name);
  }
}

function couldEver(offered: Offered, request: WaitingRequest): boolean {
  return (
    fits(offered.agent.total, request.resources) && satisfies(offered.agent, request.constraints)
  );
}

/** Share of the agent that is free, by its scarcest scalar of cpus and mem. */
function roomOf({ agent, available }: Offered): number {
  const share = (free: number, total: number) => (total === 0 ? 1 : free / total);
  return Math.min(share(available.cpus, agent.total.cpus), share(available.mem, agent.total.mem));
}

function dropClaim(queue: Queue): void {
  if (queue.claimed !== undefined) queue.claimed.claimedBy = undefined;
  queue.claimed = undefined;
}

/** Keeps the queues in descending order of their heads, so that the next one is popped. */
function insertByOrder(heads: Queue[], queue: Queue): void {
  const order = queue.line.head()?.order;
  if (order === undefined) return;
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (heads[middle]!.line.head()!.order > order) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, queue);
}
