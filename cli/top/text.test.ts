import { describe, expect, test } from 'vitest';
import { bar, cell, cut, ends, painter, shareRows } from './text.ts';

const plain = painter(false);

test.each([
  [{ used: 0, allocated: 0, total: 4 }, '········'],
  [{ used: 1, allocated: 2, total: 4 }, '██▒▒····'],
  [{ used: 3, allocated: 2, total: 4 }, '██████··'],
  [{ used: 0, allocated: 4, total: 4 }, '▒▒▒▒▒▒▒▒'],
  [{ used: 9, allocated: 4, total: 4 }, '████████'],
  // The least is seen, and what is nearly full does not look full.
  [{ used: 0.01, allocated: 0.01, total: 400 }, '█·······'],
  [{ used: 0, allocated: 399, total: 400 }, '▒▒▒▒▒▒▒·'],
  [{ used: 1, allocated: 1, total: 0 }, '········'],
])('the bar of %j', (amounts, expected) => {
  expect(bar(amounts, 8, plain)).toBe(expected);
});

test('a cell is exactly as wide as it should be', () => {
  expect(cell('abc', 5)).toBe('abc  ');
  expect(cell('abc', 5, 'right')).toBe('  abc');
  expect(cell('abcdef', 5)).toBe('abcd…');
  expect(cell('abc', 0)).toBe('');
});

test('a line is cut where it is seen, and its colours are closed', () => {
  const red = painter(true)('red', 'abcdef');
  expect(cut('abcdef', 3)).toBe('abc');
  expect(cut('abc', 3)).toBe('abc');
  expect(cut(red, 6)).toBe(red);
  expect(cut(red, 3)).toBe('\u001b[31mabc\u001b[0m');
});

test('the right end gives way', () => {
  expect(ends('ab', 'cd', 6)).toBe('ab  cd');
  expect(ends('ab', 'cd', 4)).toBe('ab');
});

describe('rows are shared', () => {
  test.each([
    [[1, 2, 3], 10, [1, 2, 3]],
    [[2, 9, 9], 10, [2, 4, 4]],
    [[9, 9], 3, [2, 1]],
    [[9, 9], 0, [0, 0]],
    [[9, 9], -5, [0, 0]],
  ])('%j of %i', (wanted, rows, given) => {
    expect(shareRows(wanted, rows)).toEqual(given);
  });
});
