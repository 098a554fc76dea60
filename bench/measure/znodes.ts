/** Rates and latencies of the znode API over NATS. */
import { startCluster } from '../../tests/cluster/harness.ts';
import { type ZnodeLoadOptions, znodeLoad } from '../load/znode-load.ts';
import type { Figure } from '../report.ts';

export async function measureZnodes(options: {
  rounds: number;
  seconds: number;
}): Promise<Figure[]> {
  const cluster = await startCluster({ masters: 1, agents: 0 });
  const load = {
    url: cluster.natsUrl,
    cluster: 'mz',
    valueBytes: 128,
    seconds: options.seconds,
    warmUpSeconds: 3,
  };
  const many = { ...load, sessions: 12, outstanding: 64 };
  const rate = async (operation: ZnodeLoadOptions['operation'], name: string, atLeast?: number) => {
    const results = await rounds(options.rounds, () => znodeLoad({ ...many, operation }));
    return [
      {
        what: `${name}: 12 sessions, 64 outstanding each`,
        values: results.map((result) => result.operationsPerSecond),
        unit: '/s',
        ...(atLeast !== undefined && { goal: { atLeast } }),
      },
      {
        what: `${name}: p99 under that load`,
        values: results.map((result) => result.latency.percentile(0.99)),
        unit: 'ms',
      },
      {
        what: `${name}: worst second`,
        values: results.map((result) => result.worstSecond),
        unit: '/s',
      },
      { what: `${name}: errors`, values: results.map((result) => result.errors), unit: '' },
    ];
  };
  const single = await rounds(options.rounds, () =>
    znodeLoad({ ...load, operation: 'set', sessions: 1, outstanding: 1, warmUpSeconds: 1 }),
  );
  const figures: Figure[] = [
    ...(await rate('set', 'znode set', 20_000)),
    ...(await rate('create', 'znode create')),
    ...(await rate('get', 'znode get')),
    {
      what: 'znode set: one session, one outstanding, p50',
      values: single.map((result) => result.latency.percentile(0.5)),
      unit: 'ms',
      goal: { atMost: 2 },
    },
  ];
  await cluster.stop();
  return figures;
}

async function rounds<Result>(count: number, run: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let round = 0; round < count; round++) results.push(await run());
  return results;
}
