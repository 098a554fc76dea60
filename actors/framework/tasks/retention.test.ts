/** Which finished tasks leave the tree, and when. */
import { expect, test } from 'vitest';
import type { TaskId } from '../../../protocol/ids.ts';
import { submitRequest } from '../../../protocol/task-api.ts';
import { TaskBook } from './book.ts';
import { taskChart } from './chart.ts';
import { MetricsKeeper } from './metrics.ts';
import { removeOldTasks } from './retention.ts';
import type { Task } from './task.ts';

const NOW = 1_000_000;

/** Ended 1, 2, 3, … seconds ago, the oldest first; `-` runs, `+` is one that a blocked task depends on. */
function bookOf(tasks: string): TaskBook {
  const book = new TaskBook();
  [...tasks].forEach((kind, index) => {
    const value = kind === '-' ? 'running' : 'finished';
    const task: Task = {
      id: `t${index}` as TaskId,
      order: index,
      submittedAtMs: 0,
      request: submitRequest.parse({ name: 't', command: 'true' }),
      chart: taskChart.restore({
        value,
        context: { attemptsLeft: 0, killRequested: false },
      }),
      attempts: 1,
      history: [],
      endedAtMs: kind === '-' ? undefined : NOW - (tasks.length - index) * 1000,
      openDependencies: 0,
      pins: kind === '+' ? 1 : 0,
    };
    book.addRecovered(task);
  });
  return book;
}

test.each([
  ['none is old, none too many', 'ffff', { timeMs: 10_000, count: 4 }, 't0 t1 t2 t3'],
  ['the oldest of too many', 'ffff', { timeMs: 10_000, count: 3 }, 't1 t2 t3'],
  ['those that are too old', 'ffff', { timeMs: 2_500, count: 10 }, 't2 t3'],
  ['never one that is waited for', '+fff', { timeMs: 500, count: 0 }, 't0'],
  ['never one that has not ended', '-f-f', { timeMs: 500, count: 0 }, 't0 t2'],
])('%s', (_, tasks, retention, left) => {
  const book = bookOf(tasks);
  const metrics = new MetricsKeeper();
  for (const task of book.all()) metrics.recovered(task);
  removeOldTasks(book, metrics, retention, NOW);
  expect([...book.all()].map(({ id }) => id).join(' ')).toBe(left);
  const removed = [...book.takeChanges([])].flat().map(({ op }) => op);
  const gone = [...tasks].length - left.split(' ').length;
  expect(removed).toEqual(Array.from({ length: 2 * gone }, () => 'delete'));
});

test.each([
  ['too many', { timeMs: 1e9, count: 100 }],
  ['too old', { timeMs: 0, count: 1e9 }],
])('keeps pace with a thousand tasks that end in a second and are %s', (_, retention) => {
  const book = new TaskBook();
  const metrics = new MetricsKeeper();
  const running = [...bookOf('f'.repeat(12_000)).all()];
  for (let turn = 0; turn < 48; turn++) {
    for (const task of running.splice(0, 250)) {
      book.addRecovered(task);
      metrics.recovered(task);
    }
    removeOldTasks(book, metrics, retention, NOW);
    book.takeChanges([]);
  }
  expect(book.size).toBeLessThan(1_200);
});

test('a great many are removed a few at a time', () => {
  const book = bookOf('f'.repeat(500));
  const metrics = new MetricsKeeper();
  for (const task of book.all()) metrics.recovered(task);
  removeOldTasks(book, metrics, { timeMs: 0, count: 0 }, NOW);
  expect(book.size).toBe(300);
});
