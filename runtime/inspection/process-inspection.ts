/**
 * The inspection of all actors of a process, over NATS: answers requests for leases, and publishes what the actors
 * under a lease do. Only looks, and outside of the actors' mailbox: snapshots are immutable values.
 */
import type { EventObject } from 'xstate';
import type { Clock, Delivery, Logger, Subscription, Transport } from '../../actors/actor.ts';
import type {
  Entered,
  EnteredGroup,
  InspectedActor,
  InspectedGroup,
  Inspection,
  WatchableActor,
} from '../../actors/inspection.ts';
import { limits } from '../../protocol/limits.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import { Beginnings } from './beginnings.ts';
import { EventForm, momentOf } from './form.ts';
import { Leases, type Target } from './leases.ts';
import { Outbox } from './outbox.ts';
import { answerStart } from './requests.ts';

export interface InspectionOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs something in a later turn of the loop. */
  readonly defer: (run: () => void) => void;
  readonly cluster: string;
  /** For people, unique in the cluster: `master-1`. */
  readonly process: string;
}

/** So long nothing is inspected after a fault: it would recur as soon as a listener renews its lease. */
const REST_AFTER_FAULT_MS = 60_000;

interface Entry {
  readonly actor: WatchableActor;
  unwatch?: (() => void) | undefined;
}

export class ProcessInspection implements Inspection {
  private readonly options: InspectionOptions;
  private readonly subjects: Subjects;
  private readonly leases: Leases;
  private readonly outbox: Outbox;
  private readonly beginnings: Beginnings;
  private readonly entries = new Map<string, Entry>();
  private readonly groups = new Set<InspectedGroup>();
  private readonly requests: Subscription;
  /** Tells this run of the process from others. */
  private readonly run: string;
  private restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: InspectionOptions) {
    const { transport, clock, defer } = options;
    this.options = options;
    this.run = clock.wallMs().toString(36);
    this.subjects = subjectsOf(options.cluster);
    this.leases = new Leases(clock, () => this.watchWhatIsLeased());
    const failed = (error: unknown) => this.failed(error);
    this.outbox = new Outbox({
      transport,
      subjects: this.subjects,
      form: new EventForm(options.process, this.run),
      defer,
      overflowed: (dropped) => this.beginAnew(dropped),
      failed,
    });
    this.beginnings = new Beginnings({
      clock,
      list: (target) => this.list(target),
      detailOf: ({ kind, id }) => this.leases.detailOf(kind, id),
      tell: (actor, detail, dropped) =>
        this.outbox.push({ what: 'begun', moment: this.momentOf(actor), detail, dropped }),
      hasRoom: () => this.outbox.size === 0,
      failed,
    });
    this.requests = transport.subscribe(this.subjects.inspectStart(), (delivery) =>
      this.receive(delivery),
    );
    // What was published meanwhile is lost.
    transport.onConnection((connected) => {
      if (connected) this.beginAnew(0);
    });
  }

  get active(): boolean {
    return this.leases.active;
  }

  enter(actor: WatchableActor): Entered {
    const sessionId = `${actor.kind}.${actor.id}`;
    const entry: Entry = { actor };
    this.entries.set(sessionId, entry);
    if (this.active) {
      this.watchIfLeased(entry);
      this.tellBeginning(actor);
    }
    return {
      // It is still watched: its last transition is told after it has left.
      leave: () => {
        if (this.entries.get(sessionId) === entry) this.entries.delete(sessionId);
      },
    };
  }

  enterGroup(group: InspectedGroup): EnteredGroup {
    this.groups.add(group);
    if (this.active) this.beginAnew(0, group.kind);
    return {
      began: (actor) => this.tellBeginning(actor),
      changed: (actor, event) => this.tellChange(actor, event),
      gone: (actor) => {
        if (this.leases.detailOf(actor.kind, actor.id) !== undefined)
          this.outbox.push({ what: 'gone', moment: this.momentOf(actor) });
      },
      leave: () => this.groups.delete(group),
    };
  }

  /** The actors have stopped: tells the last of it. */
  end(): void {
    this.requests.unsubscribe();
    this.beginnings.end();
    this.outbox.flush();
    this.leases.end();
  }

  private receive(delivery: Delivery): void {
    answerStart(delivery, this.options, (request) => {
      const rests = this.options.clock.monotonicMs() < this.restsUntilMs;
      if (!rests && this.leases.take(request)) this.beginnings.begin(request);
      return {
        process: this.options.process,
        run: this.run,
        leaseMs: limits.inspectLeaseMs,
        actors: rests ? 0 : this.count(request),
      };
    });
  }

  private watchWhatIsLeased(): void {
    for (const entry of this.entries.values()) this.watchIfLeased(entry);
    if (this.active) return;
    this.beginnings.end();
    this.outbox.clear();
  }

  private watchIfLeased(entry: Entry): void {
    const { actor } = entry;
    const leased = this.leases.detailOf(actor.kind, actor.id) !== undefined;
    if (leased === (entry.unwatch !== undefined)) return;
    entry.unwatch?.();
    entry.unwatch = leased
      ? actor.watch((event, after) => this.tellChange({ ...actor, snapshot: () => after }, event))
      : undefined;
  }

  private tellBeginning(actor: InspectedActor): void {
    const detail = this.leases.detailOf(actor.kind, actor.id);
    if (detail === undefined) return;
    this.beginnings.wasTold(actor);
    this.outbox.push({ what: 'begun', moment: this.momentOf(actor), detail });
  }

  private tellChange(actor: InspectedActor, event: EventObject): void {
    const detail = this.leases.detailOf(actor.kind, actor.id);
    if (detail === undefined) return;
    this.beginnings.beforeOthers(actor, detail);
    this.outbox.push({ what: 'changed', moment: this.momentOf(actor), event, detail });
  }

  /** For every lease, of all it names or of one kind. */
  private beginAnew(dropped: number, kind?: string): void {
    for (const target of this.leases.targets()) {
      if (kind === undefined || target.kind === kind) this.beginnings.begin(target, dropped);
      else if (target.kind === undefined) this.beginnings.begin({ kind }, dropped);
    }
  }

  private *list(target: Target): Iterable<InspectedActor> {
    const { kind, id } = target;
    if (kind !== undefined && id !== undefined) {
      const found = this.entries.get(`${kind}.${id}`)?.actor ?? this.findInGroups(kind, id);
      if (found !== undefined) yield found;
      return;
    }
    for (const { actor } of this.entries.values())
      if (kind === undefined || actor.kind === kind) yield actor;
    for (const group of this.groups)
      if (kind === undefined || group.kind === kind) yield* group.all();
  }

  private findInGroups(kind: string, id: string): InspectedActor | undefined {
    for (const group of this.groups) {
      const found = group.kind === kind ? group.find(id) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private count({ kind, id }: Target): number {
    if (id !== undefined) return [...this.list({ kind, id })].length;
    let count = 0;
    for (const { actor } of this.entries.values())
      if (kind === undefined || actor.kind === kind) count += 1;
    for (const group of this.groups)
      if (kind === undefined || group.kind === kind) count += group.size;
    return count;
  }

  private momentOf(actor: InspectedActor) {
    return momentOf(actor, this.options.clock.wallMs());
  }

  /** A fault of the inspection must not be one of the cluster: it is told, and nobody is inspected for a while. */
  private failed(error: unknown): void {
    const restMs = REST_AFTER_FAULT_MS;
    this.options.log.error('inspection failed, and rests', { error, restMs });
    this.restsUntilMs = this.options.clock.monotonicMs() + restMs;
    this.leases.end();
  }
}
