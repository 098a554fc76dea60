/**
 * `npm run chaos`: faults of a cluster in containers under load, with a report. Ctrl-C cuts the present fault short, and
 * everything is checked, reported and cleared away as at a run's own end; a second one clears away at once.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureContainers } from './availability.ts';
import { ContainerCluster, chaosDirectory } from './cluster.ts';
import { faults, readFaults } from './faults/table.ts';
import { measureFigures } from './figures.ts';
import { reportOf } from './report/html.ts';
import { runFaults } from './run.ts';
import { findingsOf, roundLine, summaryLines } from './summary.ts';
import { clearLine, clock, progress } from './terminal.ts';

const usage = `usage: npm run chaos -- [--minutes N] [--seed S] [--faults LIST] [--report FILE]
       npm run chaos -- --figures [--rounds N]

Without --minutes each fault comes once. The faults:
${faults.map(({ name, what }) => `  ${name.padEnd(24)}${what}`).join('\n')}`;

const options = readOptions();
const { missing } = ensureContainers();
if (missing !== undefined) {
  console.error(`There are no containers to be had here: ${missing}.`);
  process.exit(69);
}
if (options.figures) process.exit(await measureFigures(options.rounds));

console.log(`seed ${options.seed}`);
const hurry = new AbortController();
let cluster: ContainerCluster | undefined;
let isLeaving = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupted);
const startedMs = performance.now();
cluster = await ContainerCluster.start();
console.log(`the cluster is ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
const result = await runFaults({
  ...{ cluster, faults: options.faults, seed: options.seed, hurry: hurry.signal },
  ...(options.minutes !== undefined && { minutes: options.minutes }),
  began: (fault, number) => progress(`${String(number).padStart(4)} ${fault.name} …`),
  ended: (round) => console.log(`${clearLine}${clock()} ${roundLine(round)}`),
});
console.log(`${clearLine}\n${summaryLines(result).join('\n')}`);
if (result.broken !== undefined) {
  const logs = join(chaosDirectory, `logs-${options.seed}`);
  await cluster.saveLogs(logs);
  console.log(`logs: ${logs}`);
}
writeReport();
await leave(findingsOf(result).length === 0 ? 0 : 1);

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
        faults: { type: 'string' },
        report: { type: 'string' },
        figures: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '5' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
    const rounds = Number(values.rounds);
    if (!((minutes ?? 1) > 0)) throw new RangeError('--minutes wants a number above 0');
    if (!(Number.isInteger(rounds) && rounds > 0))
      throw new RangeError('--rounds wants a whole number above 0');
    return {
      ...{ minutes, rounds, seed: values.seed, figures: values.figures },
      faults: values.faults === undefined ? faults : readFaults(values.faults),
      report: values.report ?? join(chaosDirectory, `report-${values.seed}.html`),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(64);
  }
}

function interrupted(): void {
  if (hurry.signal.aborted) void leave(130);
  else console.log(`${clearLine}ending: the present fault is undone, then checked`);
  hurry.abort();
}

function writeReport(): void {
  mkdirSync(dirname(options.report), { recursive: true });
  writeFileSync(
    options.report,
    reportOf(result, {
      made: new Date().toISOString().slice(0, 16).replace('T', ' '),
      command: ['npm run chaos --', ...process.argv.slice(2)].join(' '),
    }),
  );
  console.log(`report: ${options.report}`);
}

async function leave(exitCode: number): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  await cluster?.stop();
  process.exit(exitCode);
}
