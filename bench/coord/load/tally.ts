/** What one load did while it was measured. */
import { Histogram } from '../../load/histogram.ts';

export interface Tally {
  readonly perSecond: number;
  readonly worstSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly errors: number;
}

/** Counts replies by the second in which they came; only successes are operations. */
export class Recorder {
  private readonly latencies = new Histogram();
  private readonly seconds: number[];
  private errors = 0;

  private readonly startMs: number;

  constructor(startMs: number, seconds: number) {
    this.startMs = startMs;
    this.seconds = new Array<number>(seconds).fill(0);
  }

  /** What came before the start or after the last second is not counted. */
  reply(nowMs: number, latencyMs: number, error: number): void {
    const second = Math.floor((nowMs - this.startMs) / 1000);
    const before = this.seconds[second];
    if (before === undefined) return;
    if (error !== 0) {
      this.errors += 1;
      return;
    }
    this.seconds[second] = before + 1;
    this.latencies.add(latencyMs);
  }

  tally(): Tally {
    const total = this.seconds.reduce((sum, count) => sum + count, 0);
    return {
      perSecond: total / this.seconds.length,
      worstSecond: Math.min(...this.seconds),
      p50Ms: this.latencies.percentile(0.5),
      p99Ms: this.latencies.percentile(0.99),
      p999Ms: this.latencies.percentile(0.999),
      errors: this.errors,
    };
  }
}
