import { expect, test } from 'vitest';
import { keysOf } from './terminal.ts';

test.each([
  ['q', ['q']],
  ['ab ', ['a', 'b', ' ']],
  ['\u001b[A', ['\u001b[A']],
  ['\u001b[1;5Aq', ['\u001b[1;5A', 'q']],
  ['\u001bOPq', ['\u001bOP', 'q']],
  ['\u001b', ['\u001b']],
  ['\u0003', ['\u0003']],
  ['é\n', ['é', '\n']],
])('%j is %j', (text, keys) => {
  expect(keysOf(text)).toEqual(keys);
});
