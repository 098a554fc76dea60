/** All tasks that the leading master knows: those that wait or run, and those that have ended and are still kept. */
import { assert } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { type TaskState, taskStates } from '../../../protocol/task-states.ts';
import type { WriteGroup } from '../writes.ts';
import { creationOf, removalOf, type Task, updateOf } from './task.ts';

export class TaskBook {
  private readonly tasks = new Map<TaskId, Task>();
  private readonly counts = new Map<TaskState, number>(taskStates.map((state) => [state, 0]));
  /** In the order in which they ended. */
  private readonly endedTasks = new Set<Task>();
  /** What the tree does not have yet, in the order of the first change. */
  private dirty = new Map<TaskId, { task: Task; how: 'created' | 'updated' | 'removed' }>();
  private orders = 0;

  get size(): number {
    return this.tasks.size;
  }

  /** Tasks that wait or run. */
  get liveCount(): number {
    return this.tasks.size - this.endedTasks.size;
  }

  get endedCount(): number {
    return this.endedTasks.size;
  }

  get(id: TaskId): Task | undefined {
    return this.tasks.get(id);
  }

  all(): Iterable<Task> {
    return this.tasks.values();
  }

  ended(): Iterable<Task> {
    return this.endedTasks;
  }

  nextOrder(): number {
    return this.orders + 1;
  }

  /** A task that the tree has already. */
  addRecovered(task: Task): void {
    this.insert(task);
  }

  addNew(task: Task): void {
    this.insert(task);
    this.dirty.set(task.id, { task, how: 'created' });
  }

  /** Call after each change of what the tree keeps; `before` is the state it had. */
  changed(task: Task, before: TaskState): void {
    const after = task.chart.state;
    if (before !== after) {
      this.count(before, -1);
      this.count(after, 1);
      if (task.chart.isFinal) this.endedTasks.add(task);
    }
    if (!this.dirty.has(task.id)) this.dirty.set(task.id, { task, how: 'updated' });
  }

  /** Only an ended task; also from the tree. */
  remove(task: Task): void {
    assert(task.chart.isFinal, `task ${task.id} is removed before it has ended`);
    this.tasks.delete(task.id);
    this.endedTasks.delete(task);
    this.count(task.chart.state, -1);
    if (this.dirty.get(task.id)?.how === 'created') this.dirty.delete(task.id);
    else this.dirty.set(task.id, { task, how: 'removed' });
  }

  hasChanges(): boolean {
    return this.dirty.size > 0;
  }

  /** The changes as writes, a group for each task; they are then no longer remembered. */
  takeChanges(acl: AclEntry[]): readonly WriteGroup[] {
    const groups: WriteGroup[] = [];
    for (const { task, how } of this.dirty.values()) {
      if (how === 'created') groups.push(creationOf(task, acl));
      else if (how === 'updated') groups.push(updateOf(task));
      else groups.push(removalOf(task.id));
    }
    this.dirty = new Map();
    return groups;
  }

  countByState(): Readonly<Record<TaskState, number>> {
    return Object.fromEntries(this.counts) as Record<TaskState, number>;
  }

  private insert(task: Task): void {
    assert(!this.tasks.has(task.id), `task ${task.id} is in the book already`);
    this.tasks.set(task.id, task);
    this.orders = Math.max(this.orders, task.order);
    this.count(task.chart.state, 1);
    if (task.chart.isFinal) this.endedTasks.add(task);
  }

  private count(state: TaskState, change: number): void {
    this.counts.set(state, (this.counts.get(state) ?? 0) + change);
  }
}
