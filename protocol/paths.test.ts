import { describe, expect, test } from 'vitest';
import { bucketOf, nameOf, parentOf, pathProblem, taskBuckets } from './paths.ts';

describe('pathProblem', () => {
  test.each(['/', '/a', '/a/b', '/a.b/..c', '/zoo keeper/ü', `/${'x'.repeat(4000)}`])(
    '%s is legal',
    (path) => {
      expect(pathProblem(path)).toBeUndefined();
    },
  );
  test.each([
    ['', 'empty'],
    ['a', 'begin with'],
    ['/a/', 'end with'],
    ['//', 'end with'],
    ['/a//b', 'empty node name'],
    ['/a/./b', 'relative'],
    ['/..', 'relative'],
    ['/a\u0000', 'U+0000'],
    ['/a\u001f', 'U+001f'],
    ['/a\u007f', 'U+007f'],
    ['/\ud800', 'U+d800'],
    ['/\uffff', 'U+ffff'],
    [`/${'x'.repeat(5000)}`, 'longer'],
    [`/${'€'.repeat(2000)}`, 'longer'],
  ])('%j is refused: %s', (path, words) => {
    expect(pathProblem(path)).toContain(words);
  });
  test('a sequential create may end with a slash or dots: the counter is a part of the name', () => {
    for (const path of ['/', '/queue/', '/queue/.', '/queue/..'])
      expect(pathProblem(path, true)).toBeUndefined();
    expect(pathProblem('/queue/./', true)).toContain('relative paths');
    expect(pathProblem('/queue//', true)).toContain('empty node name');
  });
});

test('parent and name', () => {
  expect([parentOf('/a'), parentOf('/a/b/c'), nameOf('/a/b/c')]).toEqual(['/', '/a/b', 'c']);
});

test('ids spread evenly over all buckets', () => {
  const counts = new Map<string, number>(taskBuckets.map((bucket) => [bucket, 0]));
  for (let index = 0; index < 25_600; index++)
    counts.set(bucketOf(`task-${index}`), (counts.get(bucketOf(`task-${index}`)) ?? 0) + 1);
  expect(counts.size).toBe(256);
  expect(Math.min(...counts.values())).toBeGreaterThan(50);
  expect(Math.max(...counts.values())).toBeLessThan(170);
});
