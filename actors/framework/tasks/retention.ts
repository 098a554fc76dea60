/** Finished tasks leave the tree, oldest first; one on which a blocked task depends stays until that is decided. */

import type { TaskBook } from './book.ts';
import type { MetricsKeeper } from './metrics.ts';
import type { Retention } from './options.ts';
import type { Task } from './task.ts';

/** Looked at in one call: with four calls a second this is more than one master ends. */
const DUE_MAX = 8_000;
/** Of those that are due this share is removed at one time, so that cleaning up keeps pace and never fills a turn. */
const REMOVED_SHARE = 1 / 4;
const REMOVED_AT_LEAST = 200;

export function removeOldTasks(
  book: TaskBook,
  metrics: MetricsKeeper,
  retention: Retention,
  wallMs: number,
): void {
  let surplus = book.endedCount - retention.count;
  const due: Task[] = [];
  for (const task of book.ended()) {
    const expired = wallMs - (task.endedAtMs ?? wallMs) > retention.timeMs;
    if ((!expired && surplus <= 0) || due.length >= DUE_MAX) break;
    surplus -= 1;
    if (task.pins === 0) due.push(task);
  }
  const count = Math.max(REMOVED_AT_LEAST, Math.ceil(due.length * REMOVED_SHARE));
  for (const task of due.slice(0, count)) {
    book.remove(task);
    metrics.removed(task);
  }
}
