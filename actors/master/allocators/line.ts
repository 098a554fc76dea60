/** One queue's waiting requests: greater priority first, then the order of submission. A binary heap; who leaves is dropped when it comes up. */
import type { RequestId } from '../../../protocol/ids.ts';
import type { WaitingRequest } from './contract.ts';

export class Line {
  private heap: WaitingRequest[] = [];
  private readonly members = new Map<RequestId, WaitingRequest>();

  get size(): number {
    return this.members.size;
  }

  add(request: WaitingRequest): void {
    this.members.set(request.requestId, request);
    this.heap.push(request);
    this.rise(this.heap.length - 1);
  }

  remove(requestId: RequestId): void {
    this.members.delete(requestId);
    // What has left must not outgrow what waits.
    if (this.heap.length > 64 && this.heap.length > 2 * this.members.size) this.rebuild();
  }

  get(requestId: RequestId): WaitingRequest | undefined {
    return this.members.get(requestId);
  }

  head(): WaitingRequest | undefined {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || this.members.get(first.requestId) === first) return first;
      this.dropHead();
    }
  }

  ahead(request: WaitingRequest): number {
    let count = 0;
    for (const other of this.members.values()) if (goesBefore(other, request)) count++;
    return count;
  }

  requests(): Iterable<WaitingRequest> {
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

function goesBefore(a: WaitingRequest, b: WaitingRequest): boolean {
  return a.priority === b.priority ? a.order < b.order : a.priority > b.priority;
}
