/**
 * What every allocator does: decides which waiting request gets which agent's resources, and says what is left over. Pure and incremental: no clock, no
 * randomness, and a change touches what it concerns. It alone owns what is allocated and available on each agent.
 * `testing/conformance.ts` is run for each allocator.
 */
import type { AgentId, FrameworkId, RequestId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { ResourceRequest, Resources } from '../../../protocol/resources.ts';
import type { TaskRequest } from '../../../protocol/task-api.ts';

/** An agent also keeps attempts that have ended until they are acknowledged: there must be room for those. */
export const attemptsPerAgentMax = Math.floor(limits.attemptsPerAgent * 0.75);

export interface AllocatorAgent {
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly total: Resources;
}

export interface WaitingRequest {
  readonly requestId: RequestId;
  readonly frameworkId: FrameworkId;
  readonly queue: string;
  /** Greater goes first within a queue. */
  readonly priority: number;
  /** Smaller goes first within a priority: of a task, its place among all submissions. */
  readonly order: number;
  readonly resources: ResourceRequest;
  readonly constraints: TaskRequest['constraints'];
}

export interface Placement {
  readonly requestId: RequestId;
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  /** Taken from the agent's available ones, ports by number. */
  readonly resources: Resources;
}

export interface Allocator {
  /**
   * Begins to offer an agent; `allocated` is what the `attempts` on it hold already. Replaces an agent of the same id.
   * However small they are, an agent is given `attemptsPerAgentMax` attempts at one time.
   */
  addAgent(agent: AllocatorAgent, allocated: Resources, attempts: number): void;
  /** Removing an agent that is not there is no failure. */
  removeAgent(agentId: AgentId): void;
  /** Only frameworks that are active get anything. */
  activateFramework(frameworkId: FrameworkId): void;
  deactivateFramework(frameworkId: FrameworkId): void;
  /** The request waits until it is placed or leaves. */
  requestWaits(task: WaitingRequest): void;
  /** Whether it waited. A placed request does not wait any more. */
  requestLeaves(requestId: RequestId): boolean;
  /**
   * Decides; each placement's resources are allocated from now on. Places, or finds impossible, `decidedMax` tasks at
   * the most; `more` says that another call might place something without any other change.
   */
  allocate(decidedMax: number): {
    readonly placements: readonly Placement[];
    readonly more: boolean;
  };
  /**
   * What is left over on each agent and is not kept for a request that waits: it may be offered to frameworks that ask
   * for nothing in particular.
   */
  remainders(): readonly { readonly agentId: AgentId; readonly resources: Resources }[];
  /** Takes a remainder, or a part of one, away from the agent. */
  hold(agentId: AgentId, resources: Resources): void;
  /** Counts a further attempt on the agent; false where it has as many as it is given. */
  addAttempt(agentId: AgentId): boolean;
  /** Gives back what so many attempts held (1 where nothing is said). For an agent that is not there nothing happens. */
  recoverResources(agentId: AgentId, resources: Resources, attempts?: number): void;

  readonly waitingCount: number;
  /** Whether a request waits that could be met, if there was more room. */
  isContended(): boolean;
  /** The request, while it waits. */
  waiting(requestId: RequestId): WaitingRequest | undefined;
  available(agentId: AgentId): Resources | undefined;
  allocated(agentId: AgentId): Resources | undefined;
  /** How many requests of the same queue go before it; undefined when it does not wait. May cost as much as the queue is long. */
  ahead(requestId: RequestId): number | undefined;
  /** Throws InvariantError when something that must always hold does not. */
  invariants(): void;
}
