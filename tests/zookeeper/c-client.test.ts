/** ZooKeeper's own client in C, as its shell and its load generator show it, unchanged, against an ensemble of ours. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { foreignClientsMissing, programsOfC } from './foreign-clients.ts';
import { Interactive } from './interactive.ts';

const LIMIT_MS = 180_000;

describe.skipIf(foreignClientsMissing !== undefined)("ZooKeeper's client in C", () => {
  let cluster: TestCluster;
  let servers: string[];
  let programs: Interactive[] = [];
  beforeAll(async () => {
    cluster = await startCluster({ masters: 1, agents: 0 });
    servers = cluster.zookeeperAddresses.map(({ host, port }) => `${host}:${port}`);
  }, LIMIT_MS);
  afterEach(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    programs = [];
  });
  afterAll(() => cluster?.stop());

  function start(name: string, ...args: string[]): Interactive {
    const program = new Interactive(`${programsOfC}/${name}`, args);
    programs.push(program);
    return program;
  }

  /** It connects to the first of the list that takes it. */
  async function shell(among: readonly string[]): Promise<Interactive> {
    const program = start('cli_mt', '-h', among.join());
    await program.until('Got a new session id: 0x');
    return program;
  }

  /** What is typed, and a part of what answers it, one after the other. */
  async function converse(
    program: Interactive,
    ...turns: readonly (readonly [string, ...string[]])[]
  ): Promise<void> {
    for (const [command, ...answer] of turns) {
      program.type(command);
      for (const part of answer) await program.until(part);
    }
  }

  it(
    'creates, reads, writes and deletes',
    async () => {
      const client = await shell(servers);
      await converse(
        client,
        ['create /c', '[/c]: rc = 0\n', 'name = /c\n'],
        ['create /c', '[/c]: rc = -110\n'],
        ['create /none/child', '[/none/child]: rc = -101\n'],
        ['create +s /c/s-', 'name = /c/s-0000000000\n'],
        ['create2 +e /c/e', 'name = /c/e\n', 'version=0\taversion=0\n', 'ephemeralOwner = '],
        ['create +e /c/e/child', '[/c/e/child]: rc = -108\n'],
        ['create +c /c/container', 'name = /c/container\n'],
        ['create +t=3600000 /c/ttl', 'name = /c/ttl\n'],
        ['get /c', '/c: rc = 0\n', ' value_len = 3\n', 'new\n'],
        ['set /c changed', '/c: rc = 0 Stat:\n', 'version=1\taversion=0\n'],
        ['get /c', ' value_len = 7\n', 'changed\n'],
        ['ls /c', '/c: rc = 0\n', '\tcontainer\n', '\te\n', '\ts-0000000000\n', '\tttl\n'],
        ['ls2 /c/e', '/c/e: rc = 0\n', 'ephemeralOwner = '],
        ['exists /none', 'Error -101 for /none\n'],
        ['sync /c', '[/c]: rc = 0\n'],
        ['delete /c', '/c: rc = -111\n'],
        ['delete /c/ttl', '/c/ttl: rc = 0\n'],
        ['get /c/ttl', '/c/ttl: rc = -101\n'],
        ['get /zookeeper/quota', '/zookeeper/quota: rc = 0\n'],
      );
      client.type('quit');
      expect(await client.ended()).toBe(0);
      const later = await shell(servers);
      await converse(later, ['sync /c', 'rc = 0\n'], ['get /c/e', '/c/e: rc = -101\n']);
    },
    LIMIT_MS,
  );

  it(
    'is turned away with a scheme that there is not',
    async () => {
      const client = await shell(servers);
      await converse(client, ['addauth none x', 'Authentication failure. Shutting down...\n']);
    },
    LIMIT_MS,
  );

  it(
    'carries out a load',
    async () => {
      const load = start('load_gen', servers.join(), '/load', '500');
      for (let round = 0; round < 3; round += 1)
        for (const what of ['write', 'read', 'delete'])
          await load.until(`Starting the ${what} cycle for path /load\n`);
      await load.stop();
      const broom = start('load_gen', servers.join(), '/load', 'clean');
      await broom.until('Successfully deleted a subtree starting at /load');
      expect(await broom.ended()).toBe(0);
    },
    LIMIT_MS,
  );

  // The last: one member is gone after it.
  it(
    'keeps its session and its watches at another member',
    async () => {
      // The first member serves: so the one that moves begins there.
      await shell(servers.slice(0, 1));
      const moving = await shell(servers);
      const acting = await shell(servers.slice(1));
      await converse(
        moving,
        ['create /moving', 'name = /moving\n'],
        ['create +e /moving/own', 'name = /moving/own\n'],
        ['get /moving', '/moving: rc = 0\n'],
        ['wexists /moving/later', 'Error -101'],
        ['ls /moving/own', '/moving/own: rc = 0\n'],
      );
      await cluster.kill('coord-1');
      await moving.until('state = CONNECTING_STATE\n');
      const meanwhile = await moving.until('state = CONNECTED_STATE\n');
      expect(meanwhile).not.toContain('EXPIRED');
      await converse(acting, ['set /moving x', 'rc = 0'], ['create /moving/later', 'rc = 0']);
      const changed = await moving.until(
        'CHANGED_EVENT state = CONNECTED_STATE for path /moving\n',
      );
      expect(changed).not.toContain('Got a new session id');
      await moving.until('CREATED_EVENT state = CONNECTED_STATE for path /moving/later\n');
      await converse(acting, ['sync /moving', 'rc = 0'], ['get /moving/own', 'rc = 0']);
      await converse(acting, ['delete /moving/own', 'rc = 0']);
      await moving.until('DELETED_EVENT state = CONNECTED_STATE for path /moving/own\n');
    },
    LIMIT_MS,
  );
});
