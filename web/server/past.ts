/**
 * What has been heard since the server started: the last events, within bounds, and of each actor that is there what
 * it was when it was last told of. Events are kept as the text that pages are sent.
 */
import type { InspectionEvent } from '../../protocol/inspection-api.ts';

export interface PastBounds {
  readonly events: number;
  /** Characters, of events and last words together; nearly all are of one byte. */
  readonly bytes: number;
  /** Actors whose last word is kept though its event is forgotten: the oldest that have ended go first. */
  readonly actors: number;
}
export const pastBounds: PastBounds = { events: 50_000, bytes: 64 * 1024 * 1024, actors: 100_000 };

interface Kept {
  readonly number: number;
  readonly text: string;
  /** As an event, as an actor's last word, as how it is drawn: it counts once. */
  holders: number;
}
interface Actor {
  /** The last word that had a definition. */
  readonly drawn?: Kept;
  readonly last: Kept;
}

export class Past {
  private readonly bounds: PastBounds;
  private events: Kept[] = [];
  /** Those before it are forgotten. */
  private first = 0;
  private bytes = 0;
  private count = 0;
  private readonly actors = new Map<string, Actor>();
  /** Of these, in the order of their end. */
  private readonly over = new Set<string>();

  constructor(bounds: PastBounds = pastBounds) {
    this.bounds = bounds;
  }

  add(event: InspectionEvent, text: string): void {
    this.count += 1;
    const kept: Kept = { number: this.count, text, holders: 0 };
    this.events.push(this.hold(kept));
    this.note(event, kept);
    const { events, bytes, actors } = this.bounds;
    while (this.events.length - this.first > events) this.forgetEvent();
    while (this.actors.size > actors) this.forgetActor();
    while (this.bytes > bytes && this.first < this.events.length) this.forgetEvent();
    while (this.bytes > bytes && this.actors.size > 0) this.forgetActor();
    if (this.first > this.events.length / 2) {
      this.events = this.events.slice(this.first);
      this.first = 0;
    }
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
      this.forget(sessionId);
      return;
    }
    const actor = this.actors.get(sessionId);
    const drawn =
      event.type === '@xstate.actor' && event.definition !== undefined ? kept : actor?.drawn;
    // First held, then let go: it may be the same.
    const next: Actor = { last: this.hold(kept), ...(drawn && { drawn: this.hold(drawn) }) };
    if (actor !== undefined) this.letGo(actor);
    this.actors.set(sessionId, next);
    if (snapshot.status === 'active') this.over.delete(sessionId);
    else this.over.add(sessionId);
  }

  private forgetEvent(): void {
    this.release(this.events[this.first]!);
    this.first += 1;
  }

  /** Those that have ended go first, then those that were met first. */
  private forgetActor(): void {
    this.forget((this.over.values().next().value ?? this.actors.keys().next().value)!);
  }

  private forget(sessionId: string): void {
    const actor = this.actors.get(sessionId);
    if (actor === undefined) return;
    this.letGo(actor);
    this.actors.delete(sessionId);
    this.over.delete(sessionId);
  }

  private letGo({ last, drawn }: Actor): void {
    this.release(last);
    if (drawn !== undefined) this.release(drawn);
  }

  private hold(kept: Kept): Kept {
    if (kept.holders === 0) this.bytes += kept.text.length;
    kept.holders += 1;
    return kept;
  }

  private release(kept: Kept): void {
    kept.holders -= 1;
    if (kept.holders === 0) this.bytes -= kept.text.length;
  }
}
