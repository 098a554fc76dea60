/** How long to wait before another launch when instances end soon after their start. */
const HEALTHY_AFTER_MS = 10_000;
const DELAY_MIN_MS = 1000;
const DELAY_MAX_MS = 60_000;

export class CrashBackoff {
  private quickEnds = 0;
  private readyAtMs = Number.NEGATIVE_INFINITY;

  /** An instance has ended by itself; `ranMs` is zero for one that never ran. */
  ended(nowMs: number, ranMs: number): void {
    if (ranMs >= HEALTHY_AFTER_MS) {
      this.quickEnds = 0;
      return;
    }
    // Several that end together are one failure, not many.
    if (nowMs < this.readyAtMs) return;
    this.quickEnds += 1;
    this.readyAtMs = nowMs + Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** (this.quickEnds - 1));
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.readyAtMs - nowMs);
  }
}
