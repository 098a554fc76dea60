/** What was done over time: for the times without service of one fault, and for the charts of a whole run. */
import { median } from '../../../bench/load/histogram.ts';
import type { LoadObserver } from '../../cluster/load.ts';

const SECOND_MS = 1000;

/** One second of the run. Times are in milliseconds; undefined where nothing was answered. */
export interface Second {
  readonly writes: number;
  readonly starts: number;
  readonly medianMs: number | undefined;
  readonly slowestMs: number | undefined;
}

export class Series implements LoadObserver {
  readonly beganMs: number;
  private readonly done: Second[] = [];
  private latencies: number[] = [];
  private starts = 0;
  private readonly writeTimes: number[] = [];
  private readonly startTimes: number[] = [];

  constructor(nowMs: number) {
    this.beganMs = nowMs;
  }

  wrote(beganMs: number, answeredMs: number): void {
    this.turnTo(answeredMs);
    this.latencies.push(answeredMs - beganMs);
    this.writeTimes.push(answeredMs);
  }

  started(atMs: number): void {
    this.turnTo(atMs);
    this.starts += 1;
    this.startTimes.push(atMs);
  }

  /** The seconds so far, without the one that is under way. */
  seconds(nowMs: number): readonly Second[] {
    this.turnTo(nowMs);
    return this.done;
  }

  /** The longest time without a successful write, and without a start of a task, that reaches into the window. */
  longestGaps(
    fromMs: number,
    toMs: number,
  ): { readonly writeMs: number; readonly startMs: number } {
    return {
      writeMs: longestGap(this.writeTimes, fromMs, toMs),
      startMs: longestGap(this.startTimes, fromMs, toMs),
    };
  }

  /** The single times are kept for the present fault only. */
  forgetTimes(): void {
    this.writeTimes.length = 0;
    this.startTimes.length = 0;
  }

  private turnTo(nowMs: number): void {
    while (this.beganMs + (this.done.length + 1) * SECOND_MS <= nowMs) {
      const { latencies } = this;
      this.done.push({
        writes: latencies.length,
        starts: this.starts,
        medianMs: latencies.length === 0 ? undefined : median(latencies),
        slowestMs: latencies.length === 0 ? undefined : Math.max(...latencies),
      });
      this.latencies = [];
      this.starts = 0;
    }
  }
}

/** `times` ascend. Nothing after the window's beginning at all is a gap up to its end. */
export function longestGap(times: readonly number[], fromMs: number, toMs: number): number {
  let longest = 0;
  let before: number | undefined;
  for (const time of [...times, toMs]) {
    if (time > toMs) break;
    if (time >= fromMs) longest = Math.max(longest, time - (before ?? fromMs));
    before = time;
  }
  return longest;
}
