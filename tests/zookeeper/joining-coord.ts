/** Coords that join a cluster of `startCluster`, and what goes on meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll } from 'vitest';
import { ask, pause, startCluster, type TestCluster } from '../cluster/harness.ts';
import { freePort } from '../support/nats-server.ts';
import { javaShell } from './java-shell.ts';

const root = join(import.meta.dirname, '..', '..');

/** As the guide says: with an empty directory at first, and without a bootstrap. */
export class JoiningCoord {
  readonly port: number;
  readonly #start: () => ChildProcess;
  #child: ChildProcess;

  private constructor(port: number, start: () => ChildProcess) {
    this.port = port;
    this.#start = start;
    this.#child = start();
  }

  static async start(cluster: TestCluster, member: number): Promise<JoiningCoord> {
    const port = await freePort();
    const secrets = JSON.parse(readFileSync(join(cluster.directory, 'secrets.json'), 'utf8'));
    return new JoiningCoord(port, () =>
      spawn(
        process.execPath,
        [
          ...[join(root, 'actors/coord/main.ts'), '--nats', cluster.natsUrl],
          ...['--member', String(member), '--zookeeper-port', String(port)],
          ...['--data', join(cluster.directory, `coord-${member}`), '--log-level', 'error'],
        ],
        {
          env: {
            ...process.env,
            MESOZOO_COORD_SECRET: secrets.coord,
            MESOZOO_SYSTEM_SECRET: secrets.system,
          },
          stdio: 'inherit',
        },
      ),
    );
  }

  /** With -9. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  startAgain(): void {
    this.#child = this.#start();
  }
}

/** Three coords and a fourth that may join them, for the tests of a file. */
export function clusterAndFourth() {
  let cluster: TestCluster;
  let fourth: JoiningCoord;
  beforeAll(async () => {
    cluster = await startCluster({ masters: 1, agents: 0 });
    fourth = await JoiningCoord.start(cluster, 4);
  }, 120_000);
  afterAll(async () => {
    await fourth.kill();
    await cluster.stop();
  });
  return {
    cluster: () => cluster,
    fourth: () => fourth,
    portOf: (member: number) =>
      member === 4 ? fourth.port : cluster.zookeeperAddresses[member - 1]!.port,
  };
}

/** Creates one znode after the other until it is stopped; what became of one is not left open. */
export class Writer {
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
export async function isThere(client: NatsConnection, path: string): Promise<boolean> {
  const answer = await ask(client, 'mz.znode.create', { path, data: '' }).catch(() => undefined);
  if (answer === undefined) return false;
  return answer.error === undefined || (answer.error as { code: string }).code === 'NODE_EXISTS';
}

export const server = (port: number) => `127.0.0.1:${port}`;

/** By ZooKeeper's own shell. Until a member has announced itself, it cannot join. */
export async function reconfigured(port: number, ...command: string[]): Promise<string> {
  for (;;) {
    const written = await javaShell(server(port), ['reconfig', ...command]);
    if (!written.includes('No quorum of new config')) return written;
  }
}
