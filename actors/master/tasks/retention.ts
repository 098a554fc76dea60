/** Finished tasks leave the tree, oldest first; one on which a blocked task depends stays until that is decided. */

import type { MetricsKeeper } from '../metrics/metrics.ts';
import type { Retention } from '../options.ts';
import type { TaskBook } from './book.ts';
import type { Task } from './task.ts';

/** Tasks removed at one time, so that cleaning up never fills a turn. */
const REMOVED_AT_ONCE = 200;

export function removeOldTasks(
  book: TaskBook,
  metrics: MetricsKeeper,
  retention: Retention,
  wallMs: number,
): void {
  let surplus = book.endedCount - retention.count;
  const old: Task[] = [];
  for (const task of book.ended()) {
    const expired = wallMs - (task.endedAtMs ?? wallMs) > retention.timeMs;
    if ((!expired && surplus <= 0) || old.length >= REMOVED_AT_ONCE) break;
    surplus -= 1;
    if (task.pins === 0) old.push(task);
  }
  for (const task of old) {
    book.remove(task);
    metrics.removed(task);
  }
}
