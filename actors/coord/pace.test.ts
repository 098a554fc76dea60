import { describe, expect, it } from 'vitest';
import type { Ballot, DiskId, MemberId } from '../../protocol/ids.ts';
import { Pace } from './pace.ts';

const ballot = 257 as Ballot;
const leader = 1 as MemberId;
const own = 2 as MemberId;

function configurationOf(members: number) {
  return {
    members: Array.from({ length: members }, (_, index) => ({
      id: (index + 1) as MemberId,
      disk: `d${index + 1}` as DiskId,
    })),
  };
}

/** Member 2 asks so many rounds; each other member answers after so long, or not at all. */
function isSlow(
  members: number,
  rounds: number,
  tookMs: (member: number, round: number) => number | undefined,
): boolean {
  const pace = new Pace(own, 100);
  const leading = { leader, ballot, configuration: configurationOf(members) };
  for (let round = 0; round < rounds; round++) {
    const askedMs = 5000 * round;
    const id = pace.ask(ballot, askedMs);
    for (const { id: member } of leading.configuration.members) {
      const ms = member === own ? undefined : tookMs(member, round);
      if (ms !== undefined) pace.told(member, id, askedMs + ms);
    }
  }
  return pace.isLeaderSlow(leading, 5000 * rounds);
}

describe('a leader is found slow', () => {
  it.each<[string, number, (member: number, round: number) => number | undefined, boolean]>([
    ['when it takes far longer than the other one', 3, (m) => (m === 1 ? 100 : 1), true],
    ['and not when both take as long', 3, () => 100, false],
    ['nor when it takes a few times as long', 3, (m) => (m === 1 ? 300 : 50), false],
    ['nor when it is quick, if not so quick as the other', 3, (m) => (m === 1 ? 15 : 0.2), false],
    ['when it does not answer at all', 3, (m) => (m === 1 ? undefined : 1), true],
    ['and not when nobody answers', 3, () => undefined, false],
    ['nor when the other one does not', 3, (m) => (m === 1 ? 100 : undefined), false],
    ['nor when it is so now and then', 3, (m, r) => (m === 1 && r % 2 === 0 ? 100 : 1), false],
    ['when it is so mostly', 3, (m, r) => (m === 1 && r % 4 !== 0 ? 100 : 1), true],
    ['of five, when a majority is quick', 5, (m) => (m === 1 || m === 5 ? 100 : 1), true],
    ['and not of five, when only a minority is', 5, (m) => (m === 3 ? 1 : 100), false],
    ['of two, never: the other cannot do without it', 2, () => 100, false],
  ])('%s', (_, members, tookMs, expected) => {
    expect(isSlow(members, 16, tookMs)).toBe(expected);
  });

  it('after some rounds only', () => {
    const slow = (m: number) => (m === 1 ? 100 : 1);
    expect(isSlow(3, 10, slow)).toBe(false);
    expect(isSlow(3, 11, slow)).toBe(true);
  });

  it('by rounds that are complete: what is under way says nothing yet', () => {
    const pace = new Pace(own, 0);
    const leading = { leader, ballot, configuration: configurationOf(3) };
    for (let round = 0; round < 16; round++) pace.told(3 as MemberId, pace.ask(ballot, 0), 1);
    expect(pace.isLeaderSlow(leading, 500)).toBe(false);
    expect(pace.isLeaderSlow(leading, 1000)).toBe(true);
  });

  it('in its own leadership, not for what was seen in another', () => {
    const pace = new Pace(own, 0);
    const later = 513 as Ballot;
    const leading = { leader, ballot, configuration: configurationOf(3) };
    for (let round = 0; round < 16; round++) pace.told(3 as MemberId, pace.ask(ballot, 0), 1);
    expect(pace.isLeaderSlow({ ...leading, ballot: later }, 5000)).toBe(false);
    pace.ask(later, 5000);
    expect(pace.isLeaderSlow({ ...leading, ballot: later }, 9000)).toBe(false);
  });

  it('and answers that were not asked for, or come twice, are nothing', () => {
    const pace = new Pace(own, 0);
    const leading = { leader, ballot, configuration: configurationOf(3) };
    for (let round = 0; round < 16; round++) {
      const id = pace.ask(ballot, 0);
      pace.told(3 as MemberId, id, 1);
      pace.told(leader, id, 2);
      pace.told(leader, id, 900);
      pace.told(leader, id + 1000, 900);
    }
    expect(pace.isLeaderSlow(leading, 5000)).toBe(false);
  });
});
