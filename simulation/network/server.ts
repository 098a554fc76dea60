/**
 * A simulated NATS server: subjects with wildcards, queue groups, requests without a responder, connections that
 * break, and faults. Between one publisher and one subscriber messages keep their order while both stay connected,
 * but for those whose protocol takes disorder for granted (`isLoose`).
 */
import type { Delivery, Endpoint } from '../../actors/actor.ts';
import type { ErrorBody } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { SeededRandom } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Trace } from '../trace.ts';
import type { Order, SimulatedConnection } from './connection.ts';
import { GOOD_NETWORK, type NetworkSettings, networkBounds } from './settings.ts';
import { hasWildcard, isPublishable, matchesSubject } from './subjects.ts';

export interface ServerSubscription {
  readonly connection: SimulatedConnection;
  readonly subject: string;
  readonly tokens: readonly string[];
  readonly wildcard: boolean;
  readonly queue: string | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly handler: (delivery: Delivery) => void;
  /** Taken back by the client: what is still under way is not handed over. */
  open: boolean;
}

export interface Message {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
  readonly error: ErrorBody | undefined;
}

export interface ServerOptions {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly maxPayloadBytes?: number;
  /** Subjects whose messages may be lost, repeated and disordered at any time. */
  readonly isLoose?: (subject: string) => boolean;
  /** For the readers of a trace. */
  readonly describe?: (message: Message) => string;
}

export class SimulatedServer {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly maxPayloadBytes: number;
  settings: NetworkSettings = GOOD_NETWORK;
  private readonly isLoose: (subject: string) => boolean;
  private readonly describe: (message: Message) => string;
  private readonly connections = new Set<SimulatedConnection>();
  private readonly literal = new Map<string, Set<ServerSubscription>>();
  private readonly wild = new Set<ServerSubscription>();
  /** `from>to` of nodes between which nothing passes. */
  private readonly blocked = new Set<string>();
  /** What a hop to or from a node takes longer. */
  private readonly delayedUs = new Map<string, number>();
  private readonly answers = new Set<string>();
  private up = true;

  constructor(options: ServerOptions) {
    this.scheduler = options.scheduler;
    this.random = options.random;
    this.trace = options.trace;
    this.maxPayloadBytes = options.maxPayloadBytes ?? limits.natsPayloadBytes;
    this.isLoose = options.isLoose ?? (() => false);
    this.describe = options.describe ?? (() => '');
  }

  get isUp(): boolean {
    return this.up;
  }

  /** For checkers: each message as it leaves a process, and as it reaches one. */
  onSent: ((from: string, message: Message) => void) | undefined;
  onDelivered: ((to: string, message: Message) => void) | undefined;

  /** Messages that arrived and were handed on; for statistics. */
  delivered = 0;
  lost = 0;

  // ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing passes from one node to the other, in this direction. */
  block(from: string, to: string): void {
    this.blocked.add(`${from}>${to}`);
  }

  unblock(from: string, to: string): void {
    this.blocked.delete(`${from}>${to}`);
  }

  /** Nothing is blocked or delayed any more. */
  healPartitions(): void {
    this.blocked.clear();
    this.delayedUs.clear();
  }

  /** Each message from and to this node takes so much longer; 0: as long as any other again. */
  delay(node: string, extraUs: number): void {
    this.delayedUs.set(node, extraUs);
  }

  isBlocked(from: string, to: string): boolean {
    return this.blocked.size > 0 && this.blocked.has(`${from}>${to}`);
  }

  /** Everything under way is lost, every connection breaks. */
  stop(): void {
    if (!this.up) return;
    this.up = false;
    this.trace.record('nats', 'stop');
    for (const connection of [...this.connections]) connection.breakOff('by server');
  }

  start(): void {
    if (this.up) return;
    this.up = true;
    this.trace.record('nats', 'start');
    for (const connection of [...this.connections]) connection.reconnectSoon();
  }

  // ── For connections ─────────────────────────────────────────────────────────────────────────────────────────

  attach(connection: SimulatedConnection): void {
    this.connections.add(connection);
  }

  detach(connection: SimulatedConnection): void {
    this.connections.delete(connection);
  }

  subscriptionArrived(subscription: ServerSubscription): void {
    const { present } = subscription.connection;
    if (!subscription.open || present.has(subscription)) return;
    present.add(subscription);
    if (subscription.wildcard) this.wild.add(subscription);
    else {
      const list = this.literal.get(subscription.subject) ?? new Set();
      list.add(subscription);
      this.literal.set(subscription.subject, list);
    }
  }

  subscriptionGone(subscription: ServerSubscription): void {
    if (!subscription.connection.present.delete(subscription)) return;
    this.wild.delete(subscription);
    const list = this.literal.get(subscription.subject);
    list?.delete(subscription);
    if (list?.size === 0) this.literal.delete(subscription.subject);
  }

  /** The delay of one hop, between this node and the server. */
  latencyUs(node: string): number {
    const { latencyUs, spikeChance, spikeUs } = this.settings;
    const base = this.random.between(latencyUs[0], latencyUs[1]) + (this.delayedUs.get(node) ?? 0);
    return this.random.chance(spikeChance)
      ? base + this.random.between(spikeUs[0], spikeUs[1])
      : base;
  }

  arrived(from: SimulatedConnection, message: Message): void {
    if (!isPublishable(message.subject)) return;
    if (message.subject.startsWith('$SRV.')) {
      this.answerService(message);
      return;
    }
    const answer = this.answers.delete(message.subject);
    if (message.reply !== undefined) this.expectAnswer(message.reply);
    const receivers = this.receiversOf(from, message);
    if (receivers.length === 0) {
      if (message.reply !== undefined && message.payload !== undefined)
        this.noResponders(from, message.reply);
      return;
    }
    const loose = this.isLoose(message.subject);
    const request = !loose && (answer || message.reply !== undefined);
    for (const subscription of receivers) this.forward(from, subscription, message, loose, request);
  }

  // ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────

  private forward(
    from: SimulatedConnection,
    subscription: ServerSubscription,
    message: Message,
    loose: boolean,
    request: boolean,
  ): void {
    const { settings, random } = this;
    const { node } = subscription.connection;
    const lossChance = loose ? settings.lossChance : request ? settings.requestLossChance : 0;
    const repeatChance = loose ? settings.repeatChance : request ? settings.requestRepeatChance : 0;
    if (this.isBlocked(from.node, node) || (lossChance > 0 && random.chance(lossChance))) {
      this.lost++;
      this.trace.record(
        subscription.connection.node,
        'lost',
        `${message.subject} from ${from.node}`,
      );
      return;
    }
    const late = loose && random.chance(settings.disorderChance);
    const deliver = (delayUs: number, order: Order) =>
      subscription.connection.receive(delayUs, order, () => {
        if (!subscription.open) return;
        this.delivered++;
        this.trace.record(
          subscription.connection.node,
          'got',
          message.subject,
          message.payload,
          () => `from ${from.node} ${this.describe(message)}`,
        );
        this.onDelivered?.(subscription.connection.node, message);
        subscription.handler({
          subject: message.subject,
          payload: message.payload,
          ...(message.reply !== undefined && { reply: message.reply }),
        });
      });
    const extraUs = late ? random.between(settings.disorderUs[0], settings.disorderUs[1]) : 0;
    deliver(this.latencyUs(node) + extraUs, late ? 'any' : 'in order');
    if (random.chance(repeatChance))
      deliver(
        this.latencyUs(node) + random.between(settings.disorderUs[0], settings.disorderUs[1] + 1),
        // A request or an answer that comes twice comes the first time in its place.
        request ? 'behind' : 'any',
      );
  }

  private receiversOf(from: SimulatedConnection, message: Message): ServerSubscription[] {
    const chosen: ServerSubscription[] = [];
    const groups = new Map<string, ServerSubscription[]>();
    const take = (subscription: ServerSubscription) => {
      if (from.noEcho && subscription.connection === from) return;
      if (subscription.queue === undefined) {
        chosen.push(subscription);
        return;
      }
      // A cluster of servers that is cut in two soon sees only the queue members on its own side.
      if (this.isBlocked(from.node, subscription.connection.node)) return;
      const key = `${subscription.queue} ${subscription.subject}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [subscription]);
      else group.push(subscription);
    };
    for (const subscription of this.literal.get(message.subject) ?? []) take(subscription);
    if (this.wild.size > 0) {
      const tokens = message.subject.split('.');
      for (const subscription of this.wild)
        if (matchesSubject(subscription.tokens, tokens)) take(subscription);
    }
    for (const group of groups.values()) chosen.push(this.random.pick(group));
    return chosen;
  }

  private expectAnswer(reply: string): void {
    this.answers.add(reply);
    if (this.answers.size > networkBounds.answersRemembered)
      for (const oldest of this.answers) {
        this.answers.delete(oldest);
        break;
      }
  }

  /** As NATS does it: an empty answer with the status 503. */
  private noResponders(from: SimulatedConnection, reply: string): void {
    this.answers.delete(reply);
    for (const subscription of this.receiversOf(from, {
      subject: reply,
      payload: EMPTY,
      reply: undefined,
      error: undefined,
    })) {
      if (subscription.connection !== from) continue;
      from.receive(this.latencyUs(from.node), 'in order', () => {
        if (!subscription.open) return;
        this.trace.record(from.node, 'none', reply);
        subscription.handler({ subject: reply, payload: EMPTY, status: 503 });
      });
    }
  }

  /** `$SRV.PING`, `INFO` and `STATS`, as far as tests and clients look at them: which endpoints there are. */
  private answerService(message: Message): void {
    if (message.reply === undefined) return;
    const [, verb, wanted] = message.subject.split('.');
    for (const connection of this.connections) {
      const endpoints = connection.endpoints();
      const services = new Set(endpoints.map((endpoint) => endpoint.service));
      for (const name of services) {
        if (wanted !== undefined && wanted !== name) continue;
        const body = {
          type: `io.nats.micro.v1.${verb?.toLowerCase()}_response`,
          name,
          id: `${connection.node}.${name}`,
          version: '0.0.0',
          endpoints: endpoints
            .filter((endpoint) => endpoint.service === name)
            .map(({ name: endpoint, subject, queue }) => ({
              name: endpoint,
              subject,
              queue_group: queue,
            })),
        };
        this.arrived(connection, {
          subject: message.reply,
          payload: new TextEncoder().encode(JSON.stringify(body)),
          reply: undefined,
          error: undefined,
        });
      }
    }
  }
}

const EMPTY = new Uint8Array(0);

export function makeSubscription(
  connection: SimulatedConnection,
  subject: string,
  handler: (delivery: Delivery) => void,
  queue: string | undefined,
  endpoint?: Endpoint,
): ServerSubscription {
  return {
    connection,
    subject,
    tokens: subject.split('.'),
    wildcard: hasWildcard(subject),
    queue,
    endpoint,
    handler,
    open: true,
  };
}
