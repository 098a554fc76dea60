import { expect, it } from 'vitest';
import { Beginnings } from './beginnings.ts';
import { doorMachine, HandClock } from './testing/world.ts';

it('passes by actors that nobody looks at any more a bounded number at a time', () => {
  const clock = new HandClock();
  const snapshot = doorMachine.resolveState({ value: 'closed', context: { opened: 0 } });
  let listed = 0;
  const told: string[] = [];
  const beginnings = new Beginnings({
    clock,
    *list() {
      for (; listed < 100_000; listed += 1)
        yield {
          kind: 'task',
          id: String(listed),
          machine: doorMachine,
          snapshot: () => snapshot,
          sinceMs: () => 0,
        };
    },
    // The last one alone is still looked at.
    detailOf: ({ id }) => (id === '99999' ? 'list' : undefined),
    tell: ({ id }) => told.push(id),
    hasRoom: () => true,
    failed: (error) => {
      throw error;
    },
  });
  beginnings.begin({});
  let most = 0;
  for (let page = 0; page < 200; page += 1) {
    const before = listed;
    clock.advance(10);
    most = Math.max(most, listed - before);
  }
  expect(most).toBeLessThan(5_000);
  expect(told).toEqual(['99999']);
});
