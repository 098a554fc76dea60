/**
 * A clock whose timers run only while this master is heard: what happens to a framework because it was silent for long
 * must not happen because nobody could have heard it. Its timers may be as far away as one likes.
 */
import type { Clock, Timer } from '../../actor.ts';

interface Waiting {
  leftMs: number;
  readonly handler: () => void;
}

export class HeardClock implements Clock {
  private readonly clock: Clock;
  private readonly waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  wallMs(): number {
    return this.clock.wallMs();
  }

  after(delayMs: number, handler: () => void): Timer {
    const timer: Waiting = { leftMs: delayMs, handler };
    this.waiting.add(timer);
    return { cancel: () => void this.waiting.delete(timer) };
  }

  /** So much time has passed in which it was heard. */
  pass(ms: number): void {
    for (const timer of [...this.waiting]) {
      timer.leftMs -= ms;
      if (timer.leftMs > 0 || !this.waiting.delete(timer)) continue;
      timer.handler();
    }
  }
}
