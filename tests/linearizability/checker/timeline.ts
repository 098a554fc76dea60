/**
 * The calls and returns of a history in the order of time, as a doubly linked list from which an operation is lifted
 * when it has taken effect, and put back when the search goes back (Wing & Gong 1993, as in Lowe 2017).
 */
import { isUnknown, type Operation } from './history.ts';

export interface Moment {
  readonly operation: Operation;
  /** Of the operation in the history. */
  readonly index: number;
  /** Of a call: its return, where there is one. Undefined for a return. */
  readonly end: Moment | undefined;
  readonly isCall: boolean;
  previous: Moment | undefined;
  next: Moment | undefined;
}

export class Timeline {
  /** Before the first moment. */
  private readonly head: { next: Moment | undefined } = { next: undefined };

  constructor(operations: readonly Operation[]) {
    const timed: { atMs: number; moment: Moment }[] = [];
    operations.forEach((operation, index) => {
      const common = { operation, index, previous: undefined, next: undefined };
      // Who lost the connection says nothing of the end: the write may come into effect much later.
      const end: Moment | undefined = isUnknown(operation)
        ? undefined
        : { ...common, end: undefined, isCall: false };
      timed.push({ atMs: operation.invokedMs, moment: { ...common, end, isCall: true } });
      if (end !== undefined) timed.push({ atMs: operation.returnedMs, moment: end });
    });
    // Moments on one tick of the clock are taken for concurrent: calls first.
    timed.sort((a, b) => a.atMs - b.atMs || Number(b.moment.isCall) - Number(a.moment.isCall));
    let last: Moment | undefined;
    for (const { moment } of timed) {
      this.link(last, moment);
      last = moment;
    }
  }

  get first(): Moment | undefined {
    return this.head.next;
  }

  lift(call: Moment): void {
    this.cut(call);
    if (call.end !== undefined) this.cut(call.end);
  }

  /** In the reverse order of lifting: only so the neighbours are the former ones. */
  putBack(call: Moment): void {
    if (call.end !== undefined) this.insert(call.end);
    this.insert(call);
  }

  private cut(moment: Moment): void {
    this.link(moment.previous, moment.next);
  }

  private insert(moment: Moment): void {
    const { previous, next } = moment;
    this.link(previous, moment);
    this.link(moment, next);
  }

  private link(from: Moment | undefined, to: Moment | undefined): void {
    (from ?? this.head).next = to;
    if (to !== undefined) to.previous = from;
  }
}
