/** One queue's waiting tasks: greater priority first, then the order of submission. A binary heap; who leaves is dropped when it comes up. */
import type { TaskId } from '../../../protocol/ids.ts';
import type { WaitingTask } from './contract.ts';

export class Line {
  private heap: WaitingTask[] = [];
  private readonly members = new Map<TaskId, WaitingTask>();

  get size(): number {
    return this.members.size;
  }

  add(task: WaitingTask): void {
    this.members.set(task.taskId, task);
    this.heap.push(task);
    this.rise(this.heap.length - 1);
  }

  remove(taskId: TaskId): void {
    this.members.delete(taskId);
    // What has left must not outgrow what waits.
    if (this.heap.length > 64 && this.heap.length > 2 * this.members.size) this.rebuild();
  }

  head(): WaitingTask | undefined {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || this.members.get(first.taskId) === first) return first;
      this.dropHead();
    }
  }

  ahead(task: WaitingTask): number {
    let count = 0;
    for (const other of this.members.values()) if (goesBefore(other, task)) count++;
    return count;
  }

  tasks(): Iterable<WaitingTask> {
    return this.members.values();
  }

  private rebuild(): void {
    // A sorted array is a heap.
    this.heap = [...this.members.values()].sort((a, b) => (goesBefore(a, b) ? -1 : 1));
  }

  private dropHead(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink(0);
  }

  private rise(start: number): void {
    const heap = this.heap;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!goesBefore(heap[index]!, heap[parent]!)) return;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  private sink(start: number): void {
    const heap = this.heap;
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && goesBefore(heap[right]!, heap[left]!) ? right : left;
      if (!goesBefore(heap[child]!, heap[index]!)) return;
      [heap[index], heap[child]] = [heap[child]!, heap[index]!];
      index = child;
    }
  }
}

function goesBefore(a: WaitingTask, b: WaitingTask): boolean {
  return a.priority === b.priority ? a.order < b.order : a.priority > b.priority;
}
