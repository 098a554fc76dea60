/** Counts and sums of what was measured since the last reset. */
export class Tally {
  last = -1;
  private count = 0;
  private sum = 0;
  private least = -1;
  private most = -1;

  add(value: number): void {
    this.last = value;
    this.sum += value;
    this.least = this.count === 0 ? value : Math.min(this.least, value);
    this.most = Math.max(this.most, value);
    this.count += 1;
  }

  /** Without a measurement all are `none`. */
  report(none = 0): { min: number; avg: number; max: number; last: number } {
    if (this.count === 0) return { min: none, avg: none, max: none, last: none };
    return { min: this.least, avg: this.sum / this.count, max: this.most, last: this.last };
  }

  reset(): void {
    this.last = -1;
    this.count = 0;
    this.sum = 0;
    this.least = -1;
    this.most = -1;
  }
}
