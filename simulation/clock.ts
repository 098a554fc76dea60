/** A process's clock over virtual time: with a start of its own, a rate that drifts, and a wall clock that is off. */
import type { Clock, Timer } from '../actors/actor.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';

export interface ClockError {
  /** Virtual milliseconds of this clock in one of the world's: 1.0 for a perfect one. */
  readonly rate: number;
  /** Added to the wall clock. */
  readonly wallOffsetMs: number;
}

export const PERFECT_CLOCK: ClockError = { rate: 1, wallOffsetMs: 0 };

/** When the virtual worlds begin: an arbitrary moment, the same for all. */
const WALL_START_MS = 1_800_000_000_000;

export class SimulatedClock implements Clock {
  private readonly scheduler: Scheduler;
  private readonly life: Life;
  private readonly error: ClockError;
  private readonly startMs: number;

  constructor(scheduler: Scheduler, life: Life, error: ClockError = PERFECT_CLOCK) {
    this.scheduler = scheduler;
    this.life = life;
    this.error = error;
    this.startMs = scheduler.nowMs;
  }

  monotonicMs(): number {
    return 1000 + (this.scheduler.nowMs - this.startMs) * this.error.rate;
  }

  wallMs(): number {
    return Math.round(
      WALL_START_MS + this.scheduler.nowMs * this.error.rate + this.error.wallOffsetMs,
    );
  }

  after(delayMs: number, handler: () => void): Timer {
    const event = this.scheduler.after((delayMs * 1000) / this.error.rate, () =>
      this.life.input(handler),
    );
    return { cancel: () => this.scheduler.cancel(event) };
  }
}
