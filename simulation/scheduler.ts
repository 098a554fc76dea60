/**
 * Virtual time and what happens in it: a heap of events, ordered by time and, where that is equal, by when they were
 * scheduled. Nothing else orders anything, so a run is repeatable. Times are in microseconds.
 */
export interface ScheduledEvent {
  readonly timeUs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class Scheduler {
  private time = 0;
  private order = 0;
  private readonly heap: ScheduledEvent[] = [];
  /** Events that were carried out. */
  steps = 0;

  get nowUs(): number {
    return this.time;
  }

  get nowMs(): number {
    return this.time / 1000;
  }

  get waiting(): number {
    return this.heap.length;
  }

  /** `run` happens `delayUs` from now; a whole number of microseconds, never in the past. */
  after(delayUs: number, run: () => void): ScheduledEvent {
    const event: ScheduledEvent = {
      timeUs: this.time + Math.max(0, Math.round(delayUs)),
      order: this.order++,
      run,
    };
    this.push(event);
    return event;
  }

  cancel(event: ScheduledEvent): void {
    event.run = undefined;
  }

  /** Carries out the next event; false when there is none. */
  step(): boolean {
    for (let event = this.pop(); event !== undefined; event = this.pop()) {
      if (event.run === undefined) continue;
      this.time = event.timeUs;
      this.steps++;
      const run = event.run;
      event.run = undefined;
      run();
      return true;
    }
    return false;
  }

  /**
   * Carries out everything up to `until`, in microseconds, and leaves the time there; ends early when `enough` says so. The time stays
   * whole: between two fractions delays would be rounded to another order.
   */
  runUntil(until: number, enough: () => boolean = () => false): void {
    const untilUs = Math.ceil(until);
    while (!enough()) {
      const next = this.heap[0];
      if (next === undefined || next.timeUs > untilUs) {
        this.time = Math.max(this.time, untilUs);
        return;
      }
      this.step();
    }
  }

  private push(event: ScheduledEvent): void {
    const heap = this.heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as ScheduledEvent;
      if (isBefore(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  private pop(): ScheduledEvent | undefined {
    const heap = this.heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.order < b.order);
}
