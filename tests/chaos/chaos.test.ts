/** Each fault once, on a cluster of containers under load. The times without service are printed, not judged. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../simulation/random.ts';
import { ensureContainers } from './availability.ts';
import { ContainerCluster, chaosDirectory } from './cluster.ts';
import { faults } from './faults/table.ts';
import { Series } from './load/series.ts';
import { playRound } from './round.ts';
import { roundLine } from './summary.ts';

const { missing } = ensureContainers();
if (missing !== undefined) console.log(`skipped: faults of containers (${missing})`);

describe.skipIf(missing !== undefined)('a cluster of containers', () => {
  const random = new SeededRandom('short form');
  const series = new Series(performance.now());
  const lines: string[] = [];
  let cluster: ContainerCluster;
  let broken: Error | undefined;

  beforeAll(async () => {
    cluster = await ContainerCluster.start();
  }, 300_000);
  afterAll(async () => {
    console.log(lines.join('\n'));
    await cluster?.stop();
  }, 60_000);

  it.each(faults.map((fault) => [fault.what, fault] as const))(
    'loses nothing and runs nothing twice when %s',
    async (_what, fault) => {
      if (broken !== undefined) throw broken;
      const { name } = fault;
      const result = await playRound({
        ...{ cluster, fault, name, random: random.fork(name), series },
      }).catch(async (error: Error) => {
        broken = new Error(`the cluster has not outlived ${name}`, { cause: error });
        await cluster.saveLogs(join(chaosDirectory, `logs-${name}`));
        throw error;
      });
      lines.push(roundLine(result));
      expect(result.violations).toEqual([]);
      expect(result.acknowledgedWrites).toBeGreaterThan(100);
      expect(result.acknowledgedTasks).toBeGreaterThan(10);
    },
    240_000,
  );
});
