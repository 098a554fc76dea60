/**
 * What is to be published, in order. Seeing a transition costs a place in this queue; it is made into a message and
 * published in a later turn of the loop, a bounded piece at a time, so that the actors go first.
 */
import type { EventObject } from 'xstate';
import type { Transport } from '../../actors/actor.ts';
import type { InspectionDetail, InspectionEvent } from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import { type EventForm, encodeEvent, type Moment } from './form.ts';

export type Waiting =
  | {
      readonly what: 'begun';
      readonly moment: Moment;
      readonly detail: InspectionDetail;
      readonly dropped?: number;
    }
  | {
      readonly what: 'changed';
      readonly moment: Moment;
      readonly event: EventObject;
      readonly detail: InspectionDetail;
    }
  | { readonly what: 'gone'; readonly moment: Moment };

export interface OutboxOptions {
  readonly transport: Transport;
  readonly subjects: Subjects;
  readonly form: EventForm;
  /** Runs something in a later turn of the loop. */
  readonly defer: (run: () => void) => void;
  /** The queue was full: so many were thrown away, all that waited. */
  overflowed(dropped: number): void;
  failed(error: unknown): void;
}

/** Of one turn of the loop; more, where much waits. */
const TURN_EVENTS = 200;
const TURN_SHARE = 1 / 4;
const TURN_BYTES = 256 * 1024;

export class Outbox {
  private readonly options: OutboxOptions;
  private queue: Waiting[] = [];
  /** What stands before it has been published. */
  private next = 0;
  private turnWaits = false;

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  get size(): number {
    return this.queue.length - this.next;
  }

  push(waiting: Waiting): void {
    if (this.size >= limits.inspectWaiting) {
      const dropped = this.size + 1;
      this.clear();
      this.options.overflowed(dropped);
      return;
    }
    this.queue.push(waiting);
    this.turnLater();
  }

  clear(): void {
    this.queue = [];
    this.next = 0;
  }

  /** At the end of the process: all of it at once. */
  flush(): void {
    while (this.size > 0) this.publishSome(limits.inspectWaiting, Number.POSITIVE_INFINITY);
  }

  private turnLater(): void {
    if (this.turnWaits) return;
    this.turnWaits = true;
    this.options.defer(() => {
      this.turnWaits = false;
      try {
        this.publishSome(Math.max(TURN_EVENTS, Math.ceil(this.size * TURN_SHARE)), TURN_BYTES);
      } catch (error) {
        this.options.failed(error);
      }
      if (this.size > 0) this.turnLater();
    });
  }

  private publishSome(events: number, bytes: number): void {
    let left = bytes;
    const end = Math.min(this.queue.length, this.next + events);
    while (this.next < end && left > 0) {
      const waiting = this.queue[this.next]!;
      this.next += 1;
      left -= this.publish(waiting);
    }
    if (this.next === this.queue.length) this.clear();
    else if (this.next > limits.inspectWaiting) {
      this.queue = this.queue.slice(this.next);
      this.next = 0;
    }
  }

  /** Returns the bytes. */
  private publish(waiting: Waiting): number {
    const { transport, subjects } = this.options;
    const { kind, id } = waiting.moment;
    const subject = subjects.inspect(kind, id);
    let bytes = 0;
    for (const event of this.eventsOf(waiting)) {
      const payload = encodeEvent(event, transport.maxPayloadBytes);
      transport.publish(subject, payload);
      bytes += payload.length;
    }
    return bytes;
  }

  private eventsOf(waiting: Waiting): readonly InspectionEvent[] {
    const { form } = this.options;
    const { moment } = waiting;
    switch (waiting.what) {
      case 'begun':
        return [form.actor(moment, waiting.detail, waiting.dropped)];
      case 'changed': {
        const { event, detail } = waiting;
        // The event first: it has the smaller id.
        const taken = detail === 'full' ? [form.event(moment, event)] : [];
        return [...taken, form.snapshot(moment, event, detail)];
      }
      case 'gone':
        return [form.gone(moment)];
      default:
        return waiting satisfies never;
    }
  }
}
