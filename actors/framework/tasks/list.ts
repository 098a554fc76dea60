/** Tasks in pages, in the order of their ids or of their submission. */

import type { z } from 'zod';
import { MesozooError } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { TaskReplies, taskRequests } from '../../../protocol/task-api.ts';
import type { TaskBook } from './book.ts';
import { type Task, viewOf } from './task.ts';

type Filter = z.output<(typeof taskRequests)['list']>;
type Comparison = (a: Task, b: Task) => number;

/** An answer must fit a message: a page ends early when its tasks are large. */
const PAGE_BYTES = limits.natsPayloadBytes / 2;

/** Throws NO_TASK where the page should begin after a task that has left the tree, and its place is not known. */
export function listTasks(book: TaskBook, filter: Filter): TaskReplies['list'] {
  const compare = comparisons[filter.order];
  const isAfter = placeAfter(book, filter, compare);
  const page = new Page(filter.limit, compare);
  for (const task of book.all()) if (isAfter(task) && matches(task, filter)) page.offer(task);
  const tasks: TaskReplies['list']['tasks'] = [];
  let bytes = 0;
  for (const task of page.first) {
    const view = viewOf(task);
    bytes += JSON.stringify(view).length;
    if (tasks.length > 0 && bytes > PAGE_BYTES) break;
    tasks.push(view);
  }
  return { tasks, more: tasks.length < page.offered };
}

const comparisons: Readonly<Record<Filter['order'], Comparison>> = {
  id: (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  oldest: (a, b) => a.order - b.order,
  newest: (a, b) => b.order - a.order,
};

function placeAfter(
  book: TaskBook,
  { after, order }: Filter,
  compare: Comparison,
): (task: Task) => boolean {
  if (after === undefined) return () => true;
  // An id has its place in the order of ids whether or not there is such a task.
  if (order === 'id') return (task) => task.id > after;
  const last = book.get(after as TaskId);
  if (last === undefined)
    throw new MesozooError(
      'NO_TASK',
      `after: there is no task ${after} any more; begin anew, or list in the order of ids`,
    );
  return (task) => compare(task, last) > 0;
}

/** The first few of many: what is offered is not sorted as a whole, since a page of 200,000 tasks is asked for often. */
class Page {
  readonly first: Task[] = [];
  offered = 0;
  private readonly size: number;
  private readonly compare: Comparison;

  constructor(size: number, compare: Comparison) {
    this.size = size;
    this.compare = compare;
  }

  offer(task: Task): void {
    this.offered += 1;
    const { first, size, compare } = this;
    if (first.length === size && compare(task, first[size - 1]!) > 0) return;
    let low = 0;
    for (let high = first.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (compare(first[middle]!, task) < 0) low = middle + 1;
      else high = middle;
    }
    first.splice(low, 0, task);
    if (first.length > size) first.pop();
  }
}

function matches(task: Task, { states, name, queue, agentId }: Filter): boolean {
  return (
    (states === undefined || states.includes(task.chart.state)) &&
    (name === undefined || task.request.name === name) &&
    (queue === undefined || task.request.queue === queue) &&
    (agentId === undefined || task.attempt?.agentId === agentId)
  );
}
