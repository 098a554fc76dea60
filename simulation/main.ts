/**
 * `npm run simulate -- --seed N` repeats one seed and prints its trace; `--seeds N` runs many and tells which failed.
 * Exits with 1 when something was found.
 */
import { parseArgs } from 'node:util';
import type { PlantedBug } from '../actors/planted.ts';
import { campaign } from './campaign.ts';
import { type ProfileName, profileOfSeed, profiles } from './faults/profiles.ts';
import { type RunResult, run } from './run.ts';

const HELP = `npm run simulate -- [options]

  --seed N          runs one seed and prints what happened
  --seeds N         runs N seeds, on all processors
  --from M          the first of them (1)
  --profile NAME    ${Object.keys(profiles).join(', ')}; without it the seed picks
  --planted NAME    plants a bug (actors/planted.ts), to see whether it is found
  --quiet           only the outcome of --seed
  --jobs N          processes for --seeds

Profiles:
${Object.values(profiles)
  .map(({ name, description }) => `  ${name.padEnd(12)} ${description}`)
  .join('\n')}
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    profile: { type: 'string' },
    planted: { type: 'string' },
    jobs: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const print = (line: string) => process.stdout.write(`${line}\n`);

function wrong(text: string): never {
  process.stderr.write(`${text}\n\n${HELP}`);
  process.exit(2);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number >= 0
    ? number
    : wrong(`--${name} takes a whole number, not ${text}`);
}

if (values.profile !== undefined && !(values.profile in profiles))
  wrong(`there is no profile ${values.profile}`);
const chosen = {
  ...(values.profile !== undefined && { profile: values.profile as ProfileName }),
  ...(values.planted !== undefined && { planted: values.planted as PlantedBug }),
};

function commandOf(result: RunResult): string {
  const planted = values.planted === undefined ? '' : ` --planted ${values.planted}`;
  return `npm run simulate -- --seed ${result.seed} --profile ${result.profile}${planted}`;
}

function printViolations(result: RunResult): void {
  for (const { checker, atMs, text } of result.violations.slice(0, 5))
    print(`  ${checker} at ${atMs.toFixed(3)} ms: ${text}`);
  if (result.violations.length > 5) print(`  and ${result.violations.length - 5} more`);
}

function describe(result: RunResult): string {
  const faults = Object.entries(result.faults)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
  return `${(result.virtualMs / 1000).toFixed(1)} virtual seconds, ${result.steps} events, ${result.slots} slots, ${result.operations} operations, ${result.tasks} tasks, ${result.launches} launches, trace ${result.traceHash}; faults: ${faults || 'none'}`;
}

function runOne(seed: number): void {
  const profile = chosen.profile ?? profileOfSeed(seed);
  print(`seed ${seed}, profile ${profile}`);
  const startedMs = performance.now();
  const result = run({ ...chosen, seed, profile, ...(!values.quiet && { print }) });
  print(`${describe(result)}; ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  if (result.violations.length === 0) {
    print('nothing found');
    return;
  }
  print(`FOUND ${result.violations.length}:`);
  printViolations(result);
  process.exitCode = 1;
}

async function runMany(seeds: number, from: number): Promise<void> {
  print(
    `seeds ${from} to ${from + seeds - 1}${chosen.profile ? `, profile ${chosen.profile}` : ''}`,
  );
  const startedMs = performance.now();
  const { results, failed } = await campaign({
    ...chosen,
    from,
    seeds,
    ...(values.jobs !== undefined && { jobs: wholeNumber('jobs', values.jobs) }),
    onResult: (result) => {
      if (result.violations.length > 0) {
        print(`seed ${result.seed} ${result.profile}: FOUND; repeat it with: ${commandOf(result)}`);
        printViolations(result);
      } else if (!values.quiet) print(`seed ${result.seed} ${result.profile}: ${describe(result)}`);
      return undefined;
    },
  });
  const seconds = (performance.now() - startedMs) / 1000;
  print(
    `${results.length} seeds in ${seconds.toFixed(1)} s (${(results.length / seconds).toFixed(1)} a second), ${failed.length} with violations`,
  );
  for (const result of failed) print(`  ${commandOf(result)}`);
  if (failed.length > 0) process.exitCode = 1;
}

if (values.help) print(HELP);
else if (values.seed !== undefined) runOne(wholeNumber('seed', values.seed));
else if (values.seeds !== undefined)
  await runMany(wholeNumber('seeds', values.seeds), wholeNumber('from', values.from));
else wrong('give --seed or --seeds');
