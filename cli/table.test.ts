import { expect, test } from 'vitest';
import { numberValue, seconds, sizeMebibytes, states } from './arguments.ts';
import { editDistance, nearest } from './nearest.ts';
import { duration, mebibytes, pairs, percent, table } from './table.ts';

test.each([
  [0, '0.0s'],
  [1_234, '1.2s'],
  [59_999, '59s'],
  [65_000, '1m 5s'],
  [3_600_000, '1h 0m'],
  [90_000_000, '1d 1h'],
  [-5, '0.0s'],
])('%i ms are %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

test.each([
  [32, '32 MiB'],
  [1536, '1.5 GiB'],
  [2 * 1024 * 1024, '2 TiB'],
])('%d mebibytes are %s', (amount, text) => expect(mebibytes(amount)).toBe(text));

test.each([
  [null, '-'],
  [0, '0 %'],
  [0.12345, '12.3 %'],
  [1, '100 %'],
])('%d is %s', (ratio, text) => expect(percent(ratio)).toBe(text));

test('a table is as wide as its cells, without their colours', () => {
  const rows = [
    { name: 'é', count: 1 },
    { name: 'long', count: undefined },
  ];
  const columns = [
    {
      title: 'N',
      value: (row: (typeof rows)[number]) => row.name,
      paint: (text: string) => (text === 'long' ? `\u001b[31m${text}\u001b[39m` : text),
    },
    { title: 'COUNT', align: 'right' as const, value: (row: (typeof rows)[number]) => row.count },
  ];
  expect(table(columns, rows)).toBe('N     COUNT\né         1\n\u001b[31mlong\u001b[39m      -\n');
  expect(
    pairs([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toBe('a     1\nlong  2\n');
});

test.each([
  ['512', 512],
  ['64m', 64],
  ['1.5g', 1536],
  ['1GiB', 1024],
  ['2t', 2 * 1024 * 1024],
  ['1024k', 1],
])('the size %s is %d MiB', (text, amount) => expect(sizeMebibytes(text)).toBe(amount));

test.each([
  ['30', 30],
  ['90s', 90],
  ['5m', 300],
  ['1.5h', 5400],
  ['250ms', 0.25],
])('the time %s is %d s', (text, amount) => expect(seconds(text)).toBe(amount));

test.each(['', 'x', '1x', '-1', 'g', 'NaN', 'Infinity', '1e400'])('%j is no figure', (text) => {
  expect(() => numberValue(text)).toThrow();
  expect(() => sizeMebibytes(text)).toThrow();
  expect(() => seconds(text)).toThrow();
});

test('states may be short, and several', () => {
  expect(states('running,TASK_LOST')).toEqual(['TASK_RUNNING', 'TASK_LOST']);
  expect(states('Queued', ['TASK_LOST'])).toEqual(['TASK_LOST', 'TASK_QUEUED']);
});

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
])('%j and %j are %i apart', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ['sumbit', 'submit'],
  ['statsu', 'status'],
  ['xyzzy', undefined],
])('%s means %s', (word, meant) => {
  expect(nearest(word, ['submit', 'status', 'ps'])).toBe(meant);
});
