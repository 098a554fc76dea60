import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DiskId, MemberId } from '../../../protocol/ids.ts';
import type { Configuration } from '../../../protocol/operations.ts';
import { countVotes, isMajority, majoritySize, reachedByMajority } from './quorum.ts';

const of = (...pairs: [number, string][]) =>
  new Map(pairs.map(([id, disk]) => [id as MemberId, disk as DiskId]));
const configuration = (...pairs: [number, string][]): Configuration => ({
  members: [...of(...pairs)].map(([id, disk]) => ({ id, disk })),
});
const three = configuration([1, 'a'], [2, 'b'], [3, 'c']);

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 4],
  [7, 4],
])('of %i members a majority are %i', (members, majority) => {
  expect(majoritySize(members)).toBe(majority);
});

describe('isMajority', () => {
  test.each([
    ['nobody', of(), false],
    ['one', of([1, 'a']), false],
    ['two', of([1, 'a'], [3, 'c']), true],
    ['all', of([1, 'a'], [2, 'b'], [3, 'c']), true],
    ['two, one of them on a disk that was replaced', of([1, 'a'], [3, 'old']), false],
    ['two, one of them not a member', of([1, 'a'], [4, 'd']), false],
    ['two and a stranger', of([1, 'a'], [2, 'b'], [4, 'd']), true],
  ])('%s of three', (_, votes, expected) => {
    expect(isMajority(three, votes)).toBe(expected);
  });

  test('nobody decides where the members are not known', () => {
    expect(isMajority({ members: [] }, of([1, 'a']))).toBe(false);
  });

  test('two majorities always share a member', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), fc.nat(), (size, one, other) => {
        const all = Array.from({ length: size }, (_, id): [number, string] => [id + 1, `d${id}`]);
        const pick = (bits: number) => all.filter((_, at) => (bits >> at) & 1);
        const [a, b] = [pick(one), pick(other)];
        if (!isMajority(configuration(...all), of(...a))) return;
        if (!isMajority(configuration(...all), of(...b))) return;
        expect(a.some(([id]) => b.some(([also]) => also === id))).toBe(true);
      }),
    );
  });

  test('agrees with counting on the fingers', () => {
    const disk = fc.constantFrom('x', 'y');
    const pairs = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 7 }), disk), {
      selector: ([id]) => id,
      maxLength: 7,
    });
    fc.assert(
      fc.property(pairs, pairs, (members, votes) => {
        const good = members.filter(([id, on]) =>
          votes.some(([who, where]) => who === id && where === on),
        );
        expect(countVotes(configuration(...members), of(...votes))).toBe(good.length);
        expect(isMajority(configuration(...members), of(...votes))).toBe(
          members.length > 0 && good.length * 2 > members.length,
        );
      }),
      { numRuns: 5000 },
    );
  });
});

test('what a majority has reached is what more than half of the members have reached, naively counted', () => {
  const reached = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 9 })),
    {
      selector: ([id]) => id,
    },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), reached, (size, pairs) => {
      const members = Array.from({ length: size }, (_, id): [number, string] => [id + 1, 'd']);
      const numbers = new Map(pairs.map(([id, number]) => [id as MemberId, number]));
      const enough = (least: number) =>
        members.filter(([id]) => (numbers.get(id as MemberId) ?? -1) >= least).length * 2 > size;
      const naive = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].find(enough) ?? Number.NEGATIVE_INFINITY;
      expect(reachedByMajority(configuration(...members), numbers)).toBe(naive);
    }),
    { numRuns: 5000 },
  );
});
