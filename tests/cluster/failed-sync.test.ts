/** A coord whose `fdatasync` fails once stops at once, and says why; the cluster goes on, and nothing is lost. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause, startCluster, type TestCluster } from './harness.ts';
import { SessionLoad } from './session-load.ts';

const former = process.env.NODE_OPTIONS;
let cluster: TestCluster;
beforeAll(async () => {
  const preload = new URL('failing-sync.mjs', import.meta.url).pathname;
  process.env.NODE_OPTIONS = `${former ?? ''} --import=${preload}`;
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 120_000);
afterAll(async () => {
  if (former === undefined) delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = former;
  await cluster.stop();
});

describe('a coord whose fdatasync fails once', () => {
  it.each([
    ['leads', true],
    ['follows', false],
  ])(
    'and which %s stops before it writes anything more',
    async (role, leads) => {
      await cluster.untilWell();
      const load = await SessionLoad.start(cluster, {
        ...{ parent: `/${role}`, members: [0, 1, 2], clientsPerMember: 1, natsClients: 1 },
      });
      await pause(500);
      const leader = await cluster.leadingCoord();
      const victim = leads ? leader : leader === 'coord-1' ? 'coord-2' : 'coord-1';
      const [deaths, before] = [cluster.deaths.length, load.acknowledged.length];
      const data = join(cluster.directory, victim);
      writeFileSync(join(data, 'fail-next-sync'), '');
      while (cluster.deaths.length === deaths) await pause(10);
      await cluster.untilWell();
      await load.serves(Number(victim.slice(-1)));
      await pause(500);
      await load.stop();

      expect(cluster.deaths.slice(deaths)).toMatchObject([
        { part: victim, how: 'exit code 74', why: expect.stringContaining('DISK_FAILED') },
      ]);
      expect(existsSync(join(data, 'written-after-failure'))).toBe(false);
      expect(load.acknowledged.length).toBeGreaterThan(before + 10);
      expect(load.wrong).toEqual([]);
      expect(await load.missing()).toEqual([]);
    },
    120_000,
  );
});
