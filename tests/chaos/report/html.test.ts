import { describe, expect, it } from 'vitest';
import { Series } from '../load/series.ts';
import type { RoundResult } from '../round.ts';
import type { RunResult } from '../run.ts';
import { reportOf } from './html.ts';

const round: RoundResult = {
  ...{ fault: 'coord-killed', victims: ['coord-2'], strikeMs: 2000, healedMs: 5500 },
  ...{ withoutWriteMs: 610, withoutStartMs: 720, masterChanged: false },
  ...{ acknowledgedWrites: 1234, acknowledgedTasks: 56, violations: [] },
};

function report(more: Partial<RunResult> = {}): string {
  const series = new Series(0);
  series.wrote(100, 110);
  series.started(1500);
  series.wrote(2900, 3600);
  const result = { seed: '7', series, rounds: [round], endedMs: 6000, ...more };
  return reportOf(result, { made: '2026-01-02 03:04', command: 'npm run chaos -- --seed 7' });
}

function dataOf(html: string) {
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json as string);
}

describe('the report', () => {
  it('tells that nothing was lost, with the times of each fault', () => {
    const html = report();
    expect(html).toContain('Nothing was lost.');
    expect(html).toContain('<th scope="row">coord-killed</th><td>1</td><td>0.61 s</td>');
    expect(html).toContain('1,234');
  });

  it('tells every finding, also why the run has ended, as text', () => {
    const html = report({
      rounds: [round, { ...round, violations: ['3 <znodes> are lost'] }],
      broken: 'disk-full: the cluster is not well',
    });
    expect(html).toContain('Wrong in 2 places.');
    expect(html).toContain('coord-killed: 3 &lt;znodes> are lost');
    expect(html).toContain('disk-full: the cluster is not well');
    expect(html).not.toContain('Nothing was lost.');
  });

  it('holds what is drawn: a point for each second, and a band for each fault', () => {
    const { writes, starts, slowestMs, bands } = dataOf(report());
    expect(writes).toEqual([1, 0, 0, 1, 0, 0]);
    expect(starts).toEqual([0, 1, 0, 0, 0, 0]);
    expect(slowestMs).toEqual([10, null, null, 700, null, null]);
    expect(bands).toEqual([
      { fault: 'coord-killed', victims: 'coord-2', from: 2, to: 5.5, isWrong: false },
    ]);
  });

  it('asks nothing of any other place', () => {
    expect(report()).not.toMatch(/(src|href)=|@import|url\(/);
  });
});
