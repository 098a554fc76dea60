/** How tasks are spoken of: their state, how they ended, and what the command line exits with. */
import { styleText } from 'node:util';
import type { TaskView } from '../protocol/task-api.ts';
import { isFinal, type TaskState } from '../protocol/task-states.ts';
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts';

type Colour = Parameters<typeof styleText>[0];
const colours: Partial<Record<TaskState, Colour>> = {
  TASK_RUNNING: 'green',
  TASK_FINISHED: 'dim',
  TASK_FAILED: 'red',
  TASK_ERROR: 'red',
  TASK_LOST: 'red',
  TASK_KILLED: 'yellow',
  TASK_KILLING: 'yellow',
  TASK_UNREACHABLE: 'yellow',
};

export function stateText(state: TaskState, coloured: boolean): string {
  const colour = colours[state];
  return coloured && colour !== undefined
    ? styleText(colour, state, { validateStream: false })
    : state;
}

/** `exit code 3`, `SIGKILL`, `timed out`, or the reason; empty for a task that finished or goes on. */
export function howItEnded(task: TaskView): string {
  if (!isFinal(task.state) || task.state === 'TASK_FINISHED') return '';
  // Whatever signal, or code on that signal, it ended with: the timeout is why.
  if (task.reason === 'REASON_MAX_COMPLETION_TIME_REACHED') return 'timed out';
  if (task.signal !== undefined) return task.signal;
  if (task.exitCode !== undefined) return `exit code ${task.exitCode}`;
  if (task.state === 'TASK_KILLED' && task.attempts === 0) return 'before it was started';
  return task.message ?? task.reason ?? '';
}

/** The task's own exit code, 128+N for a signal; 1 where it ended otherwise than by itself. */
export function exitCodeOfTask(task: TaskView): number {
  if (task.state === 'TASK_FINISHED') return exitCodes.ok;
  if (task.signal !== undefined) return exitCodeOfSignal(task.signal);
  if (task.exitCode !== undefined && task.exitCode !== 0) return task.exitCode;
  return exitCodes.failed;
}
