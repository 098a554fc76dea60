/** What the tasks themselves noted about their runs, against what the cluster says became of them. */

import type { TaskView } from '../../../protocol/task-api.ts';
import { isFinal, type TaskState } from '../../../protocol/task-states.ts';

/** One run of a task, by the process that it was. */
export interface Run {
  readonly taskId: string;
  readonly attemptId: string;
  /** As it calls itself. */
  readonly agent: string;
  /** When the kernel started the process: one that was paused before its first step has not begun later for that. */
  readonly atMs: number;
}

/** The command of a task that notes its run in `file`, then works for a while: `TASK ATTEMPT AGENT STARTED`. */
export function notingCommand(file: string, seconds: number): string {
  const startedTicks = "$(cut -d' ' -f22 /proc/$$/stat)";
  return `echo $MESOZOO_TASK_ID $MESOZOO_ATTEMPT_ID $HOSTNAME ${startedTicks} >> ${file}; sleep ${seconds}`;
}

/** The kernel counts so many to a second, from the machine's start. */
const TICK_MS = 10;

/** `bootMs`: when the machine was started, by the clock that the cluster goes by. */
export function readRuns(content: string, bootMs: number): Run[] {
  return content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [taskId, attemptId, agent, ticks] = line.split(' ') as [string, string, string, string];
      return { taskId, attemptId, agent, atMs: bootMs + Number(ticks) * TICK_MS };
    });
}

/** Containers share the machine's clock: by what it was read and rounded, and not by more, may times be wrong. */
const CLOCK_MS = 2 * TICK_MS;

/** An agent was away, and tasks that it had may have ended with that. */
export interface AgentLoss {
  readonly agent: string;
  readonly state: TaskState;
  readonly backAtMs: number;
}

/**
 * An attempt is started by a small shell that waits for it. One that was frozen with its agent between its own start and
 * that of its command takes this step when the agent is back, whatever has been decided meanwhile; the agent then ends it.
 */
const FIRST_STEP_MS = 1000;

/**
 * Each task has ended as it should, no attempt ran twice, and nothing began to run after it had been decided. With an
 * agent a task may be lost in the way that is told; never another way.
 */
export function checkRuns(
  tasks: readonly TaskView[],
  runs: readonly Run[],
  loss?: AgentLoss,
): string[] {
  const wrong: string[] = [];
  const byTask = Map.groupBy(runs, ({ taskId }) => taskId);
  for (const task of tasks) {
    const { taskId, state } = task;
    const ran = byTask.get(taskId) ?? [];
    if (!isFinal(state)) wrong.push(`${taskId} has not ended: ${state}`);
    const finished = state === 'TASK_FINISHED' && task.exitCode === 0;
    if (!finished && state !== loss?.state)
      wrong.push(`${taskId} ended as ${state} (${task.reason ?? ''} ${task.message ?? ''})`);
    if (finished && ran.length === 0) wrong.push(`${taskId} has finished without having run`);
    const attempts = new Set(ran.map(({ attemptId }) => attemptId));
    if (attempts.size < ran.length) wrong.push(`${taskId}: an attempt ran twice`);
    if (attempts.size > task.attempts)
      wrong.push(`${taskId} ran as ${attempts.size} attempts, ${task.attempts} are known`);
    const late = ran.find(
      (run) =>
        run.atMs > (task.endedAtMs ?? Number.POSITIVE_INFINITY) + CLOCK_MS &&
        !(loss !== undefined && isFirstStep(run, loss)),
    );
    if (late !== undefined) wrong.push(`${taskId} began to run after it had been decided`);
    byTask.delete(taskId);
  }
  for (const taskId of byTask.keys())
    wrong.push(`${taskId} ran, and its submission was never acknowledged`);
  return wrong;
}

function isFirstStep({ agent, atMs }: Run, loss: AgentLoss): boolean {
  return agent === loss.agent && atMs >= loss.backAtMs && atMs < loss.backAtMs + FIRST_STEP_MS;
}
