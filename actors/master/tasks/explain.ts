/** Says why a task is where it is, and what it waits for. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import type { ExplainReply } from '../../../protocol/task-api.ts';
import type { Clock } from '../../actor.ts';
import type { Agents } from '../agents/agents.ts';
import {
  type Allocator,
  type AllocatorAgent,
  attemptsPerAgentMax,
} from '../allocators/contract.ts';
import { fits, lacks, satisfies } from '../allocators/matching.ts';
import type { TaskBook } from './book.ts';
import type { Task } from './task.ts';

export interface ExplainParts {
  readonly book: TaskBook;
  readonly agents: Agents;
  readonly allocator: Allocator;
  readonly clock: Clock;
}

export function explainTask(parts: ExplainParts, task: Task): ExplainReply {
  const common = { taskId: task.id, state: task.chart.state };
  const { attempt } = task;
  const where =
    attempt && `attempt ${task.attempts} on agent ${attempt.agentId} (${attempt.hostname})`;
  if (task.chart.isActive && parts.agents.get(attempt!.agentId)?.standing === 'awaited')
    return {
      ...common,
      why: `the leader has changed, and agent ${attempt!.agentId} has not registered again yet`,
      waitingFor: 'agent',
    };
  switch (task.chart.value) {
    case 'blocked':
      return { ...common, ...explainBlocked(parts, task) };
    case 'queued':
      return { ...common, ...explainQueued(parts, task) };
    case 'retrying': {
      const seconds = Math.max(0, Math.ceil(((task.retryAtMs ?? 0) - parts.clock.wallMs()) / 1000));
      const why = `attempt ${task.attempts} of ${task.request.retry.attempts} did not finish; the next is due in ${seconds} s`;
      return { ...common, why, waitingFor: 'retry' };
    }
    case 'staging':
      return {
        ...common,
        why: `${where} was launched; the agent has not said that it has started`,
        waitingFor: 'agent',
      };
    case 'starting':
    case 'running':
      return { ...common, why: `${where} is running`, waitingFor: 'end' };
    case 'killing':
      return { ...common, why: `${where} is being killed`, waitingFor: 'end' };
    case 'unreachable':
      return {
        ...common,
        why: `nothing is heard of agent ${attempt?.agentId}; when it does not come back, the attempt is lost`,
        waitingFor: 'agent',
      };
    default: {
      const reason = task.message ?? task.reason;
      return { ...common, why: `it has ended${reason === undefined ? '' : `: ${reason}`}` };
    }
  }
}

function explainBlocked(parts: ExplainParts, task: Task): Omit<ExplainReply, 'taskId' | 'state'> {
  const dependencies = task.request.dependsOn.map((id) => ({
    taskId: id,
    state: parts.book.get(id as TaskId)?.chart.state ?? ('unknown' as const),
  }));
  const open = dependencies.filter(({ state }) => state !== 'TASK_FINISHED');
  const rest = open.length === 1 ? '' : ` and ${open.length - 1} more`;
  const why = `it depends on ${open[0]?.taskId ?? 'tasks'}${rest}, which must finish first`;
  return { why, waitingFor: 'dependencies', dependencies };
}

function explainQueued(parts: ExplainParts, task: Task): Omit<ExplainReply, 'taskId' | 'state'> {
  const { resources, constraints } = task.request;
  const ahead = parts.allocator.ahead(task.id);
  const candidates = [...offered(parts)];
  if (candidates.length === 0)
    return { why: 'no agent is registered', waitingFor: 'agents', ahead };
  const agents = candidates.map(({ agent, available, attempts }) => ({
    agentId: agent.agentId,
    hostname: agent.hostname,
    lacks: lacks(agent, available, attempts, task.request),
  }));
  const allowed = candidates.filter(({ agent }) => satisfies(agent, constraints));
  if (allowed.length === 0)
    return { why: 'its constraints hold for no agent', waitingFor: 'constraints', agents, ahead };
  if (!allowed.some(({ agent }) => fits(agent.total, resources)))
    return {
      why: 'it asks for more than any agent has: it waits until an agent that is large enough comes',
      waitingFor: 'resources',
      agents,
      ahead,
    };
  const room = allowed.filter(({ attempts }) => attempts < attemptsPerAgentMax);
  if (room.some(({ available }) => fits(available, resources)))
    return {
      why: `others go first: ${ahead ?? 0} ahead in queue ${task.request.queue}`,
      waitingFor: 'turn',
      agents,
      ahead,
    };
  return {
    why: `no agent has enough room at the moment; ${ahead ?? 0} ahead in queue ${task.request.queue}`,
    waitingFor: 'resources',
    agents,
    ahead,
  };
}

function* offered({ agents, allocator }: ExplainParts) {
  for (const { id, info, attempts } of agents.all()) {
    const available = allocator.available(id);
    if (info === undefined || available === undefined) continue;
    const agent: AllocatorAgent = {
      agentId: id,
      hostname: info.hostname,
      attributes: info.attributes,
      total: info.total,
    };
    yield { agent, available, attempts: attempts.size };
  }
}

/** Throws NO_TASK. */
export function findTask(book: TaskBook, id: string): Task {
  const task = book.get(id as TaskId);
  if (task === undefined) throw new MesozooError('NO_TASK', `there is no task ${id}`);
  return task;
}
