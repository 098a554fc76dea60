import { describe, expect, it } from 'vitest';
import { LatencySummary } from './latency-summary.ts';

const valuesOf = (summary: LatencySummary) => summary.report().quantiles.map(({ value }) => value);

describe('a summary of latencies', () => {
  it('of none is zero', () => {
    const report = new LatencySummary('readlatency').report();
    expect(report).toMatchObject({ name: 'readlatency', count: 0, sum: 0, min: 0, max: 0 });
    expect(report.quantiles.map(({ quantile }) => quantile)).toEqual([0.5, 0.95, 0.99, 0.999]);
    expect(report.quantiles.every(({ value }) => value === 0)).toBe(true);
  });

  it('has quantiles that are at most a tenth too great, and never above the greatest', () => {
    const summary = new LatencySummary('readlatency');
    for (let latencyMs = 1; latencyMs <= 1000; latencyMs++) summary.add(latencyMs);
    expect(summary.report()).toMatchObject({ count: 1000, sum: 500_500, min: 1, max: 1000 });
    for (const [at, exact] of [500, 950, 990, 999].entries()) {
      expect(valuesOf(summary)[at]).toBeGreaterThanOrEqual(exact);
      expect(valuesOf(summary)[at]).toBeLessThanOrEqual(Math.min(1000, exact * 1.1));
    }
  });

  it('takes what is too short and too long to be told apart', () => {
    const summary = new LatencySummary('updatelatency');
    for (let times = 0; times < 99; times++) summary.add(0);
    summary.add(10_000_000);
    expect(valuesOf(summary).slice(0, 3)).toEqual([0, 0, 0]);
    expect(valuesOf(summary)[3]).toBeGreaterThan(90_000);
  });

  it('forgets in its quantiles what is long ago, and goes on counting', () => {
    const summary = new LatencySummary('readlatency');
    summary.timePasses(1_000_000);
    summary.add(50);
    summary.timePasses(1_200_000);
    summary.timePasses(1_300_000);
    expect(valuesOf(summary)[0]).toBe(50);
    summary.add(2);
    summary.timePasses(1_600_000);
    expect(valuesOf(summary)[3]).toBeLessThan(3);
    expect(summary.report()).toMatchObject({ count: 2, sum: 52, max: 50 });
  });
});
