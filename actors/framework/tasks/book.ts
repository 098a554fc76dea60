/** All tasks that the leading master knows: those that wait or run, and those that have ended and are still kept. */
import { assert } from '../../../protocol/errors.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { type TaskState, taskStates } from '../../../protocol/task-states.ts';
import type { WriteGroup } from '../../bundled.ts';
import { creationOf, removalOf, replacementOf, type Task, updateOf } from './task.ts';

/** `replaced`: the tree has a task of this id that is gone; another has its place. */
type Change = 'created' | 'updated' | 'replaced' | 'removed';
type Changes = Map<TaskId, { task: Task; how: Change }>;

export class TaskBook {
  private readonly tasks = new Map<TaskId, Task>();
  private readonly counts = new Map<TaskState, number>(taskStates.map((state) => [state, 0]));
  /** In the order in which they ended. */
  private readonly endedTasks = new Set<Task>();
  /** What the tree does not have yet, in the order of the first change. */
  private dirty: Changes = new Map();
  private orders = 0;
  /** Told of each task that is removed. */
  removed: ((task: Task) => void) | undefined;

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
    const before = this.dirty.get(task.id)?.how;
    this.dirty.set(task.id, { task, how: before === 'removed' ? 'replaced' : 'created' });
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

  /**
   * What a launched task holds may have been given back in the same turn: it is written after all others, so that
   * the tree never gives a resource twice, wherever a turn is cut.
   */
  writeLast(task: Task): void {
    const change = this.dirty.get(task.id);
    assert(change !== undefined, `task ${task.id} was launched and has not changed`);
    this.dirty.delete(task.id);
    this.dirty.set(task.id, change);
  }

  /** Only an ended task; also from the tree. */
  remove(task: Task): void {
    assert(task.chart.isFinal, `task ${task.id} is removed before it has ended`);
    this.tasks.delete(task.id);
    this.endedTasks.delete(task);
    this.count(task.chart.state, -1);
    if (this.dirty.get(task.id)?.how === 'created') this.dirty.delete(task.id);
    else this.dirty.set(task.id, { task, how: 'removed' });
    this.removed?.(task);
  }

  /** The changes so far as writes, a group for each task, made when they are asked for. */
  takeChanges(acl: AclEntry[]): Iterable<WriteGroup> {
    const changes = this.dirty;
    this.dirty = new Map();
    return writesOf(changes, acl);
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

/** Removals last: until the tree has what became of a blocked task, it has what that one depended on. */
function* writesOf(changes: Changes, acl: AclEntry[]): Generator<WriteGroup> {
  for (const { task, how } of changes.values()) {
    if (how === 'created') yield creationOf(task, acl);
    else if (how === 'updated') yield updateOf(task);
    else if (how === 'replaced') yield replacementOf(task);
  }
  for (const { task, how } of changes.values()) if (how === 'removed') yield removalOf(task.id);
}
