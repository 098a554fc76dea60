/**
 * One client's connection to the simulated server: the transport port of one process. What is sent travels in order;
 * a connection that breaks loses what was under way, reconnects for ever, and subscribes anew.
 */
import type {
  Delivery,
  Endpoint,
  PublishOptions,
  Subscription,
  Transport,
} from '../../actors/actor.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type { Death, Life } from '../life.ts';
import type { SeededRandom } from '../random.ts';
import {
  type Message,
  makeSubscription,
  type ServerSubscription,
  type SimulatedServer,
} from './server.ts';
import { networkBounds } from './settings.ts';

/** `behind`: after what was sent before, but what is sent later does not wait for it. */
export type Order = 'in order' | 'behind' | 'any';

type Sent =
  | { readonly kind: 'publish'; readonly message: Message }
  | { readonly kind: 'subscribe'; readonly subscription: ServerSubscription }
  | { readonly kind: 'unsubscribe'; readonly subscription: ServerSubscription }
  | { readonly kind: 'drain'; readonly subscription: ServerSubscription };

export class SimulatedConnection implements Transport {
  readonly inbox: string;
  readonly node: string;
  /** What it publishes itself is not delivered to it. */
  readonly noEcho: boolean;
  readonly maxPayloadBytes: number;
  private readonly server: SimulatedServer;
  private readonly life: Life;
  private readonly random: SeededRandom;
  private readonly subscriptions = new Set<ServerSubscription>();
  /** What the server knows of them. */
  readonly present = new Set<ServerSubscription>();
  /** Those that get what is under way and nothing else, with whom to tell when there is nothing more. */
  private readonly draining = new Map<ServerSubscription, () => void>();
  private readonly connectionHandlers: ((connected: boolean) => void)[] = [];
  /** The client's view and the server's; they differ for a while after a silent break. */
  private clientConnected = true;
  private serverConnected = true;
  /** Grows when the connection breaks: what was sent before is void. */
  private generation = 0;
  /** Whole, or what is sent later would be rounded to before it. */
  private outgoingFreeUs = 0;
  private incomingFreeUs = 0;
  /** Of a process that crashed: what would arrive later than this did not leave any more. */
  private isDrained = false;
  private outgoingEndUs = Number.POSITIVE_INFINITY;
  private offline: Message[] = [];
  /** Broken, though perhaps nobody has noticed: nothing that is sent arrives. */
  private voided = false;

  constructor(
    server: SimulatedServer,
    life: Life,
    options: { readonly node: string; readonly inbox: string; readonly noEcho?: boolean },
  ) {
    this.server = server;
    this.life = life;
    this.node = options.node;
    this.inbox = options.inbox;
    this.noEcho = options.noEcho ?? false;
    this.maxPayloadBytes = server.maxPayloadBytes;
    this.random = server.random;
    server.attach(this);
    if (!server.isUp) {
      this.clientConnected = false;
      this.serverConnected = false;
    }
    life.whenDead((death) => this.died(death));
  }

  // ── Transport ───────────────────────────────────────────────────────────────────────────────────────────────

  publish(subject: string, payload: Uint8Array, options: PublishOptions = {}): void {
    if (payload.length > this.maxPayloadBytes)
      throw new MesozooError(
        'PAYLOAD_TOO_LARGE',
        `${payload.length} bytes to ${subject}: more than ${this.maxPayloadBytes}`,
      );
    if (!this.life.mayCall()) return;
    const message: Message = {
      subject,
      payload: new Uint8Array(payload),
      reply: options.reply,
      error: options.error,
    };
    this.server.onSent?.(this.node, message);
    if (this.clientConnected) this.send({ kind: 'publish', message });
    else if (
      this.offline.length < networkBounds.offlineMessages &&
      !this.random.chance(this.server.settings.offlineLossChance)
    )
      this.offline.push(message);
  }

  subscribe(
    subject: string,
    handler: (delivery: Delivery) => void,
    options: { queue?: string } = {},
  ): Subscription {
    return this.add(makeSubscription(this, subject, handler, options.queue));
  }

  serve(endpoint: Endpoint, handler: (delivery: Delivery) => void): Subscription {
    return this.add(makeSubscription(this, endpoint.subject, handler, endpoint.queue, endpoint));
  }

  isConnected(): boolean {
    return this.clientConnected;
  }

  onConnection(handler: (connected: boolean) => void): void {
    this.connectionHandlers.push(handler);
  }

  endpoints(): readonly Endpoint[] {
    return [...this.present].flatMap((subscription) => subscription.endpoint ?? []);
  }

  // ── For the server and the faults ───────────────────────────────────────────────────────────────────────────

  /** `run` happens at the process after the delay, unless the connection breaks before. */
  receive(delayUs: number, order: Order, run: () => void): void {
    if (!this.serverConnected || this.voided) return;
    if (this.life.backlog > networkBounds.backlogMessages) {
      this.server.trace.record(this.node, 'slow consumer');
      this.breakOff('by server');
      return;
    }
    const { scheduler } = this.server;
    let atUs = Math.round(scheduler.nowUs + delayUs);
    if (order !== 'any') atUs = Math.max(atUs, this.incomingFreeUs);
    if (order === 'in order') this.incomingFreeUs = atUs;
    const generation = this.generation;
    scheduler.after(atUs - scheduler.nowUs, () => {
      if (generation === this.generation) this.life.input(run);
    });
  }

  /**
   * `clean`: both sides know at once. `by server`: the process learns of it when it runs next.
   * `silent`: neither knows for a while; what is sent is lost.
   */
  breakOff(how: 'clean' | 'by server' | 'silent'): void {
    if (!this.life.isAlive || (!this.clientConnected && !this.serverConnected)) return;
    this.generation++;
    this.server.trace.record(this.node, 'cut', how);
    const broken = this.generation;
    const { scheduler } = this.server;
    const noticeMs = how === 'silent' ? this.random.between(100, networkBounds.staleMs) : 0;
    const serverNoticeMs = how === 'silent' ? this.random.between(100, networkBounds.staleMs) : 0;
    this.voided = true;
    scheduler.after(serverNoticeMs * 1000, () => {
      if (broken === this.generation) this.forget();
    });
    scheduler.after(noticeMs * 1000 + this.random.below(2000), () =>
      this.life.input(() => {
        if (broken !== this.generation) return;
        this.clientConnected = false;
        for (const subscription of [...this.draining.keys()]) this.drained(subscription);
        for (const handler of this.connectionHandlers) handler(false);
        this.reconnectSoon();
      }),
    );
  }

  /** What was sent until now leaves, whatever becomes of the process. */
  drain(): void {
    this.isDrained = true;
  }

  reconnectSoon(): void {
    if (!this.life.isAlive || this.clientConnected || !this.server.isUp) return;
    const broken = this.generation;
    this.server.scheduler.after(this.random.between(20_000, 1_000_000), () =>
      this.life.input(() => {
        if (broken !== this.generation || this.clientConnected || !this.server.isUp) return;
        this.reconnect();
      }),
    );
  }

  // ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────

  private reconnect(): void {
    this.forget();
    this.generation++;
    this.voided = false;
    this.clientConnected = true;
    this.serverConnected = true;
    this.server.trace.record(this.node, 'reconnected');
    for (const subscription of this.subscriptions) this.send({ kind: 'subscribe', subscription });
    const offline = this.offline;
    this.offline = [];
    for (const message of offline) this.send({ kind: 'publish', message });
    for (const handler of this.connectionHandlers) handler(true);
  }

  private add(subscription: ServerSubscription): Subscription {
    if (!this.life.mayCall()) return { unsubscribe: () => undefined, drain: () => undefined };
    this.subscriptions.add(subscription);
    this.send({ kind: 'subscribe', subscription });
    return {
      unsubscribe: () => {
        if (!this.life.mayCall()) return;
        subscription.open = false;
        this.draining.delete(subscription);
        this.subscriptions.delete(subscription);
        this.send({ kind: 'unsubscribe', subscription });
      },
      drain: (drained) => {
        if (!this.life.mayCall()) return;
        this.draining.set(subscription, drained);
        this.subscriptions.delete(subscription);
        if (this.clientConnected) this.send({ kind: 'drain', subscription });
        else
          this.server.scheduler.after(0, () => this.life.input(() => this.drained(subscription)));
      },
    };
  }

  private drained(subscription: ServerSubscription): void {
    const tell = this.draining.get(subscription);
    if (tell === undefined) return;
    this.draining.delete(subscription);
    subscription.open = false;
    tell();
  }

  private send(sent: Sent): void {
    if (!this.clientConnected || this.voided) return;
    const { scheduler } = this.server;
    const atUs = Math.max(
      Math.round(scheduler.nowUs + this.server.latencyUs(this.node)),
      this.outgoingFreeUs,
    );
    this.outgoingFreeUs = atUs;
    const generation = this.generation;
    scheduler.after(atUs - scheduler.nowUs, () => {
      if (generation !== this.generation || scheduler.nowUs > this.outgoingEndUs) return;
      this.arrive(sent);
    });
  }

  private arrive(sent: Sent): void {
    switch (sent.kind) {
      case 'publish':
        this.server.arrived(this, sent.message);
        return;
      case 'subscribe':
        this.server.subscriptionArrived(sent.subscription);
        return;
      case 'unsubscribe':
        this.server.subscriptionGone(sent.subscription);
        return;
      case 'drain':
        this.server.subscriptionGone(sent.subscription);
        // Behind all that the server has sent before.
        this.receive(this.server.latencyUs(this.node), 'in order', () =>
          this.drained(sent.subscription),
        );
        return;
      default:
        throw new TypeError(`unknown: ${JSON.stringify(sent satisfies never)}`);
    }
  }

  /** The server takes all of this connection's interest away. */
  private forget(): void {
    this.serverConnected = false;
    for (const subscription of [...this.present]) this.server.subscriptionGone(subscription);
  }

  /** The end of what it sent may never have left; the server notices at once, or only when pings stay unanswered. */
  private died(death: Death): void {
    const { scheduler, settings } = this.server;
    if (!this.isDrained)
      this.outgoingEndUs = this.random.between(
        scheduler.nowUs,
        Math.max(scheduler.nowUs, this.outgoingFreeUs) + 1,
      );
    const isNoticed = this.random.chance(settings.deathNoticeChance[death]);
    const noticeMs = isNoticed ? 0.5 : networkBounds.staleMs;
    scheduler.after(noticeMs * 1000, () => {
      this.forget();
      this.server.detach(this);
    });
  }
}
