/**
 * A framework's link to whichever master leads, over NATS: subscribes, answers heartbeats, checks that no event is
 * missing, and subscribes again under the same id when one is, when the leader changes or when the connection breaks.
 *
 * Every subscription has an inbox of its own, so that what was meant for an older one is never taken for news. A call is
 * answered before the next SUBSCRIBED is told; calls of an older subscription are refused by the master from then on.
 */

import { subscriptionMachine } from '../../../machines/subscription.ts';
import { encode, type Form } from '../../../protocol/codec.ts';
import { type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { FrameworkEvent, FrameworkInfo } from '../../../protocol/framework-api.ts';
import { subjectsOf } from '../../../protocol/subjects.ts';
import type { Delivery, Logger, Ports, Subscription, Timer } from '../../actor.ts';
import { type Call, type Outcome, Requests } from '../../coord/client/requests.ts';
import { Lifecycle } from '../../lifecycle.ts';
import type { CallBody, CallBodyOf, CallResult, SchedulerLink } from '../../scheduler-link.ts';
import { EventStream, type NumberedEvent, readEvent } from './event-stream.ts';
import { OpenCalls } from './open-calls.ts';

export interface NatsLinkOptions {
  readonly cluster: string;
  /** With an `id` its subscription is taken over; without one the framework is new, under an id made from its name. */
  readonly info: FrameworkInfo;
  /** Of calls and events; MessagePack by default. */
  readonly form?: Form;
}

const CALL_DEADLINE_MS = 10_000;
const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 2000;
/** So many intervals without a word, and the leader is taken to be gone. */
const HEARTBEATS_MISSED_MAX = 3;
/** A timer may fire a little early, by another clock's reckoning: without this it would be set again and again. */
const LOOK_MIN_MS = 20;
/** Events that may come before the answer to SUBSCRIBE: the master sends that first. */
const EARLY_EVENTS_MAX = 1000;
const EMPTY = new Uint8Array();

/** They change nothing: that one is not answered in time leaves no doubt about what is. */
const questions: ReadonlySet<CallBody['type']> = new Set([
  'EXPLAIN',
  'READ_OUTPUT',
  'FOLLOW_OUTPUT',
]);
/** Answers of a master that does not know the subscription, or leads no more. */
const lostAfter: ReadonlySet<ErrorCode> = new Set(['NOT_SUBSCRIBED', 'NOT_LEADER']);
/** SUBSCRIBE may succeed later. */
const passing: ReadonlySet<ErrorCode> = new Set([
  ...lostAfter,
  'UNAVAILABLE',
  'TOO_MANY_REQUESTS',
  'TIMEOUT',
  'CONNECTION_LOST',
  'INTERNAL',
]);

/** How it ends where the refusal of SUBSCRIBE says more than that it was refused. */
const endAfter: Readonly<Partial<Record<ErrorCode, End>>> = {
  NO_FRAMEWORK: 'TORN_DOWN',
  // Another instance came while this one's record was being written: as if it had come a moment later.
  FAILED_OVER: 'DISMISSED',
};
type End = 'TORN_DOWN' | 'REJECTED' | 'DISMISSED';

export class NatsLink implements SchedulerLink {
  readonly frameworkId: string;
  private readonly ports: Ports;
  private readonly options: NatsLinkOptions;
  private readonly log: Logger;
  private readonly subject: string;
  private readonly form: Form;
  private readonly lifecycle: Lifecycle<typeof subscriptionMachine>;
  private readonly requests: Requests;
  private readonly calls: OpenCalls;
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private handler: (event: FrameworkEvent) => void = () => undefined;

  /** Counts the subscriptions that were tried; the last token of the inbox of each. */
  private attempt = 0;
  /** Tries since a subscription was seen to live. */
  private tries = 0;
  private subscribeCall: Call | undefined;
  private streamId: string | undefined;
  /** Calls of this subscription so far. */
  private callCount = 0;
  private stream = new EventStream();
  private early: NumberedEvent[] = [];
  private heardAtMs = 0;
  private silenceMs = 0;
  private silenceTimer: Timer | undefined;

  /** Listens at once; subscribes when `open` is called. */
  constructor(ports: Ports, options: NatsLinkOptions) {
    this.ports = ports;
    this.options = options;
    this.log = ports.log.child({ part: 'subscription' });
    this.subject = subjectsOf(options.cluster).frameworkCall();
    this.form = options.form ?? 'msgpack';
    this.frameworkId = options.info.id?.value ?? newId(options.info.name, ports);
    this.requests = new Requests(ports);
    this.calls = new OpenCalls(this.requests);
    this.inbox = `${ports.transport.inbox}.${hex(ports.random.bytes(8))}`;
    this.subscription = ports.transport.subscribe(`${this.inbox}.*`, (delivery) =>
      this.receive(delivery),
    );
    ports.transport.onConnection((connected) =>
      this.lifecycle.offer({ type: connected ? 'CONNECTED' : 'DISCONNECTED' }),
    );
    this.lifecycle = this.newLifecycle();
  }

  open(): void {
    this.lifecycle.offer({ type: 'OPENED' });
    if (this.ports.transport.isConnected()) this.lifecycle.offer({ type: 'CONNECTED' });
  }

  /** Leaves without a word to the master: the tasks go on until the failover timeout has passed. */
  close(): void {
    this.lifecycle.offer({ type: 'CLOSED' });
  }

  /** Of the subscription's chart: `subscribed`, or why not. */
  state(): string {
    return this.lifecycle.state();
  }

  onEvent(handler: (event: FrameworkEvent) => void): void {
    this.handler = handler;
  }

  call<Type extends CallBody['type']>(
    call: CallBodyOf<Type>,
    answer: (result: CallResult<Type>) => void = () => undefined,
  ): void {
    const settle = answer as (result: CallResult<CallBody['type']>) => void;
    if (!this.lifecycle.matches('subscribed')) {
      settle({ ok: false, error: new MesozooError('NOT_SUBSCRIBED', this.whyNotSubscribed()) });
      return;
    }
    const { attempt, streamId } = this;
    this.callCount += 1;
    const payload = {
      ...call,
      framework_id: { value: this.frameworkId },
      stream_id: streamId,
      sequence: this.callCount,
    };
    try {
      this.calls.send(
        this.subject,
        encode(payload, this.form),
        CALL_DEADLINE_MS,
        settle as never,
        (outcome) => {
          if (attempt === this.attempt) this.answered((call as CallBody).type, outcome);
        },
      );
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      settle({ ok: false, error });
    }
  }

  // ── Subscribing ───────────────────────────────────────────────────────────────────────────────────────────

  private newLifecycle(): Lifecycle<typeof subscriptionMachine> {
    return new Lifecycle(
      subscriptionMachine.provide({
        actions: {
          sendSubscribe: () => this.sendSubscribe(),
          forgetSubscribe: () => this.subscribeCall?.end(),
          beginSubscription: () => this.watchSilence(),
          endSubscription: () => this.endSubscription(),
          release: () => this.release(),
        },
        delays: { backoff: () => this.backoffMs() },
      }),
      { id: `subscription.${this.frameworkId}`, clock: this.ports.clock },
    );
  }

  private sendSubscribe(): void {
    this.attempt += 1;
    this.tries += 1;
    this.streamId = undefined;
    this.callCount = 0;
    this.stream = new EventStream();
    this.early = [];
    const framework_id = { value: this.frameworkId };
    const call = {
      type: 'SUBSCRIBE',
      framework_id,
      subscribe: { framework_info: { ...this.options.info, id: framework_id } },
      events: `${this.inbox}.${this.attempt}`,
    };
    this.subscribeCall = this.requests.open((outcome) => this.subscribeAnswered(outcome));
    this.subscribeCall.send(this.subject, encode(call, this.form));
  }

  private subscribeAnswered(outcome: Outcome): void {
    if (outcome.kind === 'reply') {
      this.streamId = String(outcome.value.stream_id);
      const { attempt, early } = this;
      this.early = [];
      for (const event of early) if (this.isOpen(attempt)) this.take(event);
      return;
    }
    if (outcome.kind !== 'error' || passing.has(outcome.error.code)) {
      this.log.debug('subscription put off', {
        why: outcome.kind === 'error' ? outcome.error.code : outcome.kind,
      });
      this.lifecycle.send({ type: 'PUT_OFF' });
      return;
    }
    const { error } = outcome;
    this.end(endAfter[error.code] ?? 'REJECTED', error.message);
  }

  private backoffMs(): number {
    const wholeMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.max(0, this.tries - 1));
    return wholeMs * (0.5 + this.ports.random.next() / 2);
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────

  private receive(delivery: Delivery): void {
    if (!this.isOpen(Number(delivery.subject.slice(this.inbox.length + 1)))) return;
    let event: NumberedEvent;
    try {
      event = readEvent(delivery.payload);
    } catch (error) {
      this.log.warn('event not readable', { error });
      this.lost('an event is not readable');
      return;
    }
    if (this.streamId === undefined) {
      if (this.early.length < EARLY_EVENTS_MAX) this.early.push(event);
      return;
    }
    // An answer to a heartbeat says that everything up to it is here.
    if (this.take(event) && event.type === 'HEARTBEAT' && delivery.reply !== undefined)
      this.ports.transport.publish(delivery.reply, EMPTY);
  }

  /** An attempt is over once it was lost, though the next one has not begun. */
  private isOpen(attempt: number): boolean {
    const { lifecycle } = this;
    const isOver = !lifecycle.matches('subscribing') && !lifecycle.matches('subscribed');
    return attempt === this.attempt && !isOver;
  }

  /** Says whether the event is new and was told. */
  private take(event: NumberedEvent): boolean {
    const verdict = this.stream.judge(event);
    if (verdict === 'gap') this.lost('an event is missing');
    if (verdict !== 'next') return false;
    this.heardAtMs = this.ports.clock.monotonicMs();
    if (event.type === 'ERROR') {
      this.end('DISMISSED', event.error.message);
      return false;
    }
    if (event.type === 'SUBSCRIBED') {
      const { heartbeat_interval_seconds, master_info } = event.subscribed;
      this.silenceMs = heartbeat_interval_seconds * 1000 * HEARTBEATS_MISSED_MAX;
      this.log.info('subscribed', { frameworkId: this.frameworkId, master: master_info.id });
      this.lifecycle.send({ type: 'SUBSCRIBED' });
    }
    if (event.type === 'HEARTBEAT') this.tries = 0;
    this.handler(event);
    return true;
  }

  private lost(why: string): void {
    if (this.lifecycle.offer({ type: 'LOST' }))
      this.log.info('subscription lost', { frameworkId: this.frameworkId, why });
  }

  /** One timer at a time, moved on when it fires: events come too often to set one for each. */
  private watchSilence(): void {
    const dueMs = this.heardAtMs + this.silenceMs - this.ports.clock.monotonicMs();
    if (dueMs <= 0) this.lost('no heartbeat');
    else
      this.silenceTimer = this.ports.clock.after(Math.max(LOOK_MIN_MS, dueMs), () =>
        this.watchSilence(),
      );
  }

  // ── Answers, and the end ──────────────────────────────────────────────────────────────────────────────────

  private answered(type: CallBody['type'], outcome: Outcome): void {
    if (outcome.kind === 'noResponder') this.lost('no master leads');
    else if (outcome.kind === 'timeout') {
      if (!questions.has(type)) this.lost(`${type} was not answered`);
    } else if (outcome.kind === 'error') {
      if (outcome.error.code === 'NO_FRAMEWORK') this.end('TORN_DOWN', outcome.error.message);
      else if (lostAfter.has(outcome.error.code)) this.lost(outcome.error.message);
    } else if (type === 'TEARDOWN') this.lifecycle.offer({ type: 'TORN_DOWN' });
  }

  private end(type: End, message: string): void {
    if (!this.lifecycle.offer({ type })) return;
    this.log.warn('subscription over', { frameworkId: this.frameworkId, why: message });
    this.handler({ type: 'ERROR', error: { message } });
  }

  private endSubscription(): void {
    this.silenceTimer?.cancel();
    this.calls.failAll(
      new MesozooError('CONNECTION_LOST', 'the subscription has ended before the answer'),
    );
  }

  private release(): void {
    this.subscription.unsubscribe();
    this.requests.close();
  }

  private whyNotSubscribed(): string {
    return this.lifecycle.isDone()
      ? `the subscription is over: ${this.lifecycle.state()}`
      : `not subscribed at the moment: ${this.lifecycle.state()}`;
  }
}

function newId(name: string, ports: Ports): string {
  const letters = name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return `${letters.slice(0, 100) || 'framework'}-${hex(ports.random.bytes(4))}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
