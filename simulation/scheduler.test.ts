import { expect, test } from 'vitest';
import { SeededRandom } from './random.ts';
import { Scheduler } from './scheduler.ts';

test('events happen in the order of their times, equal times in the order of scheduling', () => {
  const random = new SeededRandom('heap');
  const scheduler = new Scheduler();
  const planned = Array.from({ length: 2000 }, (_, order) => ({ atUs: random.below(300), order }));
  const happened: typeof planned = [];
  for (const plan of planned) scheduler.after(plan.atUs, () => happened.push(plan));
  scheduler.runUntil(1000);
  expect(happened).toEqual([...planned].sort((a, b) => a.atUs - b.atUs || a.order - b.order));
  expect(scheduler.nowUs).toBe(1000);
});

test('a cancelled event does not happen, and an event may schedule others', () => {
  const scheduler = new Scheduler();
  const happened: string[] = [];
  const cancelled = scheduler.after(5, () => happened.push('cancelled'));
  scheduler.after(1, () => {
    happened.push('first');
    scheduler.cancel(cancelled);
    scheduler.after(0, () => happened.push('at once'));
  });
  scheduler.runUntil(10);
  expect(happened).toEqual(['first', 'at once']);
});

test('the time stays whole', () => {
  const scheduler = new Scheduler();
  scheduler.runUntil(0.3);
  expect(scheduler.nowUs).toBe(1);
});

test('a run ends early when enough has happened', () => {
  const scheduler = new Scheduler();
  let count = 0;
  for (let index = 0; index < 10; index++) scheduler.after(index, () => count++);
  scheduler.runUntil(100, () => count === 4);
  expect([count, scheduler.nowUs]).toEqual([4, 3]);
});
