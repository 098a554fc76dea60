/**
 * `npm run bench:timeline -- --out FILE.svg [--against zookeeper]`: sets a second over a minute in which servers are
 * killed and paused, drawn as a chart; says for how long nothing succeeded.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startOurs } from '../rivals/ours.ts';
import { startZookeeper } from '../rivals/zookeeper.ts';
import { chart, type Line } from './chart.ts';
import { injectAll, TIMELINE_SECONDS } from './faults.ts';
import { STEP_MS, Throughput } from './throughput.ts';

const { values } = parseArgs({
  options: { out: { type: 'string' }, against: { type: 'string' } },
});
if (values.out === undefined || ![undefined, 'zookeeper'].includes(values.against)) {
  console.error('usage: npm run bench:timeline -- --out FILE.svg [--against zookeeper]');
  process.exit(2);
}

const lines: Line[] = [];
for (const start of values.against === undefined ? [startOurs] : [startZookeeper, startOurs]) {
  const rival = await start();
  try {
    const throughput = new Throughput(rival.servers, TIMELINE_SECONDS);
    const told = (fault: string) => console.error(`${rival.name}: ${fault}`);
    await Promise.all([throughput.run(), injectAll(rival, told)]);
    lines.push({ name: rival.name, steps: throughput.steps });
    const median = [...throughput.steps].sort((a, b) => a - b)[throughput.steps.length >> 1] ?? 0;
    console.log(
      `${rival.name}: median ${Math.round((median * 1000) / STEP_MS)} sets/s, ` +
        `longest without a success ${(longestRunOfZeros(throughput.steps) * STEP_MS) / 1000} s`,
    );
  } finally {
    await rival.stop();
  }
}
writeFileSync(
  values.out,
  chart(lines, 'Throughput while servers are killed and paused (12 clients, 64 outstanding each)'),
);
process.exit(0);

function longestRunOfZeros(steps: readonly number[]): number {
  let longest = 0;
  let run = 0;
  for (const count of steps) {
    run = count === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
