/** Tasks in pages, in the order of their ids. */

import type { z } from 'zod';
import { limits } from '../../../protocol/limits.ts';
import type { TaskReplies, taskRequests } from '../../../protocol/task-api.ts';
import type { TaskBook } from './book.ts';
import { type Task, viewOf } from './task.ts';

type Filter = z.output<(typeof taskRequests)['list']>;

/** An answer must fit a message: a page ends early when its tasks are large. */
const PAGE_BYTES = limits.natsPayloadBytes / 2;

export function listTasks(book: TaskBook, filter: Filter): TaskReplies['list'] {
  const matching: Task[] = [];
  for (const task of book.all()) if (matches(task, filter)) matching.push(task);
  matching.sort((a, b) => (a.id < b.id ? -1 : 1));
  const tasks: TaskReplies['list']['tasks'] = [];
  let bytes = 0;
  for (const task of matching.slice(0, filter.limit)) {
    const view = viewOf(task);
    bytes += JSON.stringify(view).length;
    if (tasks.length > 0 && bytes > PAGE_BYTES) break;
    tasks.push(view);
  }
  return { tasks, more: tasks.length < matching.length };
}

function matches(task: Task, { states, name, queue, agentId, after }: Filter): boolean {
  return (
    (after === undefined || task.id > after) &&
    (states === undefined || states.includes(task.chart.state)) &&
    (name === undefined || task.request.name === name) &&
    (queue === undefined || task.request.queue === queue) &&
    (agentId === undefined || task.attempt?.agentId === agentId)
  );
}
