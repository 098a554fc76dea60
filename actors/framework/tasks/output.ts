/** What tasks write: read in pieces, or followed while a lease lasts. The task's agent has it; the master passes the question on. */
import { dataForJson } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TaskReplies } from '../../../protocol/task-api.ts';
import type { Clock } from '../../actor.ts';
import type { Respond } from '../../bundled.ts';
import type { Scheduler } from '../sdk/scheduler.ts';
import type { Attempt, Task } from './task.ts';

type Refuse = (error: MesozooError) => void;

export class Output {
  private readonly clock: Clock;
  private readonly scheduler: Scheduler;
  /** Until when somebody follows a task, so that an attempt that is launched meanwhile is followed from its start. */
  private readonly leases = new Map<Task, number>();

  constructor(clock: Clock, scheduler: Scheduler) {
    this.clock = clock;
    this.scheduler = scheduler;
  }

  /** Refuses with NO_OUTPUT when there is none, or nobody to ask. */
  read(
    task: Task,
    piece: { stream: 'stdout' | 'stderr'; offset: number; length: number },
    respond: Respond,
    refuse: Refuse,
  ): void {
    if (task.attempt === undefined) throw noOutput(task);
    const { stream, offset, length } = piece;
    this.scheduler.readOutput({ ...whose(task.attempt), stream, offset, length }, (result) => {
      if (!result.ok) refuse(result.error);
      else respond(inForm(result.reply, respond.form));
    });
  }

  /** A task that waits is followed once it starts. Refuses with NO_OUTPUT when it has ended and there is nobody to ask. */
  follow(task: Task, respond: Respond, refuse: Refuse): void {
    const leaseMs = limits.followLeaseMs;
    const { isFinal, isActive } = task.chart;
    const answer = (stdoutOffset: number, stderrOffset: number) => {
      const reply: TaskReplies['follow'] = {
        taskId: task.id,
        leaseMs,
        stdoutOffset,
        stderrOffset,
      };
      respond(reply);
    };
    if (!isFinal) this.leases.set(task, this.clock.monotonicMs() + leaseMs);
    if (task.attempt === undefined || (!isActive && !isFinal)) {
      if (isFinal) throw noOutput(task);
      answer(0, 0);
      return;
    }
    this.scheduler.followOutput({ ...whose(task.attempt), topic: task.id }, (result) => {
      if (result.ok) answer(result.reply.stdout_offset, result.reply.stderr_offset);
      // Launched a moment ago: the lease sees to it.
      else if (result.error.code === 'NO_OUTPUT' && task.chart.value === 'staging') answer(0, 0);
      else refuse(result.error);
    });
  }

  /** Call after a launch. */
  launched(task: Task): void {
    const untilMs = this.leases.get(task);
    if (untilMs === undefined || untilMs <= this.clock.monotonicMs()) return;
    this.scheduler.followOutput({ ...whose(task.attempt!), topic: task.id }, () => undefined);
  }

  tick(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [task, untilMs] of this.leases)
      if (untilMs <= nowMs || task.chart.isFinal) this.leases.delete(task);
  }
}

function whose({ attemptId, agentId }: Attempt) {
  return { taskId: { value: attemptId }, agentId: { value: agentId } };
}

function noOutput(task: Task): MesozooError {
  return new MesozooError('NO_OUTPUT', `task ${task.id} has written nothing that is still kept`);
}

/** JSON has text where the bytes are UTF-8, else base64. */
function inForm(reply: TaskReplies['output'], form: Respond['form']): TaskReplies['output'] {
  const { data, offset, size } = reply;
  if (form === 'msgpack' || !(data instanceof Uint8Array)) return reply;
  return { ...dataForJson(data), offset, size };
}
