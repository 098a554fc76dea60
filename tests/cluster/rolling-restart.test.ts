/** One coord after another is stopped in good order and started again, while clients write and read: none sees a failure. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BareLoad } from './bare-load.ts';
import { pause, startCluster, type TestCluster } from './harness.ts';
import { SessionLoad } from './session-load.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 120_000);
afterAll(() => cluster.stop());

it('coords are restarted one after another without a failed request', async () => {
  const load = await SessionLoad.start(cluster, {
    ...{ parent: '/rolling', members: [0, 1, 2], clientsPerMember: 2, natsClients: 2 },
  });
  const bare = await BareLoad.start(cluster, { parent: '/rolling', lanes: 100 });
  await pause(1000);
  const gaps: string[] = [];
  for (const member of [1, 2, 3]) {
    const part = `coord-${member}`;
    const led = (await cluster.leadingCoord()) === part ? ', which led' : '';
    const [fromMs, before] = [performance.now(), load.acknowledged.length];
    const deaths = cluster.deaths.length;
    cluster.signal(part, 'SIGTERM');
    while (cluster.deaths.length === deaths) await pause(10);
    await load.serves(member);
    await pause(1000);
    const gapMs = Math.round(load.longestGapMs(fromMs, performance.now()));
    gaps.push(`${part}${led}: longest time without a write ${gapMs} ms`);
    expect(load.acknowledged.length).toBeGreaterThan(before);
  }
  await bare.stop();
  await load.stop();
  console.log([...gaps, `${bare.answered} requests without a session`].join('\n'));

  expect(cluster.deaths.map(({ part, how }) => `${part}: ${how}`)).toEqual(
    [1, 2, 3].map((member) => `coord-${member}: exit code 0`),
  );
  expect(load.wrong).toEqual([]);
  expect(bare.wrong).toEqual([]);
  expect(bare.answered).toBeGreaterThan(100);
  expect(load.acknowledged.length).toBeGreaterThan(100);
  expect(await load.missing()).toEqual([]);
}, 180_000);
