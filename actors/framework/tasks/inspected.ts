/**
 * The tasks of one leadership, for whoever inspects statecharts. Their charts are shared snapshots (chart.ts), and so
 * are these: nothing is kept of each task, and nothing done while nobody looks but asking whether somebody does.
 */
import { taskMachine } from '../../../machines/task.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import type { EnteredGroup, InspectedActor, Inspection } from '../../inspection.ts';
import type { TaskBook } from './book.ts';
import type { TaskEventType } from './chart.ts';
import type { Task } from './task.ts';

export class InspectedTasks {
  private readonly inspection: Inspection;
  private readonly group: EnteredGroup;

  constructor(inspection: Inspection, book: TaskBook) {
    this.inspection = inspection;
    this.group = inspection.enterGroup({
      kind: 'task',
      get size() {
        return book.size;
      },
      *all() {
        for (const task of book.all()) yield inspected(task);
      },
      find(id) {
        const task = book.get(id as TaskId);
        return task && inspected(task);
      },
    });
  }

  began(task: Task): void {
    if (this.inspection.active) this.group.began(inspected(task));
  }

  changed(task: Task, type: TaskEventType): void {
    if (this.inspection.active) this.group.changed(inspected(task), { type });
  }

  removed(task: Task): void {
    if (this.inspection.active) this.group.gone(inspected(task));
  }

  end(): void {
    this.group.leave();
  }
}

/** `since` is as exact as the history, which notes states as Mesos knows them: a retry is queued, too. */
function inspected(task: Task): InspectedActor {
  const { id, chart } = task;
  return {
    kind: 'task',
    id,
    machine: taskMachine,
    snapshot: () => chart.snapshot,
    sinceMs: () => task.history.at(-1)?.atMs ?? task.submittedAtMs,
  };
}
