/**
 * The quorum gets other members while clients write: one joins, the one that leads leaves and is stopped, another is
 * killed. Asked for by ZooKeeper's own shell. What was acknowledged is there at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, pause, startCluster, type TestCluster } from '../cluster/harness.ts';
import { freePort } from '../support/nats-server.ts';
import { javaShell } from './java-shell.ts';

const root = join(import.meta.dirname, '..', '..');
let cluster: TestCluster;
let fourth: ChildProcess;
let fourthPort: number;

beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
  fourthPort = await freePort();
  fourth = startFourth();
}, 120_000);

afterAll(async () => {
  if (fourth.exitCode === null) {
    fourth.kill('SIGKILL');
    await once(fourth, 'exit');
  }
  await cluster.stop();
});

/** As the guide says: with an empty directory and without a bootstrap. */
function startFourth(): ChildProcess {
  const secrets = JSON.parse(readFileSync(join(cluster.directory, 'secrets.json'), 'utf8'));
  return spawn(
    process.execPath,
    [
      ...[join(root, 'actors/coord/main.ts'), '--nats', cluster.natsUrl, '--member', '4'],
      ...['--data', join(cluster.directory, 'coord-4'), '--zookeeper-port', String(fourthPort)],
      ...['--log-level', 'error'],
    ],
    {
      env: {
        ...process.env,
        MESOZOO_COORD_SECRET: secrets.coord,
        MESOZOO_SYSTEM_SECRET: secrets.system,
      },
      stdio: 'inherit',
    },
  );
}

/** Creates one znode after the other until it is stopped; what became of one is not left open. */
class Writer {
  readonly acknowledged: string[] = [];
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(client: NatsConnection) {
    this.#done = this.#run(client);
  }

  async #run(client: NatsConnection): Promise<void> {
    for (let index = 0; !this.#isStopped; index++) {
      const name = `n-${index}`;
      while (!(await isThere(client, `/written/${name}`))) await pause(20);
      this.acknowledged.push(name);
    }
  }

  async more(): Promise<void> {
    const before = this.acknowledged.length;
    while (this.acknowledged.length < before + 10) await pause(20);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }
}

/** Created now, or by an earlier try without an answer. */
async function isThere(client: NatsConnection, path: string): Promise<boolean> {
  const answer = await ask(client, 'mz.znode.create', { path, data: '' }).catch(() => undefined);
  if (answer === undefined) return false;
  return answer.error === undefined || (answer.error as { code: string }).code === 'NODE_EXISTS';
}

const server = (port: number) => `127.0.0.1:${port}`;
const portOf = (member: number) =>
  member === 4 ? fourthPort : cluster.zookeeperAddresses[member - 1]!.port;

/** The members by the text of a configuration, wherever it stands in what the shell has written. */
function membersIn(written: string): number[] {
  return [...written.matchAll(/^server\.(\d+)=.*:participant;/gm)].map(([, id]) => Number(id));
}

/** Until the member has announced itself, it cannot join. */
async function reconfigured(port: number, ...command: string[]): Promise<string> {
  for (;;) {
    const written = await javaShell(server(port), ['reconfig', ...command]);
    if (!written.includes('No quorum of new config')) return written;
  }
}

it('members join and leave while clients write', async () => {
  const client = await cluster.client();
  expect(await isThere(client, '/written')).toBe(true);
  const writer = new Writer(client);
  const line = `server.4=127.0.0.1:2888:3888:participant;${server(fourthPort)}`;

  const added = await reconfigured(portOf(1), '-add', line);
  expect(added).toContain('Committed new configuration:');
  expect(membersIn(added)).toEqual([1, 2, 3, 4]);
  await writer.more();
  expect(membersIn(await javaShell(server(fourthPort), ['config']))).toEqual([1, 2, 3, 4]);

  const leader = await cluster.leadingCoord();
  const leaving = Number(leader.split('-')[1]);
  const left = [1, 2, 3, 4].filter((id) => id !== leaving);
  // The one that leads is asked itself.
  const removed = await reconfigured(portOf(leaving), '-remove', String(leaving));
  expect(removed).toContain('Committed new configuration:');
  expect(membersIn(removed)).toEqual(left);
  await cluster.kill(leader);
  await writer.more();

  // Of three members two are a majority only if the one that joined votes.
  const victim = left[0]!;
  await cluster.kill(`coord-${victim}`);
  await writer.more();
  cluster.start(`coord-${victim}`);
  await writer.more();
  await writer.stop();

  const listed = await javaShell(server(fourthPort), ['ls', '/written']);
  const names = new Set(/^\[(.*)\]$/m.exec(listed)?.[1]?.split(', '));
  expect(writer.acknowledged.filter((name) => !names.has(name))).toEqual([]);
  expect(writer.acknowledged.length).toBeGreaterThan(30);
}, 240_000);

it.each([
  ['who is not running', ['-add', 'server.9=127.0.0.1:2888:3888;2999'], 'No quorum of new config'],
  ['what cannot be read', ['-add', 'server.9=127.0.0.1'], 'Arguments are not valid'],
  ['all members', ['-remove', '1,2,3,4'], 'Arguments are not valid'],
  ['another version', ['-v', 'abc', '-add', 'server.9=h:1:2;3'], 'version No is not valid'],
])(
  '%s is refused',
  async (_, command, message) => {
    const written = await javaShell(server(fourthPort), ['reconfig', ...command]);
    expect(written).toContain(message);
  },
  60_000,
);
