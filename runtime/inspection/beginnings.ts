/**
 * What a new listener is told first: every actor of its lease, as it is. There may be very many tasks: they are told
 * a page at a time, with pauses, and an actor that moves before its turn has come is told at once.
 */
import type { Clock, Timer } from '../../actors/actor.ts';
import type { InspectedActor } from '../../actors/inspection.ts';
import type { InspectionDetail } from '../../protocol/inspection-api.ts';
import type { Target } from './leases.ts';

/** Of one page; in full detail, where each has its whole definition, fewer. */
const PAGE: Readonly<Record<InspectionDetail, number>> = { list: 200, full: 25 };
const PAUSE_MS = 10;
/** What it costs of a page to pass by an actor that nobody looks at any more. */
const PASSED_BY = 1 / 2000;

export interface BeginningsOptions {
  readonly clock: Clock;
  list(target: Target): Iterable<InspectedActor>;
  /** Undefined where nobody looks any more. */
  detailOf(actor: InspectedActor): InspectionDetail | undefined;
  tell(actor: InspectedActor, detail: InspectionDetail, dropped: number): void;
  /** Whether what was told so far has left. */
  hasRoom(): boolean;
  failed(error: unknown): void;
}

interface Burst {
  readonly target: Target;
  readonly told: Set<string>;
  readonly dropped: number;
  rest: Iterator<InspectedActor>;
  /** Somebody has asked for the same meanwhile. */
  again: boolean;
}

export class Beginnings {
  private readonly options: BeginningsOptions;
  private bursts: Burst[] = [];
  private timer: Timer | undefined;

  constructor(options: BeginningsOptions) {
    this.options = options;
  }

  begin(target: Target, dropped = 0): void {
    const same = this.bursts.find(
      (burst) => burst.target.kind === target.kind && burst.target.id === target.id,
    );
    if (same !== undefined) {
      same.again = true;
      return;
    }
    const rest = this.options.list(target)[Symbol.iterator]();
    this.bursts.push({ target, told: new Set(), dropped, rest, again: false });
    this.timer ??= this.options.clock.after(0, () => this.page());
  }

  /** Before anything else is told of an actor: its beginning, where that is still to come. */
  beforeOthers(actor: InspectedActor, detail: InspectionDetail): void {
    this.tellOnce(actor, detail);
  }

  /** It was told just now. */
  wasTold({ kind, id }: InspectedActor): void {
    for (const burst of this.waitingFor(kind, id)) burst.told.add(`${kind}.${id}`);
  }

  end(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.bursts = [];
  }

  private page(): void {
    this.timer = undefined;
    try {
      if (this.options.hasRoom()) this.tellPage();
    } catch (error) {
      this.options.failed(error);
      return;
    }
    if (this.bursts.length > 0) this.timer = this.options.clock.after(PAUSE_MS, () => this.page());
  }

  private tellPage(): void {
    let room = 1;
    for (let burst = this.bursts[0]; burst !== undefined && room > 0; burst = this.bursts[0]) {
      const next = burst.rest.next();
      if (next.done === true) {
        this.bursts.shift();
        if (burst.again) this.begin(burst.target);
        return;
      }
      const detail = this.options.detailOf(next.value);
      if (detail !== undefined) this.tellOnce(next.value, detail);
      room -= detail === undefined ? PASSED_BY : 1 / PAGE[detail];
    }
  }

  private tellOnce(actor: InspectedActor, detail: InspectionDetail): void {
    const waiting = this.waitingFor(actor.kind, actor.id);
    if (waiting.length === 0) return;
    this.wasTold(actor);
    this.options.tell(actor, detail, Math.max(...waiting.map((burst) => burst.dropped)));
  }

  /** The bursts in which it is still to be told. */
  private waitingFor(kind: string, id: string): Burst[] {
    if (this.bursts.length === 0) return [];
    const sessionId = `${kind}.${id}`;
    return this.bursts.filter(
      ({ target, told }) =>
        (target.kind === undefined || target.kind === kind) &&
        (target.id === undefined || target.id === id) &&
        !told.has(sessionId),
    );
  }
}
