/** Latencies in milliseconds, and what people ask of them. */
export class Histogram {
  private readonly values: number[] = [];
  private sorted = true;

  add(milliseconds: number): void {
    this.values.push(milliseconds);
    this.sorted = false;
  }

  get count(): number {
    return this.values.length;
  }

  /** `fraction` in [0, 1]; NaN when nothing was measured. */
  percentile(fraction: number): number {
    if (!this.sorted) {
      this.values.sort((a, b) => a - b);
      this.sorted = true;
    }
    return (
      this.values[Math.min(this.values.length - 1, Math.floor(this.values.length * fraction))] ??
      Number.NaN
    );
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
