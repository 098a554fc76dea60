/**
 * Count and sum of latencies since the start, and quantiles of the last five to ten minutes: what `mntr` and Prometheus
 * show of reads and updates.
 */
import type { SummaryReport } from './words/report.ts';

const WINDOW_MS = 300_000;
const FIRST_BUCKET_MS = 0.01;
/** Each bucket ends so much above the one before it: a quantile is at most this much too great. */
const GROWTH = 1.1;
const LOG_GROWTH = Math.log(GROWTH);
/** Beyond a minute and a half. */
const BUCKETS = 170;
const QUANTILES = [0.5, 0.95, 0.99, 0.999] as const;

export class LatencySummary {
  private readonly name: string;
  private count = 0;
  private sumMs = 0;
  private leastMs = 0;
  private mostMs = 0;
  private present = new Uint32Array(BUCKETS);
  private former = new Uint32Array(BUCKETS);
  private presentSinceMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(latencyMs: number): void {
    this.leastMs = this.count === 0 ? latencyMs : Math.min(this.leastMs, latencyMs);
    this.mostMs = Math.max(this.mostMs, latencyMs);
    this.count += 1;
    this.sumMs += latencyMs;
    this.present[bucketOf(latencyMs)]! += 1;
  }

  /** To be told of now and then. */
  timePasses(nowMs: number): void {
    if (nowMs - this.presentSinceMs < WINDOW_MS) return;
    const oldest = this.former;
    this.former = this.present;
    this.present = oldest.fill(0);
    this.presentSinceMs = nowMs;
  }

  report(): SummaryReport {
    return {
      name: this.name,
      count: this.count,
      sum: this.sumMs,
      min: this.leastMs,
      max: this.mostMs,
      quantiles: QUANTILES.map((quantile) => ({ quantile, value: this.quantile(quantile) })),
    };
  }

  /** The end of the bucket that it falls into; 0 where nothing was measured. */
  private quantile(quantile: number): number {
    const { present, former } = this;
    const total = present.reduce((sum, one, at) => sum + one + former[at]!, 0);
    let left = Math.ceil(total * quantile);
    if (left === 0) return 0;
    const at = present.findIndex((one, index) => {
      left -= one + former[index]!;
      return left <= 0;
    });
    return Math.min(this.mostMs, endOf(at));
  }
}

function bucketOf(latencyMs: number): number {
  if (latencyMs < FIRST_BUCKET_MS) return 0;
  const above = Math.floor(Math.log(latencyMs / FIRST_BUCKET_MS) / LOG_GROWTH);
  return Math.min(BUCKETS - 1, 1 + above);
}

/** What takes no time that can be measured took none. */
function endOf(bucket: number): number {
  return bucket === 0 ? 0 : FIRST_BUCKET_MS * GROWTH ** bucket;
}
