import fc from 'fast-check';
import { expect, test } from 'vitest';
import { History } from './history.ts';
import { MergedSteps, neighbour } from './merged-steps.ts';

const ids = ['agent.a', 'agent.b', 'agent.c'];

function move(history: History, sessionId: string, at: number, status = 'active'): void {
  const snapshot = { value: `s${at}`, status };
  history.add([
    { at, event: { type: '@xstate.snapshot', sessionId, event: { type: 'E' }, snapshot } },
  ]);
}

test('is always what merging anew would give, whatever comes in which order, and whoever is open', () => {
  const action = fc.record({
    who: fc.integer({ min: 0, max: 2 }),
    at: fc.integer({ min: 0, max: 30 }),
    status: fc.constantFrom('active', 'stopped'),
    open: fc.subarray(ids),
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const history = new History(25);
      const merged = new MergedSteps();
      for (const { who, at, status, open, look } of actions) {
        move(history, ids[who]!, at, status);
        if (!look) continue;
        const anew = open
          .flatMap((id) => history.actors.get(id)?.steps ?? [])
          .sort((one, other) => one.at - other.at || one.number - other.number);
        expect(merged.of(history, open)).toEqual(anew);
      }
    }),
    { numRuns: 300 },
  );
});

test('what only grew is not merged anew', () => {
  const history = new History();
  const merged = new MergedSteps();
  move(history, 'agent.a', 1);
  move(history, 'agent.b', 2);
  const before = merged.of(history, ids);
  move(history, 'agent.a', 3);
  expect(merged.of(history, ids)).toBe(before);
  expect(before.map(({ at }) => at)).toEqual([1, 2, 3]);
});

test('steps back and forth, from the present, from a step and from between two', () => {
  const history = new History();
  for (const at of [10, 20, 30]) move(history, 'agent.a', at);
  const { steps } = history;
  const at = (index: number) => ({ at: steps[index]!.at, number: steps[index]!.number });
  const between = { at: 25, number: Number.POSITIVE_INFINITY };
  expect(neighbour(steps, undefined, -1)?.at).toBe(20);
  expect(neighbour(steps, at(1), -1)?.at).toBe(10);
  expect(neighbour(steps, at(0), -1)).toBeUndefined();
  expect(neighbour(steps, between, -1)?.at).toBe(20);
  expect(neighbour(steps, between, 1)?.at).toBe(30);
  expect(neighbour(steps, at(2), 1)).toBeUndefined();
  expect(neighbour([], undefined, -1)).toBeUndefined();
});
