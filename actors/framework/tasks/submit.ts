/** Takes a task request into the book: everything that can be wrong with it beyond its form is said here. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TaskRequest } from '../../../protocol/task-api.ts';
import type { Clock, Random } from '../../actor.ts';
import type { TaskBook } from './book.ts';
import { newTaskChart } from './chart.ts';
import { isSameRequest, taskIdOf } from './identity.ts';
import type { TaskLife } from './life.ts';
import type { Task } from './task.ts';

export interface SubmitParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly book: TaskBook;
  readonly life: TaskLife;
}

/**
 * The task, new or, for a key that was used before, the one it made.
 * Throws IDEMPOTENCY_CONFLICT, DEPENDENCY_CYCLE, NO_DEPENDENCY, TOO_MANY_REQUESTS; nothing is changed then.
 */
export function submitTask(parts: SubmitParts, request: TaskRequest): Task {
  const { book, clock, random, life } = parts;
  const id = taskIdOf(request, random, (candidate) => book.get(candidate) !== undefined);
  const before = book.get(id);
  if (before !== undefined) {
    if (isSameRequest(before.request, request)) return before;
    throw new MesozooError(
      'IDEMPOTENCY_CONFLICT',
      `the idempotency key ${JSON.stringify(request.idempotencyKey)} was used for another request, task ${id}`,
    );
  }
  const dependencies = request.dependsOn.map((dependency) => find(book, id, dependency as TaskId));
  if (book.liveCount >= limits.tasksLive)
    throw new MesozooError(
      'TOO_MANY_REQUESTS',
      `${limits.tasksLive} tasks wait or run: send again when some have ended`,
    );
  const atMs = clock.wallMs();
  const task: Task = {
    id,
    order: book.nextOrder(),
    submittedAtMs: atMs,
    request,
    chart: newTaskChart(request.retry.attempts),
    attempts: 0,
    history: [],
    openDependencies: 0,
    pins: 0,
  };
  life.accept(task, [...new Set(dependencies)], { atMs });
  return task;
}

/** A task can only depend on tasks that exist, so the only circle is a key's own derived id. */
function find(book: TaskBook, id: TaskId, dependency: TaskId): Task {
  if (dependency === id)
    throw new MesozooError('DEPENDENCY_CYCLE', `the task ${id} would depend on itself`);
  const task = book.get(dependency);
  if (task === undefined)
    throw new MesozooError('NO_DEPENDENCY', `dependsOn: there is no task ${dependency}`);
  return task;
}
