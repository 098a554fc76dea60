/** `npm run histories`: the long form of tests/cluster/histories.test.ts. Ends with 1 when something was wrong. */
import { parseArgs } from 'node:util';
import { startCluster } from '../cluster/harness.ts';
import { runHistories } from './run/run.ts';
import { summaryLines } from './run/summary.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log('usage: npm run histories -- [--seconds N] [--seed S]');
  process.exit(0);
}
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new RangeError('--seconds wants a number above 0');

console.log(`seed ${values.seed}`);
let isLeaving = false;
const cluster = await startCluster({ masters: 1, agents: 0, relays: true });
// An assertion of a client failed, in a callback of its connection.
process.on('uncaughtException', (error) => {
  console.error(error);
  void leave(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void leave(130));
const record = await runHistories({
  ...{ cluster, seed: values.seed, seconds },
  checked: ({ number, operations }, { violations }) =>
    console.log(
      `round ${number}: ${operations.length} operations, ${violations.length} violations`,
    ),
});
console.log(summaryLines(record).join('\n'));
await leave(record.violations.length === 0 ? 0 : 1);

/** The members do not outlive this process. Called again, as by a signal that comes twice, it changes nothing. */
async function leave(code: number): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  await cluster.stop();
  process.exit(code);
}
