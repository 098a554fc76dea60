/**
 * Where a sync is waited for. A disk that is done in a tenth of a millisecond is best waited for at once: to hand the
 * call to another thread and to hear of its end costs more than that, and as much again of processor time. So it is
 * where the machine is busy and every change of threads takes its time. A slow disk must keep nobody waiting but who
 * needs it.
 */

/** The mean up to which syncs are waited for in any case: what the loop does not do meanwhile, others do. */
const QUICK_MEAN_MS = 0.5;
/** Beyond that as long as they take less than this part of what they take on another thread; never beyond the last one. */
const PART_OF_ELSEWHERE = 0.5;
const MEAN_MAX_MS = 2.5;
/** Each sync counts for a sixteenth in the mean: one that takes a hundredfold is enough to try no more for a while. */
const WEIGHT = 1 / 16;
/** Syncs elsewhere until the next trial; twice as many after each that was slow again. */
const PAUSE_FIRST = 64;
const PAUSE_MAX = 16_384;
/** Elsewhere a sync takes its time too; after one beyond this there is no trial. */
const TRIAL_MS = 10;
/** So many quick ones in a row, and the pauses begin short again. */
const FORGIVEN_AFTER = 1024;

export class SyncPace {
  private meanMs = 0;
  private meanElsewhereMs = 0;
  private pause = PAUSE_FIRST;
  /** Above 0: so many more are done elsewhere. */
  private elsewhere = 0;
  private quickOnes = 0;

  /** Whether the next sync is to be waited for. */
  get isQuick(): boolean {
    return this.elsewhere === 0;
  }

  /** One that was waited for. */
  waited(tookMs: number): void {
    this.meanMs += (tookMs - this.meanMs) * WEIGHT;
    const limitMs = this.limitMs();
    if (this.meanMs <= limitMs) {
      this.quickOnes += 1;
      if (this.quickOnes >= FORGIVEN_AFTER) this.pause = PAUSE_FIRST;
      return;
    }
    this.quickOnes = 0;
    // The next trial ends with the first sync that is far too slow, or after a few that are a little.
    this.meanMs = limitMs / 2;
    this.elsewhere = this.pause;
    this.pause = Math.min(PAUSE_MAX, this.pause * 2);
  }

  /** One that was done on another thread; with all that it took to hear of it. */
  passed(tookMs: number): void {
    this.meanElsewhereMs += (tookMs - this.meanElsewhereMs) * WEIGHT;
    if (this.elsewhere > 1 || tookMs <= TRIAL_MS) this.elsewhere = Math.max(0, this.elsewhere - 1);
  }

  private limitMs(): number {
    const comparedMs = Math.min(MEAN_MAX_MS, this.meanElsewhereMs * PART_OF_ELSEWHERE);
    return Math.max(QUICK_MEAN_MS, comparedMs);
  }
}
