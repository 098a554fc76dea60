/** Questions about output, which the task's agent answers: passed on, matched by request id, each with a deadline. */
import { dataForJson } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { CallReplies, FrameworkCall } from '../../../protocol/framework-api.ts';
import type { AgentId, AttemptId, TaskId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { AgentMessage } from '../../../protocol/orders.ts';
import type { Clock } from '../../actor.ts';
import type { Respond } from '../../bundled.ts';
import type { Agents } from '../agents/agents.ts';
import type { Orders } from '../agents/orders.ts';
import type { Framework } from '../frameworks/framework.ts';

export interface RelayParts {
  readonly clock: Clock;
  readonly agents: Agents;
  readonly orders: Orders;
  readonly timeoutMs: number;
  readonly afterwards: (effect: () => void) => void;
}
type Refuse = (error: MesozooError) => void;
type OutputRead = Extract<AgentMessage, { type: 'outputRead' }>;
type Following = Extract<AgentMessage, { type: 'following' }>;
type ReadOutput = Extract<FrameworkCall, { type: 'READ_OUTPUT' }>['read_output'];
type FollowOutput = Extract<FrameworkCall, { type: 'FOLLOW_OUTPUT' }>['follow_output'];

interface Pending {
  readonly deadlineMs: number;
  readonly answered: (message: OutputRead | Following) => void;
  readonly refuse: Refuse;
}

export class OutputRelay {
  private readonly parts: RelayParts;
  /** In the order of their deadlines. */
  private readonly pending = new Map<string, Pending>();
  private lastId = 0;

  constructor(parts: RelayParts) {
    this.parts = parts;
  }

  /** Throws NO_OUTPUT when there is nobody to ask. */
  output(framework: Framework, asked: ReadOutput, respond: Respond, refuse: Refuse): void {
    const { attemptId, agentId } = this.whom(framework, asked);
    const requestId = this.expect(refuse, (message) => {
      if (message.type !== 'outputRead' || !message.found)
        refuse(new MesozooError('NO_OUTPUT', `agent ${agentId} has no output of ${attemptId}`));
      else respond(outputReply(message, respond.form));
    });
    const { stream, offset, length } = asked;
    this.parts.orders.send(agentId, {
      type: 'readOutput',
      requestId,
      attemptId,
      stream,
      offset,
      length,
    });
  }

  /** A lease. Throws NO_OUTPUT when there is nobody to ask. */
  follow(framework: Framework, asked: FollowOutput, respond: Respond, refuse: Refuse): void {
    const { attemptId, agentId } = this.whom(framework, asked);
    const leaseMs = limits.followLeaseMs;
    // Names of task requests are for the bundled ones: nobody publishes under that of another's.
    const topic = ((framework.isBundled && asked.topic) ||
      attemptId.replaceAll('.', '-')) as TaskId;
    const requestId = this.expect(refuse, (message) => {
      if (message.type !== 'following' || !message.found) {
        refuse(new MesozooError('NO_OUTPUT', `agent ${agentId} has no output of ${attemptId}`));
        return;
      }
      const reply: CallReplies['FOLLOW_OUTPUT'] = {
        topic,
        lease_ms: leaseMs,
        stdout_offset: message.stdoutOffset,
        stderr_offset: message.stderrOffset,
      };
      respond(reply);
    });
    // After the launch, where that waits for its decision.
    this.parts.afterwards(() =>
      this.parts.orders.send(agentId, {
        type: 'follow',
        requestId,
        attemptId,
        taskId: topic,
        leaseMs,
      }),
    );
  }

  answered(message: OutputRead | Following): void {
    const found = this.pending.get(message.requestId);
    // Too late, or a repeat.
    if (found === undefined) return;
    this.pending.delete(message.requestId);
    found.answered(message);
  }

  tick(): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const [id, { deadlineMs, refuse }] of this.pending) {
      if (deadlineMs > nowMs) break;
      this.pending.delete(id);
      refuse(new MesozooError('UNAVAILABLE', 'the agent of the task does not answer'));
    }
  }

  /** A bundled framework's task ids are those of the attempts: agents still have what its ended ones have written. */
  private whom(
    framework: Framework,
    asked: { readonly task_id: { value: string }; readonly agent_id?: { value: string } },
  ): { readonly attemptId: AttemptId; readonly agentId: AgentId } {
    const taskId = asked.task_id.value;
    const launch = framework.launches.get(taskId);
    const attemptId = framework.isBundled ? (taskId as AttemptId) : launch?.attemptId;
    const agentId = launch?.agentId ?? (asked.agent_id?.value as AgentId | undefined);
    if (attemptId === undefined || agentId === undefined)
      throw new MesozooError('NO_OUTPUT', `task ${taskId} has no output that is still kept`);
    const standing = this.parts.agents.get(agentId)?.standing;
    if (standing !== 'active')
      throw new MesozooError(
        'NO_OUTPUT',
        `agent ${agentId}, which has the output, is ${standing ?? 'not registered'}`,
      );
    return { attemptId, agentId };
  }

  private expect(refuse: Refuse, answered: Pending['answered']): string {
    if (this.pending.size >= limits.operationsWaiting)
      throw new MesozooError('TOO_MANY_REQUESTS', 'too many questions about output wait');
    const id = String(++this.lastId);
    const deadlineMs = this.parts.clock.monotonicMs() + this.parts.timeoutMs;
    this.pending.set(id, { deadlineMs, answered, refuse });
    return id;
  }
}

/** JSON has text where the bytes are UTF-8, else base64. */
function outputReply(message: OutputRead, form: Respond['form']): CallReplies['READ_OUTPUT'] {
  const { data, offset, size } = message;
  if (form === 'msgpack') return { data, offset, size };
  return { ...dataForJson(data), offset, size };
}
