import { expect, test } from 'vitest';
import { escapedForShell, shellWords } from './shell-words.ts';

test.each([
  ['mesozoo ', ['mesozoo', '']],
  ['mesozoo  ps -s', ['mesozoo', 'ps', '-s']],
  ['a "b c" d', ['a', 'b c', 'd']],
  ["a 'b c", ['a', 'b c']],
  ['a b\\ c', ['a', 'b c']],
  ['a "b\\"c"\'d\' ', ['a', 'b"cd', '']],
  ["a '' ", ['a', '', '']],
  ["'a\\b' ", ['a\\b', '']],
])('%s', (line, words) => {
  expect(shellWords(line)).toEqual(words);
});

test.each(['plain/path-1.x', 'odd name:80', '$(rm -rf "x")', "it's", 'a;b|c&d>e'])(
  '%s escaped is one word again',
  (word) => {
    expect(shellWords(escapedForShell(word))).toEqual([word]);
  },
);
