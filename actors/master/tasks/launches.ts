/** Makes an attempt of each placement that the allocator decided, and kills attempts: the orders follow once decided. */

import { assert } from '../../../protocol/errors.ts';
import type { AgentId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Clock } from '../../actor.ts';
import type { Agents } from '../agents/agents.ts';
import type { Allocator, Placement } from '../allocators/contract.ts';
import type { MetricsKeeper } from '../metrics/metrics.ts';
import type { TaskBook } from './book.ts';
import { attemptIdOf } from './identity.ts';
import type { TaskLife } from './life.ts';

export interface LaunchParts {
  readonly clock: Clock;
  readonly book: TaskBook;
  readonly allocator: Allocator;
  readonly agents: Agents;
  readonly metrics: MetricsKeeper;
  readonly life: TaskLife;
}

/** One turn places what one multi holds. Whether another turn could place more. */
export function launchPlaced(parts: LaunchParts): boolean {
  const { placements, more } = parts.allocator.allocate(limits.multiOperations);
  for (const placement of placements) launch(parts, placement);
  return more;
}

function launch(parts: LaunchParts, { taskId, agentId, resources }: Placement): void {
  const task = parts.book.get(taskId);
  const agent = parts.agents.get(agentId);
  assert(task !== undefined, `task ${taskId} was placed but is not in the book`);
  assert(
    agent?.info !== undefined,
    `task ${taskId} was placed on ${agentId}, which is not registered`,
  );
  const atMs = parts.clock.wallMs();
  task.attempts += 1;
  const attemptId = attemptIdOf(task, task.attempts);
  task.attempt = {
    attemptId,
    agentId: agentId as AgentId,
    hostname: agent.info.hostname,
    resources,
    stagedAtMs: atMs,
    updateNumber: 0,
  };
  task.attemptDecided = false;
  task.orderedAtMs = undefined;
  parts.agents.assign(agentId, attemptId, task);
  parts.metrics.allocated(task, resources);
  parts.metrics.count('launches');
  parts.life.send(task, 'LAUNCHED', { atMs });
  parts.book.writeLast(task);
}
