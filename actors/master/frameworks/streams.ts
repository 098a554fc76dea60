/**
 * Where the events of one subscription go: over NATS to the inbox that the framework named, or to a framework in this
 * process. What is told over NATS leaves when everything before it is decided.
 */
import { encode, type Form } from '../../../protocol/codec.ts';
import type { FrameworkEvent } from '../../../protocol/framework-api.ts';
import type { Clock, Logger, Subscription, Transport } from '../../actor.ts';

export interface EventStream {
  /** Every call of the subscription carries it. */
  readonly id: string;
  deliver(event: FrameworkEvent): void;
  /** The framework has shown that it is there. */
  heard(): void;
  /** Says whether the call of this number was taken before; it counts as taken from now on. Without a number it is new. */
  isRepeat(sequence: number | undefined): boolean;
  /** From time to time; whether the framework is still there. */
  tick(): boolean;
  end(): void;
}

/** Of HEARTBEAT; a framework that misses three of them subscribes again. */
export const HEARTBEAT_SECONDS = 2;
/** A framework that does not answer for so long is disconnected. */
const SILENCE_MAX_MS = 10_000;
const STEP_MAX_MS = 2_000;

export interface NatsStreamParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Logger;
  readonly afterwards: (effect: () => void) => void;
  readonly id: string;
  readonly inbox: string;
  readonly form: Form;
  /** Whether a silence is the framework's own: not while we are cut off. */
  readonly isHeard: () => boolean;
}

export class NatsStream implements EventStream {
  readonly id: string;
  private readonly parts: NatsStreamParts;
  private readonly pulse: string;
  private readonly answers: Subscription;
  private sequence = 0;
  /** Number of the last call. */
  private called = 0;
  private heardAtMs: number;
  private beatAtMs: number;
  private tickedAtMs: number;
  private ended = false;

  constructor(parts: NatsStreamParts) {
    this.parts = parts;
    this.id = parts.id;
    this.heardAtMs = parts.clock.monotonicMs();
    this.beatAtMs = this.heardAtMs;
    this.tickedAtMs = this.heardAtMs;
    this.pulse = `${parts.transport.inbox}.framework-${parts.id}`;
    this.answers = parts.transport.subscribe(this.pulse, ({ status }) => {
      // NATS itself answers where nobody listens any more.
      if (status === undefined) this.heard();
    });
  }

  deliver(event: FrameworkEvent): void {
    this.parts.afterwards(() => this.publish(event));
  }

  heard(): void {
    this.heardAtMs = this.parts.clock.monotonicMs();
  }

  /** NATS keeps a connection's calls in order: what comes late is a repeat. */
  isRepeat(sequence: number | undefined): boolean {
    if (sequence === undefined) return false;
    if (sequence <= this.called) return true;
    this.called = sequence;
    return false;
  }

  tick(): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    const sinceMs = nowMs - this.tickedAtMs;
    this.tickedAtMs = nowMs;
    // While this process stood still or was cut off itself, the framework was not silent: it did not hear it.
    if (!this.parts.isHeard() || sinceMs > STEP_MAX_MS) this.heardAtMs += sinceMs;
    // A leader that may not lead any more must not keep its frameworks from the next one.
    if (this.parts.isHeard() && nowMs - this.beatAtMs >= HEARTBEAT_SECONDS * 1000) {
      this.beatAtMs = nowMs;
      this.publish({ type: 'HEARTBEAT' }, this.pulse);
    }
    return nowMs - this.heardAtMs <= SILENCE_MAX_MS;
  }

  end(): void {
    this.ended = true;
    this.answers.unsubscribe();
  }

  private publish(event: FrameworkEvent, reply?: string): void {
    if (this.ended) return;
    const { transport, inbox, form, log } = this.parts;
    const bytes = encode({ ...event, sequence: this.sequence + 1 }, form);
    if (bytes.length > transport.maxPayloadBytes) {
      log.error('event is larger than a message', { type: event.type, bytes: bytes.length });
      return;
    }
    this.sequence += 1;
    transport.publish(inbox, bytes, { reply });
  }
}
