/**
 * A checker counts only after a bug made it fail. Each planted bug is found within the stated number of seeds, by the
 * checker that should see it; checkers for which no bug is planted are shown a doctored history (checkers.test.ts).
 */
import { describe, expect, test } from 'vitest';
import type { PlantedBug } from '../actors/planted.ts';
import { campaign } from './campaign.ts';
import type { ProfileName } from './faults/profiles.ts';
import type { CheckerName } from './violations.ts';

interface Row {
  readonly bug: PlantedBug;
  readonly profile: ProfileName;
  /** Found within so many. */
  readonly seeds: number;
  readonly checker: CheckerName;
}

const rows: readonly Row[] = [
  { bug: 'promise-before-sync', profile: 'power', seeds: 40, checker: 'one-value-per-slot' },
  {
    bug: 'majority-counted-wrong',
    profile: 'partitions',
    seeds: 40,
    checker: 'one-value-per-slot',
  },
  { bug: 'ballots-not-compared', profile: 'duel', seeds: 250, checker: 'actor-crash' },
  {
    bug: 'decided-mark-under-another-ballot',
    profile: 'duel',
    seeds: 60,
    checker: 'one-value-per-slot',
  },
  {
    bug: 'promise-leaves-out-accepted-slot',
    profile: 'disks',
    seeds: 40,
    checker: 'one-value-per-slot',
  },
  { bug: 'sequence-gap-skipped', profile: 'duel', seeds: 60, checker: 'session-order' },
  { bug: 'repeat-applied', profile: 'sessions', seeds: 20, checker: 'session-order' },
  { bug: 'wiped-disk-votes', profile: 'wipes', seeds: 100, checker: 'one-value-per-slot' },
  { bug: 'observer-votes', profile: 'observers', seeds: 150, checker: 'one-value-per-slot' },
  {
    bug: 'old-epoch-obeyed',
    profile: 'late',
    seeds: 100,
    checker: 'old-epoch-without-effect',
  },
  {
    bug: 'update-forgotten-before-acknowledgement',
    profile: 'failover',
    seeds: 40,
    checker: 'one-final-state',
  },
  { bug: 'resource-freed-twice', profile: 'cluster', seeds: 10, checker: 'resources-once' },
  {
    bug: 'launch-forgotten-before-acknowledgement',
    profile: 'frameworks',
    seeds: 10,
    checker: 'launch-kept',
  },
  { bug: 'status-skipped', profile: 'frameworks', seeds: 20, checker: 'statuses-in-order' },
  { bug: 'read-overtakes-write', profile: 'zookeeper', seeds: 10, checker: 'reply-order' },
  { bug: 'event-after-answer', profile: 'zookeeper', seeds: 10, checker: 'watch-before-reply' },
  { bug: 'offer-not-returned', profile: 'frameworks', seeds: 20, checker: 'liveness' },
];

describe('the simulation finds', () => {
  test.each(rows)(
    '$bug with $checker within $seeds seeds of profile $profile',
    { timeout: 120_000 },
    async (row) => {
      const { bug, profile, seeds, checker } = row;
      const sees = (result: { violations: readonly { checker: CheckerName }[] }) =>
        result.violations.some((violation) => violation.checker === checker);
      const { results } = await campaign({ from: 1, seeds, profile, planted: bug, onResult: sees });
      const found = results.find(sees);
      console.log(
        `${bug}: ${found === undefined ? 'NOT FOUND' : `seed ${found.seed}`} of ${results.length} run`,
      );
      expect(found?.violations[0]?.text).toBeDefined();
    },
  );
});
