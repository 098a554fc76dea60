import { describe, expect, test } from 'vitest';
import type { MemberId } from '../../../protocol/ids.ts';
import { CoordinatorChartValue, runCoordinatorChart } from './lifecycle.ts';

const clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  after: () => ({ cancel: () => undefined }),
};

describe.each([
  ['the running chart', () => runCoordinatorChart(1 as MemberId, clock)],
  ['the chart as a value', () => new CoordinatorChartValue()],
])('%s', (_, make) => {
  test('goes from recovery through an election to leading, and back when it is superseded', () => {
    const chart = make();
    const roles = [chart.role()];
    chart.send({ type: 'RECOVERED', mayVote: true });
    for (const type of [
      'LEADER_LOST',
      'PRE_VOTE_WON',
      'ELECTED',
      'SUPERSEDED',
      'STOPPED',
    ] as const) {
      roles.push(chart.role());
      chart.send({ type });
    }
    expect([...roles, chart.role()]).toEqual([
      'recovering',
      'following',
      'preVoting',
      'preparing',
      'leading',
      'following',
      'stopped',
    ]);
  });

  test('a disk that may not vote catches up first', () => {
    const chart = make();
    chart.send({ type: 'RECOVERED', mayVote: false });
    expect(chart.role()).toBe('catchingUp');
    chart.send({ type: 'ADMITTED' });
    expect(chart.role()).toBe('following');
  });

  test('an event that cannot be in the present state is a fault of ours', () => {
    expect(() => make().send({ type: 'ELECTED' })).toThrow(/ELECTED is not possible/);
  });
});
