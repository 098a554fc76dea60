/**
 * `npm run bench:coord -- --against zookeeper`: three coords and three servers of ZooKeeper in turn, under the same load
 * in ZooKeeper's protocol, everything on the one machine and with every write on the disk.
 */
import { parseArgs } from 'node:util';
import { Comparisons, printComparisons } from './comparison.ts';
import { isLoadName, loads } from './load/loads.ts';
import { startedElsewhere, startOurs } from './rivals/ours.ts';
import { startZookeeper } from './rivals/zookeeper.ts';
import { measureRound } from './round.ts';

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    servers: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    loads: { type: 'string', default: Object.keys(loads).join(',') },
    'no-failover': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const names = values.loads.split(',').filter((name) => name !== '');
const chosen = names.filter(isLoadName);
const servers = values.servers?.split(',').map((address) => {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
});
const wellFormed =
  [undefined, 'zookeeper'].includes(values.against) &&
  [rounds, seconds].every((count) => Number.isInteger(count) && count >= 1) &&
  chosen.length === names.length &&
  (servers ?? []).every(({ host, port }) => host !== '' && port >= 1 && port <= 65_535);
if (!wellFormed) {
  console.error(
    `usage: npm run bench:coord -- [--against zookeeper] [--servers host:port,…] [--rounds N] [--seconds N] [--no-failover] [--json] [--loads ${Object.keys(loads).join(',')}]`,
  );
  process.exit(2);
}

const given = servers && startedElsewhere(servers);
const ours = given?.name ?? 'ours';
const starters = [given === undefined ? startOurs : async () => given];
if (values.against !== undefined) starters.unshift(startZookeeper);
const comparisons = new Comparisons();
for (let round = 1; round <= rounds; round++) {
  for (const start of starters) {
    const rival = await start();
    try {
      await measureRound(rival, chosen, {
        seconds,
        failover: !values['no-failover'] && rival !== given,
        figure: (figure, value) => comparisons.add(rival.name, figure, value),
        progress: (line) => console.error(`round ${round} of ${rounds}, ${rival.name}: ${line}`),
      });
    } finally {
      await rival.stop();
    }
  }
}
if (values.json)
  console.log(
    JSON.stringify(
      comparisons.all.map((row) => ({ ...row, values: Object.fromEntries(row.values) })),
    ),
  );
else printComparisons(comparisons.all, ours, 'ZooKeeper');
process.exit(0);
