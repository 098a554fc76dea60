/** Kills a task: before its launch it ends at once, later its attempt is ordered to end. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Clock } from '../../actor.ts';
import type { TaskLife } from './life.ts';
import { killGraceMsOf, type Task } from './task.ts';

/**
 * Throws TASK_ENDED. A task that is being killed already is answered in the same way again; a shorter grace counts.
 */
export function killTask(
  { clock, life }: { readonly clock: Clock; readonly life: TaskLife },
  task: Task,
  graceSeconds: number | undefined,
): Task {
  if (task.chart.isFinal)
    throw new MesozooError('TASK_ENDED', `task ${task.id} has ended as ${task.chart.state}`);
  if (task.chart.isActive && graceSeconds !== undefined) {
    const graceMs = graceSeconds * 1000;
    if (!task.chart.context.killRequested) task.attempt!.killGraceMs = graceMs;
    else if (graceMs < killGraceMsOf(task)) life.shortenKill(task, graceMs);
  }
  if (life.knows(task, 'KILL_REQUESTED') && !task.chart.context.killRequested)
    life.send(task, 'KILL_REQUESTED', { atMs: clock.wallMs(), reason: 'REASON_TASK_KILLED' });
  return task;
}
