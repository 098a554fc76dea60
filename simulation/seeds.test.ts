/** Two hundred seeds, each profile in turn: nothing may be found. A failing seed is printed with the command that repeats it. */
import { expect, test } from 'vitest';
import { campaign } from './campaign.ts';
import { run } from './run.ts';

const SEEDS = 200;

test(`${SEEDS} seeds find nothing`, { timeout: 600_000 }, async () => {
  const { results, failed } = await campaign({ from: 1, seeds: SEEDS });
  const sum = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  console.log(
    `${results.length} seeds: ${Math.round(sum(({ virtualMs }) => virtualMs) / 1000)} virtual seconds, ${sum(({ steps }) => steps)} events, ${sum(({ slots }) => slots)} slots, ${sum(({ operations }) => operations)} operations, ${sum(({ tasks }) => tasks)} tasks, ${sum(({ launches }) => launches)} launches of frameworks, ${sum(({ faults }) => Object.values(faults).reduce((a, b) => a + b, 0))} faults`,
  );
  expect(results.length).toBe(SEEDS);
  expect(
    failed.map(({ seed, profile, violations: [first] }) => ({
      command: `npm run simulate -- --seed ${seed} --profile ${profile}`,
      found: `${first?.checker}: ${first?.text}`,
    })),
  ).toEqual([]);
});

/** Beyond those above: each found a fault that no test had. */
test.each([
  // Another instance came while this one's record was being written, and it was taken for rejected, for ever.
  { seed: 5013, profile: 'frameworks' },
  // A crash had left zeros behind the mark of a record in the agent's journal: they were read as an empty one.
  { seed: 6116, profile: 'cluster' },
] as const)('seed $seed of $profile finds nothing any more', { timeout: 120_000 }, (options) => {
  expect(run(options).violations).toEqual([]);
});

test.each(['quorum', 'cluster', 'late', 'frameworks', 'zookeeper'] as const)(
  'the same seed has the same trace, whoever reads it: %s',
  { timeout: 120_000 },
  (profile) => {
    let lines = 0;
    const read = run({ seed: 11, profile, print: () => lines++ });
    const unread = run({ seed: 11, profile });
    expect(unread.traceHash).toBe(read.traceHash);
    expect(unread.steps).toBe(read.steps);
    expect(lines).toBeGreaterThan(100);
    expect(run({ seed: 12, profile }).traceHash).not.toBe(read.traceHash);
  },
);
