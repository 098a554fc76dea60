/** docker-compose.yml as a user has it: what it asks for, what it lets in, what its health checks say, what it keeps. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, pause } from '../cluster/harness.ts';
import { openSession } from '../zookeeper/session.ts';
import { create, getData, sync } from '../zookeeper/wire/requests.ts';
import { ensureContainers } from './availability.ts';
import { agents, ContainerCluster, coords, masters } from './cluster.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Until a health check has seen a change, and has seen it as often as it wants to. */
const HEALTH_MS = 30_000;

const { missing } = ensureContainers();
if (missing !== undefined) console.log(`skipped: docker compose (${missing})`);

describe.skipIf(missing !== undefined)('docker compose', () => {
  let cluster: ContainerCluster;
  beforeAll(async () => {
    cluster = await ContainerCluster.start();
  }, 300_000);
  afterAll(() => cluster?.stop(), 60_000);

  const untilHealth = async (services: readonly string[], expected: string) => {
    const endMs = performance.now() + HEALTH_MS;
    for (;;) {
      const seen = await Promise.all(
        services.map(async (name) => (await cluster.service(name).inspect()).health),
      );
      if (seen.every((health) => health === expected) || performance.now() > endMs) return seen;
      await pause(200);
    }
  };
  const stopAll = (services: readonly string[]) =>
    Promise.all(services.map((name) => cluster.service(name).stop()));
  const startAll = (services: readonly string[]) =>
    Promise.all(services.map((name) => cluster.service(name).start()));

  it('starts nothing without secrets, and says how to make them', () => {
    const { MESOZOO_NATS: _, ...environment } = process.env;
    const done = spawnSync('docker', ['compose', '--env-file', '/dev/null', 'config'], {
      ...{ cwd: root, env: environment, encoding: 'utf8' },
    });
    expect(done.status).not.toBe(0);
    expect(done.stderr).toContain('make the secrets first with "npm run secrets"');
  });

  it('gives a cluster whose every part is healthy', async () => {
    const names = cluster.all().map(({ name }) => name);
    expect(names).toHaveLength(11);
    expect(await untilHealth(names, 'healthy')).toEqual(names.map(() => 'healthy'));
  });

  it('lets nobody in without credentials', async () => {
    for (const server of cluster.natsUrl.split(','))
      await expect(connect({ servers: server })).rejects.toMatchObject({
        code: 'AUTHORIZATION_VIOLATION',
      });
  });

  it('is reached by the command line on the machine, through any of the servers', () => {
    const servers = cluster.natsUrl.replaceAll('nats://', `nats://client:${cluster.clientSecret}@`);
    const run = (...command: string[]) =>
      spawnSync(process.execPath, [`${root}cli/main.ts`, '--nats', servers, ...command], {
        encoding: 'utf8',
      });
    expect(run('status').stdout).toMatch(/master-[12]-[0-9a-f]{8} leads/);
    const submitted = run('submit', '--', 'echo', 'hi');
    expect(submitted.stderr).toBe('');
    expect(submitted).toMatchObject({ status: 0, stdout: 'hi\n' });
  }, 30_000);

  it('serves the clients of ZooKeeper at each coord', async () => {
    const sessions = await Promise.all(
      cluster.zookeeperPorts.map((port) => openSession({ host: '127.0.0.1', port })),
    );
    const [first, second] = sessions;
    const created = await first!.ask(create('/compose'));
    expect(created.error).toBe(0);
    await second!.ask(sync('/compose'));
    expect((await second!.ask(getData('/compose'))).error).toBe(0);
    for (const session of sessions) session.drop();
  });

  it('calls nobody healthy who does not do its work', async () => {
    const [first, second, third] = coords;
    const leader = await cluster.leadingMaster();
    await stopAll([first, second]);
    expect(await untilHealth([third], 'unhealthy')).toEqual(['unhealthy']);
    expect(await untilHealth([leader], 'unhealthy')).toEqual(['unhealthy']);
    await startAll([first, second]);
    const all = [...coords, ...masters, ...agents];
    expect(await untilHealth(all, 'healthy')).toEqual(all.map(() => 'healthy'));
    await cluster.untilWell();
  }, 120_000);

  it('keeps the cluster when everything is stopped and started, and founds no second one', async () => {
    const client = await cluster.client('kept');
    await ask(client, 'mz.znode.create', { path: '/kept', data: 'as it was' });
    const all = cluster.all().map(({ name }) => name);
    await stopAll(all);
    await cluster.service('founder').start();
    await startAll(all);
    await cluster.untilWell();
    expect(await cluster.service('founder').log(1)).toContain('the cluster exists');
    expect(await ask(client, 'mz.znode.get', { path: '/kept' })).toMatchObject({
      data: 'as it was',
    });
  }, 120_000);
});
