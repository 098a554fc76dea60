/** What the tree is told of the changes of one turn, and in which order. */
import { expect, test } from 'vitest';
import type { TaskId } from '../../../protocol/ids.ts';
import { submitRequest } from '../../../protocol/task-api.ts';
import { TaskBook } from './book.ts';
import { type TaskPhase, taskChart } from './chart.ts';
import type { Task } from './task.ts';

let orders = 0;
function taskOf(id: string, value: TaskPhase): Task {
  return {
    id: id as TaskId,
    order: ++orders,
    submittedAtMs: 0,
    request: submitRequest.parse({ name: 't', command: 'true' }),
    chart: taskChart.restore({
      value,
      context: { attemptsLeft: 1, killRequested: false },
    }),
    attempts: 0,
    history: [],
    openDependencies: 0,
    pins: 0,
  };
}

function written(book: TaskBook): string[] {
  return [...book.takeChanges([])].map((group) => {
    const { op, path } = group[0]!;
    return `${op} ${path.replace('/state', '').split('/').at(-1)}`;
  });
}

test('a dependency is removed after what became of the task that waited for it, though that was launched later', () => {
  const book = new TaskBook();
  const dependency = taskOf('dependency', 'finished');
  const waits = taskOf('waits', 'queued');
  const other = taskOf('other', 'running');
  for (const task of [dependency, waits, other]) book.addRecovered(task);
  book.changed(waits, 'TASK_BLOCKED');
  book.remove(dependency);
  book.changed(other, 'TASK_RUNNING');
  book.writeLast(waits);
  expect(written(book)).toEqual(['set other', 'set waits', 'delete dependency']);
});

test.each([
  ['is in the tree', true, ['set key']],
  ['never came into the tree', false, ['create key']],
])(
  'a task that takes the place of one that was removed in the same turn and %s',
  (_, inTree, writes) => {
    const book = new TaskBook();
    const before = taskOf('key', 'finished');
    if (inTree) book.addRecovered(before);
    else book.addNew(before);
    book.remove(before);
    const after = taskOf('key', 'queued');
    book.addNew(after);
    book.changed(after, 'TASK_BLOCKED');
    expect(written(book)).toEqual(writes);
  },
);

test('a task that took the place of another and is removed too leaves nothing', () => {
  const book = new TaskBook();
  const before = taskOf('key', 'finished');
  book.addRecovered(before);
  book.remove(before);
  const after = taskOf('key', 'finished');
  book.addNew(after);
  book.remove(after);
  expect(written(book)).toEqual(['delete key']);
});
