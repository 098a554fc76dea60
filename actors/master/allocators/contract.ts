/**
 * What every allocator does: decides which waiting task runs on which agent. Pure and incremental: no clock, no
 * randomness, and a change touches what it concerns. It alone owns what is allocated and available on each agent.
 * `testing/conformance.ts` is run for each allocator.
 */
import type { AgentId, FrameworkId, TaskId } from '../../../protocol/ids.ts';
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

export interface WaitingTask {
  readonly taskId: TaskId;
  readonly frameworkId: FrameworkId;
  readonly queue: string;
  /** Greater goes first within a queue. */
  readonly priority: number;
  /** Grows with each submission; a task that is tried again keeps its own. */
  readonly order: number;
  readonly resources: ResourceRequest;
  readonly constraints: TaskRequest['constraints'];
}

export interface Placement {
  readonly taskId: TaskId;
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
  /** The task waits until it is placed or leaves. */
  taskWaits(task: WaitingTask): void;
  /** Whether it waited. A placed task does not wait any more. */
  taskLeaves(taskId: TaskId): boolean;
  /**
   * Decides; each placement's resources are allocated from now on. Places, or finds impossible, `decidedMax` tasks at
   * the most; `more` says that another call might place something without any other change.
   */
  allocate(decidedMax: number): {
    readonly placements: readonly Placement[];
    readonly more: boolean;
  };
  /** Gives back what one attempt held. For an agent that is not there nothing happens. */
  recoverResources(agentId: AgentId, resources: Resources): void;

  readonly waitingCount: number;
  isWaiting(taskId: TaskId): boolean;
  available(agentId: AgentId): Resources | undefined;
  allocated(agentId: AgentId): Resources | undefined;
  /** How many tasks of the same queue go before it; undefined when it does not wait. May cost as much as the queue is long. */
  ahead(taskId: TaskId): number | undefined;
  /** Throws InvariantError when something that must always hold does not. */
  invariants(): void;
}
