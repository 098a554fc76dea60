/** Says why a request waits, or what the master knows of a launched task beyond its state. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { CallReplies, FrameworkCall } from '../../../protocol/framework-api.ts';
import type { RequestId } from '../../../protocol/ids.ts';
import type { Agents } from '../agents/agents.ts';
import {
  type Allocator,
  type AllocatorAgent,
  attemptsPerAgentMax,
  type WaitingRequest,
} from '../allocators/contract.ts';
import { fits, lacks, satisfies } from '../allocators/matching.ts';
import { requestIdOf } from './calls.ts';
import type { Framework } from './framework.ts';

type Asked = Extract<FrameworkCall, { type: 'EXPLAIN' }>['explain'];
type Explanation = CallReplies['EXPLAIN'];

export interface ExplainParts {
  readonly agents: Agents;
  readonly allocator: Allocator;
}

export class Explain {
  private readonly parts: ExplainParts;

  constructor(parts: ExplainParts) {
    this.parts = parts;
  }

  /** Throws NO_REQUEST, NO_TASK. */
  answer(framework: Framework, { request_id, task_id }: Asked): Explanation {
    if (request_id !== undefined) {
      const requestId = requestIdOf(framework, request_id);
      const request = this.parts.allocator.waiting(requestId);
      if (request === undefined)
        throw new MesozooError('NO_REQUEST', `no request ${request_id} waits for resources`);
      return this.explainRequest(requestId, request);
    }
    if (task_id !== undefined) return this.explainTask(framework, task_id.value);
    throw new MesozooError('BAD_REQUEST', 'give either request_id or task_id');
  }

  private explainTask(framework: Framework, taskId: string): Explanation {
    const launch = framework.launches.get(taskId);
    if (launch === undefined) throw new MesozooError('NO_TASK', `there is no task ${taskId}`);
    const { agentId, chart } = launch;
    if (chart.region === 'active' && this.parts.agents.get(agentId)?.standing === 'awaited')
      return {
        why: `the leader has changed, and agent ${agentId} has not registered again yet`,
        waitingFor: 'agent',
      };
    return {};
  }

  private explainRequest(id: RequestId, request: WaitingRequest): Explanation {
    const { allocator } = this.parts;
    const { resources, constraints, queue } = request;
    const ahead = allocator.ahead(id);
    const candidates = [...this.offered()];
    if (candidates.length === 0)
      return { why: 'no agent is registered', waitingFor: 'agents', ahead };
    const agents = candidates.map(({ agent, available, attempts }) => ({
      agentId: agent.agentId,
      hostname: agent.hostname,
      lacks: lacks(agent, available, attempts, request),
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
        why: `others go first: ${ahead ?? 0} ahead in queue ${queue}`,
        waitingFor: 'turn',
        agents,
        ahead,
      };
    return {
      why: `no agent has enough room at the moment; ${ahead ?? 0} ahead in queue ${queue}`,
      waitingFor: 'resources',
      agents,
      ahead,
    };
  }

  private *offered() {
    const { agents, allocator } = this.parts;
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
}
