/**
 * Everything that the page has been told, in the order of time: who there is, and each step that somebody made. All
 * views ask here, for the present as for any moment of the past. Bounded: the oldest steps are forgotten.
 */
import { textOfState } from './state-value.ts';
import type {
  EventObject,
  InspectedSnapshot,
  InspectionEvent,
  LiveItem,
  StateValue,
} from './wire.ts';

/** One actor, one event: what it was, and the state before and after. */
export interface Step {
  /** In the order of arrival; with `at` it is the step's place in time. */
  readonly number: number;
  readonly at: number;
  readonly actorId: string;
  /** Absent where the page only learned in which state the actor is. */
  readonly event: EventObject | undefined;
  readonly sourceId: string | undefined;
  readonly from: StateValue | undefined;
  readonly fromText: string;
  readonly to: StateValue | undefined;
  readonly toText: string;
  readonly status: string;
  readonly snapshot: InspectedSnapshot;
  /** When the actor entered the state `to`. */
  readonly since: number;
}

export interface Actor {
  /** `<kind>.<id>` */
  readonly sessionId: string;
  readonly kind: string;
  readonly id: string;
  /** The order in which the page met them. */
  readonly arrival: number;
  definition: string | undefined;
  /** In the order of time; never empty. */
  readonly steps: Step[];
}

/** A moment: everything up to it has happened. */
export interface Moment {
  readonly at: number;
  /** Of steps in the same millisecond, those up to this number. */
  readonly number: number;
}

/** About 400 bytes each. */
export const stepsMax = 200_000;

export class History {
  readonly actors = new Map<string, Actor>();
  /** In the order of time. */
  readonly steps: Step[] = [];
  private readonly definitions = new Map<string, string>();
  private readonly pending = new Map<
    string,
    { event: EventObject; sourceId?: string; at: number }
  >();
  private nextNumber = 1;
  private nextArrival = 0;
  /** By run of a process, whose events are numbered: the highest number heard, and that before the new beginning. */
  private readonly heardUntil = new Map<string, number>();
  private knownUntil: ReadonlyMap<string, number> = new Map();
  private readonly max: number;

  constructor(max = stepsMax) {
    this.max = max;
  }

  add(items: readonly LiveItem[]): void {
    for (const item of items) this.addOne(item);
    if (this.steps.length > this.max) this.forgetOldest();
  }

  /** The server begins again with the past that it remembers: what is already known of it is not to be told twice. */
  resume(): void {
    this.knownUntil = new Map(this.heardUntil);
    this.pending.clear();
  }

  /** Its own, or that of another actor of its kind: an actor that has died cannot be asked any more. */
  definitionOf(sessionId: string): string | undefined {
    return this.actors.get(sessionId)?.definition ?? this.definitions.get(splitId(sessionId).kind);
  }

  /** The last step of an actor up to a moment, or up to now; undefined where it was not there yet. */
  stepAt(actor: Actor, moment: Moment | undefined): Step | undefined {
    return moment === undefined
      ? actor.steps.at(-1)
      : actor.steps[countUntil(actor.steps, moment) - 1];
  }

  private addOne({ at, event }: LiveItem): void {
    const isKnown = this.isKnown(event);
    // Known, and not there: it was forgotten.
    if (isKnown && !this.actors.has(event.sessionId)) return;
    if (event.type === '@xstate.actor') {
      const actor = this.actorOf(event.sessionId);
      if (event.definition !== undefined) {
        actor.definition = event.definition;
        this.definitions.set(actor.kind, event.definition);
      }
      const last = actor.steps.at(-1);
      const snapshot = event.snapshot ?? {};
      const isNews =
        last === undefined ||
        (event.snapshot !== undefined &&
          (textOfState(snapshot.value) !== last.toText ||
            (snapshot.status ?? last.status) !== last.status));
      if (isNews && !isKnown) this.record(actor, at, undefined, undefined, snapshot);
      return;
    }
    if (isKnown) return;
    const actor = this.actorOf(event.sessionId);
    const waiting = this.pending.get(event.sessionId);
    if (event.type === '@xstate.event') {
      if (waiting !== undefined) this.recordIgnored(actor, waiting);
      this.pending.set(event.sessionId, { event: event.event, sourceId: event.sourceId, at });
      return;
    }
    this.pending.delete(event.sessionId);
    const isSame = waiting !== undefined && waiting.event.type === event.event?.type;
    if (waiting !== undefined && !isSame && event.event !== undefined)
      this.recordIgnored(actor, waiting);
    const cause = event.event ?? waiting?.event;
    this.record(actor, at, cause, waiting?.sourceId, event.snapshot);
  }

  /** By their numbers, not by their times: each process has a clock of its own. */
  private isKnown({ process = '', id = '' }: InspectionEvent): boolean {
    const dash = id.lastIndexOf('-');
    // Runs of different processes may be called the same.
    const run = `${process} ${id.slice(0, Math.max(0, dash))}`;
    const number = Number(id.slice(dash + 1));
    if (number > (this.heardUntil.get(run) ?? 0)) this.heardUntil.set(run, number);
    return id !== '' && number <= (this.knownUntil.get(run) ?? 0);
  }

  /** An event that no snapshot followed left everything as it was. */
  private recordIgnored(
    actor: Actor,
    { event, sourceId, at }: { event: EventObject; sourceId?: string; at: number },
  ): void {
    const last = actor.steps.at(-1);
    this.record(actor, at, event, sourceId, last?.snapshot ?? {});
  }

  /** Of one actor the last that is told is the newest, whatever the clocks of its processes say. */
  private record(
    actor: Actor,
    toldAt: number,
    event: EventObject | undefined,
    sourceId: string | undefined,
    snapshot: InspectedSnapshot,
  ): void {
    const last = actor.steps.at(-1);
    const at = Math.max(toldAt, last?.at ?? toldAt);
    const value = snapshot.value ?? last?.to;
    const toText = textOfState(value);
    const status = snapshot.status ?? last?.status ?? 'active';
    const stayed = last !== undefined && last.toText === toText && last.status === status;
    const step: Step = {
      number: this.nextNumber++,
      at,
      actorId: actor.sessionId,
      event,
      sourceId,
      from: last?.to,
      fromText: last?.toText ?? '',
      to: value,
      toText,
      status,
      snapshot,
      since: stayed ? last.since : (snapshot.since ?? at),
    };
    actor.steps.push(step);
    insertInTime(this.steps, step);
  }

  private actorOf(sessionId: string): Actor {
    let actor = this.actors.get(sessionId);
    if (actor === undefined) {
      actor = {
        sessionId,
        ...splitId(sessionId),
        arrival: this.nextArrival++,
        definition: undefined,
        steps: [],
      };
      this.actors.set(sessionId, actor);
    }
    return actor;
  }

  /**
   * A tenth at a time, so that it is rare. Each actor keeps its last step, which is the state it is in, until it has
   * ended: with its end it is forgotten.
   */
  private forgetOldest(): void {
    const dropped = this.steps.splice(0, Math.ceil(this.max / 10));
    const border = dropped.at(-1)!;
    for (const actorId of new Set(dropped.map((step) => step.actorId))) {
      const { steps } = this.actors.get(actorId)!;
      const count = countUntil(steps, border);
      if (count === steps.length && isEnded(steps.at(-1)!)) {
        this.actors.delete(actorId);
        this.pending.delete(actorId);
      } else steps.splice(0, Math.min(count, steps.length - 1));
    }
  }
}

export function splitId(sessionId: string): { kind: string; id: string } {
  const dot = sessionId.indexOf('.');
  return dot < 0
    ? { kind: '', id: sessionId }
    : { kind: sessionId.slice(0, dot), id: sessionId.slice(dot + 1) };
}

export const isEnded = (step: Step) => step.status !== 'active';

/** It is not there any more, though its chart has not ended: removed, or its process fell silent. */
export const isGone = (step: Step) => step.status === 'stopped';

/** How many of these steps had happened at a moment. */
export function countUntil(steps: readonly Step[], moment: Moment): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAfter(steps[middle]!, moment)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const isAfter = (step: Moment, moment: Moment) =>
  step.at > moment.at || (step.at === moment.at && step.number > moment.number);

/** Nearly always at the end: clocks of several machines differ by a little. */
function insertInTime(steps: Step[], step: Step): void {
  let place = steps.length;
  while (place > 0 && isAfter(steps[place - 1]!, step)) place -= 1;
  if (place === steps.length) steps.push(step);
  else steps.splice(place, 0, step);
}
