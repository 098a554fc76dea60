/** Questions about output, which the task's agent answers: passed on, matched by request id, each with a deadline. */
import { dataForJson } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { AgentMessage } from '../../../protocol/orders.ts';
import type { TaskReplies } from '../../../protocol/task-api.ts';
import type { Clock } from '../../actor.ts';
import type { Agents } from '../agents/agents.ts';
import type { Orders } from '../agents/orders.ts';
import type { Task } from '../tasks/task.ts';
import type { Respond } from './door.ts';

export interface RelayParts {
  readonly clock: Clock;
  readonly agents: Agents;
  readonly orders: Orders;
  readonly timeoutMs: number;
}
type Refuse = (error: MesozooError) => void;
type OutputRead = Extract<AgentMessage, { type: 'outputRead' }>;
type Following = Extract<AgentMessage, { type: 'following' }>;

interface Pending {
  readonly deadlineMs: number;
  readonly answered: (message: OutputRead | Following) => void;
  readonly refuse: Refuse;
}

export class OutputRelay {
  private readonly parts: RelayParts;
  /** In the order of their deadlines. */
  private readonly pending = new Map<string, Pending>();
  /** Until when somebody follows a task, so that an attempt that is launched meanwhile is followed from its start. */
  private readonly leases = new Map<Task, number>();
  private lastId = 0;

  constructor(parts: RelayParts) {
    this.parts = parts;
  }

  /** Throws NO_OUTPUT when there is nobody to ask. */
  output(
    task: Task,
    request: { stream: 'stdout' | 'stderr'; offset: number; length: number },
    respond: Respond,
    refuse: Refuse,
  ): void {
    const { attemptId, agentId } = this.whom(task);
    const requestId = this.expect(refuse, (message) => {
      if (message.type !== 'outputRead' || !message.found)
        refuse(new MesozooError('NO_OUTPUT', `agent ${agentId} has no output of ${attemptId}`));
      else respond(outputReply(message, respond.form));
    });
    const { stream, offset, length } = request;
    this.parts.orders.send(agentId, {
      type: 'readOutput',
      requestId,
      attemptId,
      stream,
      offset,
      length,
    });
  }

  /** Throws NO_OUTPUT when the task has ended and there is nobody to ask. A task that waits is followed once it starts. */
  follow(task: Task, respond: Respond, refuse: Refuse): void {
    const leaseMs = limits.followLeaseMs;
    const reply = (stdoutOffset: number, stderrOffset: number): TaskReplies['follow'] => ({
      taskId: task.id,
      leaseMs,
      stdoutOffset,
      stderrOffset,
    });
    if (!task.chart.isFinal) this.leases.set(task, this.parts.clock.monotonicMs() + leaseMs);
    if (task.attempt === undefined || (!task.chart.isActive && !task.chart.isFinal)) {
      if (task.chart.isFinal) throw noOutput(task);
      respond(reply(0, 0));
      return;
    }
    const { attemptId, agentId } = this.whom(task);
    const requestId = this.expect(refuse, (message) => {
      if (message.type !== 'following') refuse(noOutput(task));
      else if (message.found) respond(reply(message.stdoutOffset, message.stderrOffset));
      // Launched a moment ago: the lease sees to it.
      else if (!task.chart.isFinal) respond(reply(0, 0));
      else refuse(noOutput(task));
    });
    this.parts.orders.send(agentId, {
      type: 'follow',
      requestId,
      attemptId,
      taskId: task.id,
      leaseMs,
    });
  }

  /** Call after a launch was sent. */
  launched(task: Task): void {
    const untilMs = this.leases.get(task);
    if (untilMs === undefined) return;
    const leaseMs = untilMs - this.parts.clock.monotonicMs();
    const { attemptId, agentId } = task.attempt!;
    if (leaseMs > 0)
      this.parts.orders.send(agentId, {
        type: 'follow',
        requestId: '',
        attemptId,
        taskId: task.id,
        leaseMs,
      });
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
    for (const [task, untilMs] of this.leases)
      if (untilMs <= nowMs || task.chart.isFinal) this.leases.delete(task);
  }

  private whom(task: Task) {
    const { attempt } = task;
    if (attempt === undefined) throw noOutput(task);
    const standing = this.parts.agents.get(attempt.agentId)?.standing;
    if (standing !== 'active')
      throw new MesozooError(
        'NO_OUTPUT',
        `agent ${attempt.agentId}, which has the output, is ${standing ?? 'not registered'}`,
      );
    return attempt;
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

function noOutput(task: Task): MesozooError {
  return new MesozooError('NO_OUTPUT', `task ${task.id} has written nothing that is still kept`);
}

/** JSON has text where the bytes are UTF-8, else base64. */
function outputReply(message: OutputRead, form: 'json' | 'msgpack'): TaskReplies['output'] {
  const { data, offset, size } = message;
  if (form === 'msgpack') return { data, offset, size };
  return { ...dataForJson(data), offset, size };
}
