/** One coord after another is stopped in good order and started again, while clients write and read: none sees a failure. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { getChildren, sync } from '../zookeeper/wire/requests.ts';
import { pause, startCluster, type TestCluster } from './harness.ts';
import { SessionLoad } from './session-load.ts';
import { ZooKeeperClient } from './zookeeper-client.ts';

const SESSION_MS = 10_000;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 120_000);
afterAll(() => cluster.stop());

/** One session at this member alone: it has a leader and takes part. */
async function serves(member: number): Promise<ZooKeeperClient> {
  const address = cluster.zookeeperAddresses[member - 1]!;
  for (;;) {
    const client = new ZooKeeperClient([address], 0, SESSION_MS);
    const answer = await client.ask(sync('/')).catch(() => undefined);
    if (answer?.error === 0) return client;
    client.drop();
    await pause(50);
  }
}

it('coords are restarted one after another without a failed request', async () => {
  const load = await SessionLoad.start(cluster, {
    ...{ parent: '/rolling', members: [0, 1, 2], clientsPerMember: 2, natsClients: 2 },
  });
  await pause(1000);
  const gaps: string[] = [];
  for (const member of [1, 2, 3]) {
    const part = `coord-${member}`;
    const led = (await cluster.leadingCoord()) === part ? ', which led' : '';
    const [fromMs, before] = [performance.now(), load.acknowledged.length];
    const deaths = cluster.deaths.length;
    cluster.signal(part, 'SIGTERM');
    while (cluster.deaths.length === deaths) await pause(10);
    (await serves(member)).drop();
    await pause(1000);
    const gapMs = Math.round(load.longestGapMs(fromMs, performance.now()));
    gaps.push(`${part}${led}: longest time without a write ${gapMs} ms`);
    expect(load.acknowledged.length).toBeGreaterThan(before);
  }
  await load.stop();
  console.log(gaps.join('\n'));

  expect(cluster.deaths.map(({ part, how }) => `${part}: ${how}`)).toEqual(
    [1, 2, 3].map((member) => `coord-${member}: exit code 0`),
  );
  expect(load.wrong).toEqual([]);
  expect(load.acknowledged.length).toBeGreaterThan(100);
  for (const member of [1, 2, 3]) {
    const client = await serves(member);
    const { body } = await client.ask(getChildren('/rolling'));
    const present = new Set(body.children);
    expect(load.acknowledged.filter((path) => !present.has(path.slice(9)))).toEqual([]);
    client.drop();
  }
}, 180_000);
