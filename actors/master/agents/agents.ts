/** The agents that the leading master knows, and which attempts each of them holds. */
import type { AgentId, AttemptId } from '../../../protocol/ids.ts';
import type { AgentInfo } from '../../../protocol/orders.ts';
import { addResources, NOTHING, type Resources } from '../../../protocol/resources.ts';
import type { AgentView } from '../../../protocol/task-api.ts';
import type { Allocator } from '../allocators/contract.ts';
import { availableOf } from '../allocators/matching.ts';
import type { Launch } from '../launches/launch.ts';

/**
 * `awaited`: attempts on it stand in the tree, it has not registered with this leader. `registering`: it has, but has
 * not yet said that it keeps the epoch. Only an `active` agent is given orders and attempts.
 */
export type AgentStanding = 'awaited' | 'registering' | 'active' | 'unreachable';

export interface Agent {
  readonly id: AgentId;
  standing: AgentStanding;
  info?: AgentInfo;
  registeredAtMs: number;
  /** Counts its registrations with this leader. */
  registration: number;
  /** Monotonic: when it was last asked to complete its registration. */
  askedAtMs: number;
  /** Monotonic. */
  heardAtMs: number;
  pingedAtMs: number;
  /** Monotonic: when an awaited or unreachable agent is given up. */
  removeAtMs: number;
  used: { cpus: number; mem: number };
  /** Attempts whose resources it holds. */
  readonly attempts: Map<AttemptId, Launch>;
  /**
   * Attempts of its last report that no launch has any more, and what they hold: they are given up, and until they are
   * gone nothing may be launched into their place.
   */
  strays: Map<AttemptId, Resources>;
  /** How often it was asked for another report since it had no strays. */
  asked: number;
  /** Monotonic: since when it takes no launch because it stops. */
  drainingSinceMs: number | undefined;
  /** Started attempts that were missing from its last report. */
  missing: ReadonlySet<AttemptId>;
}

export class Agents {
  private readonly agents = new Map<AgentId, Agent>();
  private readonly allocator: Allocator;

  constructor(allocator: Allocator) {
    this.allocator = allocator;
  }

  get(id: AgentId): Agent | undefined {
    return this.agents.get(id);
  }

  all(): Iterable<Agent> {
    return this.agents.values();
  }

  /** The agent of this id; a new one is awaited. */
  obtain(id: AgentId): Agent {
    let agent = this.agents.get(id);
    if (agent === undefined) {
      agent = {
        id,
        standing: 'awaited',
        registeredAtMs: 0,
        registration: 0,
        askedAtMs: 0,
        heardAtMs: 0,
        pingedAtMs: 0,
        removeAtMs: Number.POSITIVE_INFINITY,
        used: { cpus: 0, mem: 0 },
        attempts: new Map(),
        strays: new Map(),
        asked: 0,
        drainingSinceMs: undefined,
        missing: new Set(),
      };
      this.agents.set(id, agent);
    }
    return agent;
  }

  remove(agent: Agent): void {
    this.agents.delete(agent.id);
  }

  isActive(id: AgentId): boolean {
    return this.agents.get(id)?.standing === 'active';
  }

  assign(agentId: AgentId, attemptId: AttemptId, launch: Launch): void {
    this.obtain(agentId).attempts.set(attemptId, launch);
  }

  unassign(agentId: AgentId, attemptId: AttemptId): void {
    this.agents.get(agentId)?.attempts.delete(attemptId);
  }

  held(agent: Agent): Resources {
    let sum = NOTHING;
    for (const { resources } of agent.attempts.values()) sum = addResources(sum, resources);
    for (const resources of agent.strays.values()) sum = addResources(sum, resources);
    return sum;
  }

  /** The agent itself says that it is gone. */
  strayEnded(agentId: AgentId, attemptId: AttemptId): void {
    const agent = this.agents.get(agentId);
    const resources = agent?.strays.get(attemptId);
    if (agent === undefined || resources === undefined) return;
    agent.strays.delete(attemptId);
    this.allocator.recoverResources(agentId, resources);
  }

  /** Those that have registered with this leader. */
  views(): AgentView[] {
    const views: AgentView[] = [];
    for (const agent of this.agents.values()) {
      const { info, standing } = agent;
      if (info === undefined || standing === 'awaited') continue;
      views.push({
        agentId: agent.id,
        hostname: info.hostname,
        state: standing,
        total: info.total,
        available: this.allocator.available(agent.id) ?? availableOf(info.total, this.held(agent)),
        used: agent.used,
        attributes: info.attributes,
        attempts: agent.attempts.size,
        registeredAtMs: agent.registeredAtMs,
      });
    }
    return views;
  }
}
