/**
 * Filters of one framework: what it has refused of an agent it is not offered again for a while. As in Mesos, a filter
 * covers the same and fewer resources of its agent; more of them is a new offer.
 */
import type { AgentId } from '../../../protocol/ids.ts';
import { contains, type Resources } from '../../../protocol/resources.ts';
import type { Clock } from '../../actor.ts';

interface Filter {
  readonly resources: Resources;
  readonly untilMs: number;
}

export class Filters {
  private readonly clock: Clock;
  private readonly filters = new Map<AgentId, Filter[]>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  refuse(agentId: AgentId, resources: Resources, seconds: number): void {
    if (seconds <= 0) return;
    const filters = this.ofAgent(agentId);
    const untilMs = this.clock.monotonicMs() + seconds * 1000;
    // One that covers less, and no longer, says nothing any more.
    const kept = filters.filter(
      (old) => old.untilMs > untilMs || !contains(resources, old.resources),
    );
    this.filters.set(agentId, [...kept, { resources, untilMs }]);
  }

  covers(agentId: AgentId, resources: Resources): boolean {
    return this.ofAgent(agentId).some((filter) => contains(filter.resources, resources));
  }

  clear(): void {
    this.filters.clear();
  }

  private ofAgent(agentId: AgentId): Filter[] {
    const filters = this.filters.get(agentId);
    if (filters === undefined) return [];
    const nowMs = this.clock.monotonicMs();
    const live = filters.filter(({ untilMs }) => untilMs > nowMs);
    if (live.length === 0) this.filters.delete(agentId);
    else this.filters.set(agentId, live);
    return live;
  }
}
