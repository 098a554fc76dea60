/** Says why a task is where it is, and what it waits for; the master adds what the framework cannot know. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import type { ExplainReply } from '../../../protocol/task-api.ts';
import type { Clock } from '../../actor.ts';
import type { Scheduler } from '../sdk/scheduler.ts';
import type { TaskBook } from './book.ts';
import type { Task } from './task.ts';

export interface ExplainParts {
  readonly book: TaskBook;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
}
type Explanation = Omit<ExplainReply, 'taskId' | 'state'>;

export function explainTask(
  parts: ExplainParts,
  task: Task,
  respond: (reply: ExplainReply) => void,
): void {
  const known = explanationOf(parts, task);
  const common = { taskId: task.id, state: task.chart.state };
  const of =
    task.chart.value === 'queued'
      ? { requestId: task.id }
      : task.chart.isActive
        ? { taskId: { value: task.attempt!.attemptId } }
        : undefined;
  if (of === undefined) respond({ ...common, ...known });
  else
    parts.scheduler.explain(of, (result) =>
      respond({ ...common, ...known, ...(result.ok && result.reply) }),
    );
}

function explanationOf(parts: ExplainParts, task: Task): Explanation {
  const { attempt } = task;
  const where =
    attempt && `attempt ${task.attempts} on agent ${attempt.agentId} (${attempt.hostname})`;
  switch (task.chart.value) {
    case 'blocked':
      return explainBlocked(parts, task);
    case 'queued':
      return { why: 'it waits for its turn', waitingFor: 'turn' };
    case 'retrying': {
      const seconds = Math.max(0, Math.ceil(((task.retryAtMs ?? 0) - parts.clock.wallMs()) / 1000));
      const why = `attempt ${task.attempts} of ${task.request.retry.attempts} did not finish; the next is due in ${seconds} s`;
      return { why, waitingFor: 'retry' };
    }
    case 'staging':
      return {
        why: `${where} was launched; the agent has not said that it has started`,
        waitingFor: 'agent',
      };
    case 'starting':
    case 'running':
      return { why: `${where} is running`, waitingFor: 'end' };
    case 'killing':
      return { why: `${where} is being killed`, waitingFor: 'end' };
    case 'unreachable':
      return {
        why: `nothing is heard of agent ${attempt?.agentId}; when it does not come back, the attempt is lost`,
        waitingFor: 'agent',
      };
    default: {
      const reason = task.message ?? task.reason;
      return { why: `it has ended${reason === undefined ? '' : `: ${reason}`}` };
    }
  }
}

function explainBlocked(parts: ExplainParts, task: Task): Explanation {
  const dependencies = task.request.dependsOn.map((id) => ({
    taskId: id,
    state: parts.book.get(id as TaskId)?.chart.state ?? ('unknown' as const),
  }));
  const open = dependencies.filter(({ state }) => state !== 'TASK_FINISHED');
  const rest = open.length === 1 ? '' : ` and ${open.length - 1} more`;
  const why = `it depends on ${open[0]?.taskId ?? 'tasks'}${rest}, which must finish first`;
  return { why, waitingFor: 'dependencies', dependencies };
}

/** Throws NO_TASK. */
export function findTask(book: TaskBook, id: string): Task {
  const task = book.get(id as TaskId);
  if (task === undefined) throw new MesozooError('NO_TASK', `there is no task ${id}`);
  return task;
}
