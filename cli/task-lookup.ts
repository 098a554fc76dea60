/** Finds the task that an argument means: by its id, by the beginning of an id (with or without `key-`), or by name. */
import { MesozooError } from '../protocol/errors.ts';
import type { TaskReplies, TaskView } from '../protocol/task-api.ts';
import type { Connection } from './connection.ts';
import { didYouMean } from './nearest.ts';

/** Names are not unique: of several tasks the one that was submitted last is meant. Throws NO_TASK. */
export async function findTask(connection: Connection, word: string): Promise<TaskView> {
  const exact = await getTask(connection, word);
  if (exact !== undefined) return exact;
  const tasks = await listTasks(connection, {});
  const meant = tasks.filter((task) => task.name === word);
  if (meant.length === 0)
    meant.push(...tasks.filter(({ taskId }) => taskId.replace(/^key-/, '').startsWith(word)));
  if (meant.length === 0) meant.push(...tasks.filter(({ taskId }) => taskId.startsWith(word)));
  const ids = new Set(meant.map((task) => task.taskId));
  if (ids.size > 1 && meant[0]?.name !== word)
    throw new MesozooError(
      'NO_TASK',
      `"${word}" begins the ids of ${ids.size} tasks: ${[...ids].slice(0, 5).join(', ')}`,
    );
  const last = meant.sort((a, b) => b.submittedAtMs - a.submittedAtMs)[0];
  if (last !== undefined) return last;
  const known = tasks.flatMap((task) => [task.name, task.taskId]);
  throw new MesozooError('NO_TASK', `There is no task "${word}".${didYouMean(word, known)}`);
}

/** All pages. */
export async function listTasks(connection: Connection, filter: object): Promise<TaskView[]> {
  const tasks: TaskView[] = [];
  for (;;) {
    const after = tasks.at(-1)?.taskId;
    const page = await connection.ask<TaskReplies['list']>(
      connection.subjects.task('list'),
      { ...filter, ...(after !== undefined && { after }) },
      { repeatable: true },
    );
    tasks.push(...page.tasks);
    if (!page.more || page.tasks.length === 0) return tasks;
  }
}

async function getTask(connection: Connection, taskId: string): Promise<TaskView | undefined> {
  try {
    return await connection.ask<TaskView>(
      connection.subjects.task('get'),
      { taskId },
      { repeatable: true },
    );
  } catch (error) {
    if (error instanceof MesozooError && ['NO_TASK', 'BAD_REQUEST'].includes(error.code))
      return undefined;
    throw error;
  }
}
