/**
 * The other side of the inspection: asks for leases, renews them, and hands over what is published. Notices when a
 * process does not answer any more, and tells its actors as stopped, since nobody else would.
 */
import type {
  Clock,
  Delivery,
  Random,
  Subscription,
  Timer,
  Transport,
} from '../../actors/actor.ts';
import { decode, encode } from '../../protocol/codec.ts';
import type { ErrorBody } from '../../protocol/errors.ts';
import {
  type InspectionEvent,
  type InspectStartInput,
  inspectionEventForm,
  runOfEvent,
  type SnapshotEvent,
} from '../../protocol/inspection-api.ts';
import { problemOf } from '../../protocol/problem.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import { STATELY_INSPECT_VERSION } from './form.ts';

/** More often than the lease needs: the answers tell which processes live. */
const RENEW_MS = 1000;
/** Requests that a process leaves unanswered before it counts as gone: a busy one may be late. */
const MISSED_MAX = 3;
/** The event of a snapshot that this listener makes for an actor whose process is gone. */
export const PROCESS_SILENT = 'mesozoo.process.silent';

export interface ListenerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: string;
  /** What is to be heard; all by default. */
  readonly subject?: string;
  heard(event: InspectionEvent): void;
  /** What is wrong at the moment; undefined when nothing is. Told at each change. */
  trouble(message: string | undefined): void;
}

interface Process {
  missed: number;
  /** Undefined until it is known. */
  run: string | undefined;
  /** The state of each, which stands where its end is told. */
  readonly actors: Map<string, unknown>;
}

export class InspectionListener {
  private readonly options: ListenerOptions;
  private readonly subjects: Subjects;
  private readonly inbox: string;
  private readonly subscriptions: Subscription[];
  private wanted: readonly InspectStartInput[] = [];
  /** By what is wanted: the word of its lease. */
  private leases = new Map<string, string>();
  private readonly processes = new Map<string, Process>();
  /** Which process an actor was last told of by. */
  private readonly owners = new Map<string, string>();
  private readonly silent = new Set<string>();
  private timer: Timer | undefined;
  private problem: string | undefined;
  /** Requests since the last answer of any process. */
  private unanswered = 0;
  private made = 0;
  private ended = false;

  constructor(options: ListenerOptions) {
    const { transport, random, cluster } = options;
    this.options = options;
    this.subjects = subjectsOf(cluster);
    this.inbox = `${transport.inbox}.inspect-${Buffer.from(random.bytes(6)).toString('hex')}`;
    this.subscriptions = [
      transport.subscribe(options.subject ?? this.subjects.inspectAll(), (delivery) =>
        this.receive(delivery),
      ),
      transport.subscribe(this.inbox, ({ payload, status }) => {
        if (status === undefined) this.answer(payload);
      }),
    ];
    transport.onConnection((connected) => this.connectionChanged(connected));
  }

  /** What is to be looked at from now on, instead of what was before. */
  watch(wanted: readonly InspectStartInput[]): void {
    const before = this.leases;
    this.wanted = wanted;
    this.leases = new Map(
      wanted.map((each) => [keyOf(each), before.get(keyOf(each)) ?? this.newLease()]),
    );
    for (const each of wanted) if (!before.has(keyOf(each))) this.ask(each);
    this.timer ??= this.options.clock.after(RENEW_MS, () => this.renew());
  }

  /** Of what is looked at already: its actors are told from their beginning again. */
  beginAnew(wanted: readonly InspectStartInput[]): void {
    for (const each of wanted) {
      if (!this.leases.has(keyOf(each))) continue;
      this.leases.set(keyOf(each), this.newLease());
      this.ask(each);
    }
  }

  end(): void {
    this.ended = true;
    this.timer?.cancel();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private ask(wanted: InspectStartInput): void {
    const { transport } = this.options;
    const request = { ...wanted, lease: this.leases.get(keyOf(wanted)) };
    transport.publish(this.subjects.inspectStart(), encode(request, 'json'), { reply: this.inbox });
  }

  private renew(): void {
    this.timer = this.options.clock.after(RENEW_MS, () => this.renew());
    if (!this.options.transport.isConnected()) return;
    if (this.unanswered >= MISSED_MAX)
      this.tellTrouble('no actor answers on the subject of the inspection');
    this.unanswered += 1;
    for (const [name, process] of this.processes) {
      process.missed += 1;
      if (process.missed > MISSED_MAX) this.processSilent(name, process);
    }
    for (const each of this.wanted) this.ask(each);
  }

  private answer(payload: Uint8Array): void {
    const value = this.read('an answer', () => decode(payload).value);
    if (value === undefined) return;
    const error = value.error as ErrorBody | undefined;
    if (error !== undefined) {
      this.tellTrouble(`${error.code}: ${error.message}`);
      return;
    }
    this.unanswered = 0;
    this.tellTrouble(undefined);
    const name = String(value.process);
    this.processOf(name).missed = 0;
    this.runs(name, typeof value.run === 'string' ? value.run : undefined);
    // It was only paused: its leases may be the old ones, and what it published meanwhile is lost.
    if (this.silent.delete(name)) this.beginAnew(this.wanted);
  }

  private receive({ subject, payload }: Delivery): void {
    const event = this.read(`an event on ${subject}`, () => eventOf(payload));
    if (event === undefined) return;
    const { sessionId, process: name } = event;
    this.runs(name, runOfEvent(event));
    if (event.type !== '@xstate.event') {
      const { status, value } = event.snapshot;
      const owner = this.owners.get(sessionId);
      const isElsewhere = owner !== undefined && owner !== name;
      // Another process has the actor now: the end of the former one is not news.
      if (status === 'stopped' && isElsewhere) return;
      // One that has ended by itself may never be told as gone, and does not end a second time with its process.
      if (status === 'active') this.own(sessionId, name, value);
      else if (!isElsewhere) this.disown(sessionId, name);
    }
    this.options.heard(event);
  }

  /** Undefined for what is not of the form: that is told and dropped, since anybody may publish on these subjects. */
  private read<Value>(what: string, from: () => Value): Value | undefined {
    try {
      return from();
    } catch (error) {
      this.tellTrouble(`${what} is not of the form, and was dropped: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** A process that is back under its name knows nothing of what its former run told: it ends here. */
  private runs(name: string, run: string | undefined): void {
    if (run === undefined) return;
    const process = this.processOf(name);
    if (process.run !== undefined && process.run !== run) this.endActors(name, process);
    process.run = run;
  }

  private own(sessionId: string, name: string, state: unknown): void {
    const before = this.owners.get(sessionId);
    if (before !== undefined && before !== name)
      this.processes.get(before)?.actors.delete(sessionId);
    this.owners.set(sessionId, name);
    this.processOf(name).actors.set(sessionId, state);
  }

  private disown(sessionId: string, name: string): void {
    this.owners.delete(sessionId);
    this.processes.get(name)?.actors.delete(sessionId);
  }

  private processOf(name: string): Process {
    let process = this.processes.get(name);
    if (process === undefined) {
      process = { missed: 0, run: undefined, actors: new Map() };
      this.processes.set(name, process);
    }
    return process;
  }

  private processSilent(name: string, process: Process): void {
    this.processes.delete(name);
    this.silent.add(name);
    this.endActors(name, process);
  }

  private endActors(name: string, process: Process): void {
    const nowMs = this.options.clock.wallMs();
    const actors = [...process.actors];
    process.actors.clear();
    for (const [sessionId, value] of actors) {
      this.owners.delete(sessionId);
      this.made += 1;
      const event: SnapshotEvent = {
        type: '@xstate.snapshot',
        sessionId,
        rootId: sessionId,
        createdAt: String(nowMs),
        id: `${this.inbox}-${this.made}`,
        _version: STATELY_INSPECT_VERSION,
        process: name,
        event: { type: PROCESS_SILENT },
        snapshot: { status: 'stopped', value, since: nowMs },
      };
      this.options.heard(event);
    }
  }

  private connectionChanged(connected: boolean): void {
    if (this.ended) return;
    this.tellTrouble(connected ? undefined : 'the connection to NATS is lost');
    if (!connected) return;
    for (const process of this.processes.values()) process.missed = 0;
    this.beginAnew(this.wanted);
  }

  private newLease(): string {
    return Buffer.from(this.options.random.bytes(9)).toString('base64url');
  }

  private tellTrouble(message: string | undefined): void {
    if (message === this.problem) return;
    this.problem = message;
    this.options.trouble(message);
  }
}

function eventOf(payload: Uint8Array): InspectionEvent {
  const { value } = decode(payload);
  const checked = inspectionEventForm.safeParse(value);
  if (!checked.success) throw problemOf(checked.error, value);
  return value as unknown as InspectionEvent;
}

function keyOf({ kind, id, detail }: InspectStartInput): string {
  return JSON.stringify([kind, id, detail]);
}
