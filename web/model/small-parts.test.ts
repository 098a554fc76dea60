/** The small pure parts of the page: addresses, state values, words, the strip of time, waiting times. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../live/backoff.ts';
import { readAddress, writeAddress } from './address.ts';
import { History } from './history.ts';
import { activePaths, textOfState } from './state-value.ts';
import { densityOf, marksOf, rangeShowing } from './time-line.ts';
import {
  capitalized,
  duration,
  innermost,
  isLeading,
  pluralOf,
  shownName,
  toneOf,
} from './words.ts';

describe('the address', () => {
  test('gives back what was open, whatever the ids are', () => {
    const id = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 5 }), (open) => {
        expect(readAddress(writeAddress(open))).toEqual(open);
      }),
    );
  });
  test.each([
    ['', []],
    ['#', []],
    ['#open=', []],
    ['#open=master.m,agent.a,master.m', ['master.m', 'agent.a']],
    ['#open=%25,agent.a', ['agent.a']],
    ['#other=1', []],
  ])('%s', (hash, open) => {
    expect(readAddress(hash)).toEqual(open);
  });
  test('with more charts than can be watched opens as many as can', () => {
    const many = Array.from({ length: 65 }, (_, index) => `task.t${index}`);
    expect(readAddress(writeAddress(many))).toEqual(many.slice(0, 64));
  });
});

test.each([
  ['a', 'a', ['a']],
  [{ a: 'b' }, 'a.b', ['a', 'a.b']],
  [{ a: { b: 'c' } }, 'a.b.c', ['a', 'a.b', 'a.b.c']],
  [{ p: { x: 'one', y: 'two' } }, 'p.x.one | p.y.two', ['p', 'p.x', 'p.x.one', 'p.y', 'p.y.two']],
  [{ a: {} }, 'a', ['a']],
  [undefined, '', []],
])('the state %j is %s', (value, text, paths) => {
  expect(textOfState(value)).toBe(text);
  expect([...activePaths(value)]).toEqual(paths);
});

test.each([
  [-5, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [67_000, '1 m 07 s'],
  [3_600_000 + 5 * 60_000, '1 h 05 m'],
  [4 * 86_400_000 + 3 * 3_600_000, '4 d 3 h'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  ['elected.leading.serving', 'active', 'good'],
  ['elected.leading.silenced', 'active', 'warn'],
  ['elected.recovering', 'active', 'busy'],
  ['failed', 'done', 'bad'],
  ['finished', 'done', 'quiet'],
  ['leading', 'stopped', 'quiet'],
  ['leading', 'error', 'bad'],
  ['anything', 'done', 'quiet'],
])('%s (%s) is %s', (state, status, tone) => {
  expect(toneOf(state, status)).toBe(tone);
});

test('kinds in words', () => {
  expect(['master', 'launch'].map(pluralOf).map(capitalized)).toEqual(['Masters', 'Launches']);
});

test('who leads, what the innermost state is, and how members of the quorum are called', () => {
  expect(['leading', 'a.leading.b', 'misleading', 'leadingOn'].map(isLeading)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(innermost('a.b | c')).toBe('b | c');
  expect([shownName('coordinator', '3'), shownName('agent', 'agent-3')]).toEqual([
    'coordinator 3',
    'agent-3',
  ]);
});

describe('the strip of time', () => {
  const history = new History();
  for (const at of [10, 11, 25, 40])
    history.add([
      { at, event: { type: '@xstate.actor', sessionId: `a.${at}`, snapshot: { value: 'x' } } },
    ]);
  test('counts what falls into each piece', () => {
    expect(densityOf(history.steps, { startAt: 10, endAt: 40 }, 3)).toEqual([2, 1, 0]);
    expect(densityOf(history.steps, { startAt: 0, endAt: 50 }, 1)).toEqual([4]);
  });
  test('has marks at round moments', () => {
    expect(marksOf({ startAt: 61_500, endAt: 66_000 }, 5)).toEqual([
      62_000, 63_000, 64_000, 65_000, 66_000,
    ]);
    expect(marksOf({ startAt: 0, endAt: 60_000 }, 4)).toEqual([0, 15_000, 30_000, 45_000, 60_000]);
  });
  test('moves only when the moment is outside', () => {
    const range = { startAt: 100, endAt: 200 };
    expect(rangeShowing(range, 150)).toBe(range);
    expect(rangeShowing(range, 50)).toEqual({ startAt: 40, endAt: 140 });
    expect(rangeShowing(range, 300)).toEqual({ startAt: 210, endAt: 310 });
  });
});

test('a connection is tried again soon, and never later than after five seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map(backoffMs)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
});
