import { expect, test } from 'vitest';
import type { TaskId } from '../../../protocol/ids.ts';
import { submitRequest, taskRequests } from '../../../protocol/task-api.ts';
import { TaskBook } from './book.ts';
import { newTaskChart } from './chart.ts';
import { listTasks } from './list.ts';

/** Submitted in the order of the ids. */
function bookOf(...ids: string[]): TaskBook {
  const book = new TaskBook();
  for (const [index, id] of ids.entries())
    book.addRecovered({
      id: id as TaskId,
      order: index + 1,
      submittedAtMs: index,
      request: submitRequest.parse({ name: id, command: 'true' }),
      chart: newTaskChart(1),
      attempts: 0,
      history: [],
      openDependencies: 0,
      pins: 0,
    });
  return book;
}

function pages(book: TaskBook, filter: object): string[] {
  const found: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { tasks, more } = listTasks(book, taskRequests.list.parse({ ...filter, after }));
    found.push(tasks.map(({ taskId }) => taskId).join(''));
    after = tasks.at(-1)?.taskId;
    if (!more) return found;
  }
}

test.each([
  [{ limit: 2 }, ['ab', 'cd', 'e']],
  [{ limit: 2, order: 'oldest' }, ['ca', 'eb', 'd']],
  [{ limit: 2, order: 'newest' }, ['db', 'ea', 'c']],
  [{ limit: 5 }, ['abcde']],
  [{ limit: 1, name: 'd' }, ['d']],
  [{ limit: 1, name: 'none' }, ['']],
])('%j comes in pages, each task once', (filter, expected) => {
  expect(pages(bookOf('c', 'a', 'e', 'b', 'd'), filter)).toEqual(expected);
});

test('a page equals the beginning of the whole list, sorted', () => {
  const ids = Array.from({ length: 500 }, (_, index) => `t${(index * 7919) % 500}`);
  const book = bookOf(...ids);
  const firstOf = (order: string) =>
    listTasks(book, taskRequests.list.parse({ order, limit: 40 })).tasks.map((t) => t.taskId);
  expect(firstOf('id')).toEqual([...ids].sort().slice(0, 40));
  expect(firstOf('oldest')).toEqual(ids.slice(0, 40));
  expect(firstOf('newest')).toEqual([...ids].reverse().slice(0, 40));
});

test('a page after a task that is gone goes on by id, and is refused by submission', () => {
  const book = bookOf('a', 'c');
  const list = (order: string) =>
    listTasks(book, taskRequests.list.parse({ order, after: 'b' })).tasks.map((t) => t.taskId);
  expect(list('id')).toEqual(['c']);
  expect(() => list('newest')).toThrow(/there is no task b any more/);
});
