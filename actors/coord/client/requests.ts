/**
 * Request and reply over the transport: each call has a reply subject of its own under the actor's inbox, so that an
 * answer finds its question whatever the order, and one subscription serves all.
 *
 * Deadlines are swept by one timer, not one a request. What comes back is one of four outcomes; a call that is kept
 * open (`expectMore`) may be sent again under the same reply subject, so that the answer to any of its sendings counts.
 */

import { decode } from '../../../protocol/codec.ts';
import { type ErrorBody, MesozooError } from '../../../protocol/errors.ts';
import type { Delivery, Ports, Subscription, Timer } from '../../actor.ts';

export type Outcome =
  | { readonly kind: 'reply'; readonly value: Record<string, unknown> }
  /** The other side's `{error}`; `value` is all that came with it. */
  | {
      readonly kind: 'error';
      readonly error: MesozooError;
      readonly value?: Record<string, unknown>;
    }
  /** Nobody listens on the subject. */
  | { readonly kind: 'noResponder' }
  | { readonly kind: 'timeout' };

export type OutcomeHandler = (outcome: Outcome) => void;

export interface Call {
  /** May be called again: the same question, perhaps to somebody else. */
  send(subject: string, payload: Uint8Array): void;
  /** No outcome is told any more. */
  end(): void;
}

interface OpenCall {
  readonly handler: OutcomeHandler;
  readonly deadlineAtMs: number;
  readonly expectMore: boolean;
}

/** Deadlines are met this much late at most: sweeps are not run more often. */
const SWEEP_MIN_MS = 20;
const NO_RESPONDERS = 503;

export class Requests {
  private readonly ports: Pick<Ports, 'clock' | 'random' | 'transport'>;
  private readonly prefix: string;
  private readonly subscription: Subscription;
  private readonly calls = new Map<string, OpenCall>();
  private counter = 0;
  private sweepTimer: Timer | undefined;
  private sweepAtMs = Number.POSITIVE_INFINITY;
  private closed = false;

  constructor(ports: Pick<Ports, 'clock' | 'random' | 'transport'>) {
    this.ports = ports;
    this.prefix = `${ports.transport.inbox}.${randomToken(ports.random.bytes(8))}`;
    this.subscription = ports.transport.subscribe(`${this.prefix}.*`, (delivery) =>
      this.receive(delivery),
    );
  }

  get outstanding(): number {
    return this.calls.size;
  }

  /**
   * Opens a call; `handler` is told one outcome, or with `expectMore` every one until `end`. Without a deadline the
   * caller ends it.
   */
  open(handler: OutcomeHandler, options: { deadlineMs?: number; expectMore?: boolean } = {}): Call {
    const id = (this.counter++).toString(36);
    const deadlineAtMs =
      options.deadlineMs === undefined
        ? Number.POSITIVE_INFINITY
        : this.ports.clock.monotonicMs() + options.deadlineMs;
    this.calls.set(id, { handler, deadlineAtMs, expectMore: options.expectMore ?? false });
    this.sweepBy(deadlineAtMs);
    const reply = `${this.prefix}.${id}`;
    return {
      send: (subject, payload) => this.ports.transport.publish(subject, payload, { reply }),
      end: () => {
        this.calls.delete(id);
      },
    };
  }

  /** One question, one outcome. Throws PAYLOAD_TOO_LARGE as the transport does. */
  ask(subject: string, payload: Uint8Array, deadlineMs: number, handler: OutcomeHandler): Call {
    const call = this.open(handler, { deadlineMs });
    call.send(subject, payload);
    return call;
  }

  /** Open calls are forgotten: whoever closes knows what it still waits for. */
  close(): void {
    this.closed = true;
    this.subscription.unsubscribe();
    this.sweepTimer?.cancel();
    this.calls.clear();
  }

  private receive(delivery: Delivery): void {
    const id = delivery.subject.slice(this.prefix.length + 1);
    const call = this.calls.get(id);
    if (call === undefined) return; // an answer that came too late, or twice
    if (!call.expectMore) this.calls.delete(id);
    call.handler(readOutcome(delivery));
  }

  private sweepBy(deadlineAtMs: number): void {
    if (deadlineAtMs >= this.sweepAtMs || this.closed) return;
    this.sweepTimer?.cancel();
    const nowMs = this.ports.clock.monotonicMs();
    const delayMs = Math.max(SWEEP_MIN_MS, deadlineAtMs - nowMs);
    this.sweepAtMs = nowMs + delayMs;
    this.sweepTimer = this.ports.clock.after(delayMs, () => this.sweep());
  }

  private sweep(): void {
    this.sweepAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.ports.clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    const late: OpenCall[] = [];
    for (const [id, call] of this.calls) {
      if (call.deadlineAtMs > nowMs) {
        nextMs = Math.min(nextMs, call.deadlineAtMs);
        continue;
      }
      this.calls.delete(id);
      late.push(call);
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.sweepBy(nextMs);
    for (const call of late) call.handler({ kind: 'timeout' });
  }
}

/** Never throws: an answer that cannot be read is an INTERNAL error of the other side. */
function readOutcome(delivery: Delivery): Outcome {
  if (delivery.status === NO_RESPONDERS) return { kind: 'noResponder' };
  try {
    const { value } = decode(delivery.payload);
    if (value.error === undefined) return { kind: 'reply', value };
    return { kind: 'error', error: MesozooError.fromBody(value.error as ErrorBody), value };
  } catch (cause) {
    return {
      kind: 'error',
      error: new MesozooError('INTERNAL', 'the answer is not readable', { cause }),
    };
  }
}

function randomToken(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
