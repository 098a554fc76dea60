import { expect, test } from 'vitest';
import { RateKeeper } from './rates.ts';
import { metrics, sample, state } from './testing/samples.ts';

const look = (atMs: number, submissions: number, ended: number, epoch = 1) => {
  const seen = state(0);
  return sample({
    atMs,
    state: { ...seen, leader: { ...seen.leader, epoch } },
    metrics: metrics([], { submissions, TASK_FINISHED: ended, TASK_RUNNING: 1000 }),
  });
};

test('rates are of the last seconds, and begin anew with a new leader', () => {
  const rates = new RateKeeper();
  expect(rates.add(look(0, 100, 50))).toBeUndefined();
  expect(rates.add(look(1_000, 110, 55))).toEqual({
    submittedPerSecond: 10,
    endedPerSecond: 5,
    decidedPerSecond: 0,
  });
  for (let second = 2; second <= 20; second++) rates.add(look(second * 1_000, 110, 55));
  expect(rates.add(look(21_000, 110, 55))).toMatchObject({ submittedPerSecond: 0 });
  // It has counted from nothing.
  expect(rates.add(look(22_000, 3, 1, 2))).toBeUndefined();
  expect(rates.add(look(23_000, 5, 1, 2))).toMatchObject({ submittedPerSecond: 2 });
  expect(rates.add(sample({ state: undefined }))).toBeUndefined();
});
