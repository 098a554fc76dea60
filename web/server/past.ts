/**
 * What has been heard since the server started: the last events, within bounds, and of each actor that is there what
 * it was when it was last told of. Events are kept as the text that pages are sent.
 */
import type { InspectionEvent } from '../../protocol/inspection-api.ts';

export interface PastBounds {
  readonly events: number;
  /** Characters; nearly all are of one byte. */
  readonly bytes: number;
  /** Actors whose last word is kept though its event is forgotten: the oldest that have ended go first. */
  readonly actors: number;
}
export const pastBounds: PastBounds = { events: 50_000, bytes: 64 * 1024 * 1024, actors: 100_000 };

interface Kept {
  readonly number: number;
  readonly text: string;
}
interface Actor {
  /** The last word that had a definition. */
  drawn?: Kept;
  last: Kept;
  isOver: boolean;
}

export class Past {
  private readonly bounds: PastBounds;
  private events: Kept[] = [];
  /** Those before it are forgotten. */
  private first = 0;
  private bytes = 0;
  private count = 0;
  private readonly actors = new Map<string, Actor>();

  constructor(bounds: PastBounds = pastBounds) {
    this.bounds = bounds;
  }

  add(event: InspectionEvent, text: string): void {
    this.count += 1;
    const kept = { number: this.count, text };
    this.events.push(kept);
    this.bytes += text.length;
    while (this.events.length - this.first > this.bounds.events || this.bytes > this.bounds.bytes) {
      this.bytes -= this.events[this.first]!.text.length;
      this.first += 1;
    }
    if (this.first > this.events.length / 2) {
      this.events = this.events.slice(this.first);
      this.first = 0;
    }
    this.note(event, kept);
  }

  /** Actors of which the events are forgotten, as they are; then the events, oldest first. */
  *texts(): Iterable<string> {
    const oldest = this.events[this.first]?.number ?? Number.POSITIVE_INFINITY;
    for (const { drawn, last } of this.actors.values()) {
      if (drawn !== undefined && drawn.number < oldest) yield drawn.text;
      if (last !== drawn && last.number < oldest) yield last.text;
    }
    for (let each = this.first; each < this.events.length; each += 1) yield this.events[each]!.text;
  }

  private note(event: InspectionEvent, kept: Kept): void {
    if (event.type === '@xstate.event') return;
    const { sessionId, snapshot } = event;
    if (snapshot.status === 'stopped') {
      this.actors.delete(sessionId);
      return;
    }
    const actor = this.actors.get(sessionId) ?? { last: kept, isOver: false };
    actor.last = kept;
    actor.isOver = snapshot.status !== 'active';
    if (event.type === '@xstate.actor' && event.definition !== undefined) actor.drawn = kept;
    this.actors.set(sessionId, actor);
    if (this.actors.size > this.bounds.actors) this.forgetOne();
  }

  private forgetOne(): void {
    for (const [sessionId, { isOver }] of this.actors) {
      if (!isOver) continue;
      this.actors.delete(sessionId);
      return;
    }
    this.actors.delete(this.actors.keys().next().value!);
  }
}
