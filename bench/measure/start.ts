/** From the start of the processes to a leading coord, a leading master and all agents registered. */
import { startCluster } from '../../tests/cluster/harness.ts';
import type { Figure } from '../report.ts';

export async function measureStart(options: { rounds: number }): Promise<Figure[]> {
  const values: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const startedAt = performance.now();
    const cluster = await startCluster();
    values.push((performance.now() - startedAt) / 1000);
    await cluster.stop();
  }
  return [
    {
      what: 'new cluster of eight processes and nats-server: ready',
      values,
      unit: 's',
      goal: { atMost: 10 },
    },
  ];
}
