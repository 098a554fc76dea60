import { describe, expect, it, test } from 'vitest';
import { longestGap, Series } from './series.ts';

describe('the longest gap', () => {
  test.each<[string, number[], number]>([
    ['between two successes', [900, 1000, 1100, 1700, 1800, 2000], 600],
    ['from the last success before the window', [700, 1200, 2000], 800],
    ['up to the end of the window', [900, 1000, 1400], 600],
    ['is the whole window where nothing succeeded', [], 1000],
    ['does not begin after the window', [1000, 1900, 2500, 9000], 900],
  ])('%s', (_what, times, expected) => {
    expect(longestGap(times, 1000, 2000)).toBe(expected);
  });
});

describe('a series', () => {
  it('counts by the second, with the median and the slowest', () => {
    const series = new Series(5000);
    series.wrote(5000, 5010);
    series.wrote(5000, 5030);
    series.wrote(5000, 5020);
    series.started(5500);
    series.wrote(7000, 7500);
    expect(series.seconds(8000)).toEqual([
      { writes: 3, starts: 1, medianMs: 20, slowestMs: 30 },
      { writes: 0, starts: 0, medianMs: undefined, slowestMs: undefined },
      { writes: 1, starts: 0, medianMs: 500, slowestMs: 500 },
    ]);
  });

  it('leaves out the second that is under way', () => {
    const series = new Series(0);
    series.wrote(0, 10);
    expect(series.seconds(999)).toEqual([]);
  });
});
