/**
 * For tests of the client: a virtual clock, and a bus of NATS' manner between transports in one process. What a test
 * wants to go wrong it says in `meddle`. The full simulated world, with seeds and whole clusters, is `simulation/`.
 */
import { limits } from '../../../../protocol/limits.ts';
import type {
  Clock,
  Delivery,
  Ports,
  Random,
  Subscription,
  Timer,
  Transport,
} from '../../../actor.ts';
import { silentLog } from '../../../testing/silent-log.ts';

export type Fate = 'deliver' | 'lose' | 'repeat' | { readonly delayMs: number };

interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

interface Subscriber {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly owner: VirtualTransport;
  readonly handler: (delivery: Delivery) => void;
  /** Gets what is under way, and nothing else. */
  isDraining: boolean;
}

const LATENCY_MS = 1;

export class VirtualWorld {
  /** Asked for every message; from and to are the names of the transports. */
  meddle: (message: { from: string; to: string; subject: string; payload: Uint8Array }) => Fate =
    () => 'deliver';
  readonly subscribers: Subscriber[] = [];
  private nowMs = 0;
  private order = 0;
  private agenda: Scheduled[] = [];
  private turn = 0;

  readonly clock: Clock = {
    monotonicMs: () => this.nowMs,
    wallMs: () => 1_700_000_000_000 + this.nowMs,
    after: (delayMs, handler): Timer => {
      const scheduled = this.at(this.nowMs + delayMs, handler);
      return {
        cancel: () => {
          scheduled.cancelled = true;
        },
      };
    },
  };

  ports(name: string): Ports & { readonly transport: VirtualTransport } {
    return {
      clock: this.clock,
      random: this.random,
      transport: new VirtualTransport(this, name),
      log: silentLog,
    };
  }

  /** Runs everything that is due within the next milliseconds. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      const next = this.takeNext(untilMs);
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
  }

  /** Runs until the condition holds; throws when it does not within the time. */
  runUntil(condition: () => boolean, withinMs = 60_000): void {
    const untilMs = this.nowMs + withinMs;
    while (!condition()) {
      const next = this.takeNext(untilMs);
      if (next === undefined) throw new Error(`did not happen within ${withinMs} ms`);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
  }

  at(atMs: number, run: () => void): Scheduled {
    const scheduled = { atMs, order: this.order++, run, cancelled: false };
    this.agenda.push(scheduled);
    return scheduled;
  }

  carry(from: VirtualTransport, delivery: Delivery): void {
    const receivers = this.receiversOf(delivery.subject);
    if (receivers.length === 0) {
      const { reply } = delivery;
      if (reply !== undefined)
        this.at(this.nowMs + LATENCY_MS, () =>
          this.hand(reply, { subject: reply, payload: new Uint8Array(), status: 503 }),
        );
      return;
    }
    for (const receiver of receivers) {
      const fate = this.meddle({
        from: from.name,
        to: receiver.owner.name,
        subject: delivery.subject,
        payload: delivery.payload,
      });
      if (fate === 'lose') continue;
      const delayMs = LATENCY_MS + (typeof fate === 'object' ? fate.delayMs : 0);
      const hand = () => {
        if (receiver.owner.isConnected() && this.subscribers.includes(receiver))
          receiver.handler(delivery);
      };
      this.at(this.nowMs + delayMs, hand);
      if (fate === 'repeat') this.at(this.nowMs + delayMs + LATENCY_MS, hand);
    }
  }

  private hand(subject: string, delivery: Delivery): void {
    for (const receiver of this.receiversOf(subject))
      if (receiver.owner.isConnected()) receiver.handler(delivery);
  }

  private receiversOf(subject: string): Subscriber[] {
    const matching = this.subscribers.filter(
      (each) =>
        !each.isDraining && each.owner.isConnected() && subjectMatches(each.pattern, subject),
    );
    const receivers = matching.filter((each) => each.queue === undefined);
    for (const queue of new Set(matching.map((each) => each.queue))) {
      if (queue === undefined) continue;
      const members = matching.filter((each) => each.queue === queue);
      receivers.push(members[this.turn++ % members.length] as Subscriber);
    }
    return receivers;
  }

  private takeNext(untilMs: number): Scheduled | undefined {
    let best: Scheduled | undefined;
    this.agenda = this.agenda.filter((each) => !each.cancelled);
    for (const each of this.agenda) {
      if (each.atMs > untilMs) continue;
      if (
        best === undefined ||
        each.atMs < best.atMs ||
        (each.atMs === best.atMs && each.order < best.order)
      )
        best = each;
    }
    if (best !== undefined) best.cancelled = true;
    return best;
  }

  private seed = 12_345;
  private readonly random: Random = {
    next: () => {
      this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return this.seed / 0x80000000;
    },
    bytes: (count) =>
      Uint8Array.from({ length: count }, () => Math.floor(this.random.next() * 256)),
  };
}

export class VirtualTransport implements Transport {
  readonly name: string;
  readonly inbox: string;
  readonly maxPayloadBytes = limits.natsPayloadBytes;
  private readonly world: VirtualWorld;
  private readonly handlers: ((connected: boolean) => void)[] = [];
  private connected = true;

  constructor(world: VirtualWorld, name: string) {
    this.world = world;
    this.name = name;
    this.inbox = `_INBOX.${name}`;
  }

  publish(subject: string, payload: Uint8Array, options: { reply?: string } = {}): void {
    if (this.connected) this.world.carry(this, { subject, payload, ...options });
  }

  subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options: { queue?: string } = {},
  ): Subscription {
    const { world } = this;
    const { queue } = options;
    const subscriber: Subscriber = { pattern, queue, owner: this, handler, isDraining: false };
    world.subscribers.push(subscriber);
    const unsubscribe = () => {
      const index = world.subscribers.indexOf(subscriber);
      if (index >= 0) world.subscribers.splice(index, 1);
      return index >= 0;
    };
    return {
      unsubscribe,
      drain: (drained) => {
        subscriber.isDraining = true;
        world.at(world.clock.monotonicMs() + LATENCY_MS, () => unsubscribe() && drained());
      },
    };
  }

  serve(
    endpoint: { subject: string; queue: string },
    handler: (delivery: Delivery) => void,
  ): Subscription {
    return this.subscribe(endpoint.subject, handler, { queue: endpoint.queue });
  }

  isConnected(): boolean {
    return this.connected;
  }

  onConnection(handler: (connected: boolean) => void): void {
    this.handlers.push(handler);
  }

  setConnected(connected: boolean): void {
    this.connected = connected;
    for (const handler of this.handlers) handler(connected);
  }
}

function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    if (given[index] === undefined || (token !== '*' && token !== given[index])) return false;
  }
  return wanted.length === given.length;
}
