/** Who looks at what, and until when. Leases end by themselves. */
import type { Clock, Timer } from '../../actors/actor.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type { InspectionDetail, InspectStart } from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';

/** All actors, those of a kind, or one. */
export interface Target {
  readonly kind?: string | undefined;
  readonly id?: string | undefined;
}

interface Lease {
  readonly target: Target;
  readonly detail: InspectionDetail;
  untilMs: number;
}

export class Leases {
  private readonly clock: Clock;
  /** Called when what is looked at has become another. */
  private readonly changed: () => void;
  private readonly leases = new Map<string, Lease>();
  private timer: Timer | undefined;
  // What the leases say together: the greatest detail wins.
  private everything: InspectionDetail | undefined;
  private readonly kinds = new Map<string, InspectionDetail>();
  private readonly actors = new Map<string, InspectionDetail>();

  constructor(clock: Clock, changed: () => void) {
    this.clock = clock;
    this.changed = changed;
  }

  get active(): boolean {
    return this.leases.size > 0;
  }

  /** Whether the listener is to be told the beginnings. Throws TOO_MANY_REQUESTS for one lease too many. */
  take(request: InspectStart): boolean {
    const { kind, id, detail, lease = '' } = request;
    const key = [lease, kind ?? '', id ?? '', detail].join(' ');
    const untilMs = this.clock.monotonicMs() + limits.inspectLeaseMs;
    const found = this.leases.get(key);
    if (found !== undefined) {
      found.untilMs = untilMs;
      return lease === '';
    }
    if (this.leases.size >= limits.inspectLeases)
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `${limits.inspectLeases} leases on inspection are held here already: ask again when some have ended`,
      );
    this.leases.set(key, { target: { kind, id }, detail, untilMs });
    this.add({ kind, id }, detail);
    this.changed();
    this.sweepLater();
    return true;
  }

  detailOf(kind: string, id: string): InspectionDetail | undefined {
    const { everything } = this;
    if (everything === 'full' || this.leases.size === 0) return everything;
    const ofKind = this.kinds.get(kind);
    if (ofKind === 'full') return ofKind;
    return this.actors.get(`${kind}.${id}`) ?? ofKind ?? everything;
  }

  targets(): readonly Target[] {
    return [...this.leases.values()].map((lease) => lease.target);
  }

  end(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.leases.clear();
    this.addUp();
    this.changed();
  }

  private sweepLater(): void {
    if (this.timer !== undefined || this.leases.size === 0) return;
    const first = Math.min(...[...this.leases.values()].map((lease) => lease.untilMs));
    this.timer = this.clock.after(Math.max(0, first - this.clock.monotonicMs()), () => {
      this.timer = undefined;
      this.sweep();
    });
  }

  private sweep(): void {
    const nowMs = this.clock.monotonicMs();
    const before = this.leases.size;
    for (const [key, lease] of this.leases) if (lease.untilMs <= nowMs) this.leases.delete(key);
    if (this.leases.size < before) {
      this.addUp();
      this.changed();
    }
    this.sweepLater();
  }

  private addUp(): void {
    this.everything = undefined;
    this.kinds.clear();
    this.actors.clear();
    for (const { target, detail } of this.leases.values()) this.add(target, detail);
  }

  private add({ kind, id }: Target, detail: InspectionDetail): void {
    if (kind === undefined) this.everything = greater(this.everything, detail);
    else if (id === undefined) this.kinds.set(kind, greater(this.kinds.get(kind), detail));
    else {
      const sessionId = `${kind}.${id}`;
      this.actors.set(sessionId, greater(this.actors.get(sessionId), detail));
    }
  }
}

function greater(one: InspectionDetail | undefined, other: InspectionDetail): InspectionDetail {
  return one === 'full' ? one : other;
}
