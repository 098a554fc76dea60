/**
 * Clients that write and read all the time, each in a session of its own, on TCP as ZooKeeper's and over NATS as ours:
 * each creates one child after another and reads back what it has created. Whatever goes wrong beyond the end of a
 * connection, after which the same is asked again, is noted.
 */
import { type CoordSession, connect } from '../../actors/coord/client/promises.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectTransport } from '../../runtime/nats.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { Address } from '../zookeeper/wire/connection.ts';
import { create, getChildren, getData, sync } from '../zookeeper/wire/requests.ts';
import { pause, type TestCluster } from './harness.ts';
import { ConnectionEndedError, ZooKeeperClient } from './zookeeper-client.ts';

const SESSION_MS = 10_000;
const NODE_EXISTS = -110;

/** Asks in one session; rejects with what is wrong. */
interface Client {
  create(path: string): Promise<void>;
  read(path: string): Promise<string | null>;
  end(): Promise<void>;
}

export interface SessionLoadOptions {
  /** The znode under which all is written. */
  readonly parent: string;
  /** Clients at each of these members, by their place. */
  readonly members: readonly number[];
  readonly clientsPerMember: number;
  readonly natsClients: number;
}

export class SessionLoad {
  /** In sentences: everything that no client should have to see. */
  readonly wrong: string[] = [];
  readonly acknowledged: string[] = [];
  /** When each write was answered, and how long it took. */
  readonly writes: { readonly atMs: number; readonly tookMs: number }[] = [];
  private readonly parent: string;
  private readonly addresses: readonly Address[];
  private readonly clients: Client[] = [];
  private readonly loops: Promise<void>[] = [];
  private closeNats: (() => Promise<void>) | undefined;
  private running = true;

  private constructor(parent: string, addresses: readonly Address[]) {
    this.parent = parent;
    this.addresses = addresses;
  }

  static async start(cluster: TestCluster, options: SessionLoadOptions): Promise<SessionLoad> {
    const load = new SessionLoad(options.parent, cluster.zookeeperAddresses);
    const first = new ZooKeeperClient(cluster.zookeeperAddresses, 0, SESSION_MS);
    await first.ask(create(options.parent));
    first.drop();
    for (const member of options.members)
      for (let count = 0; count < options.clientsPerMember; count += 1)
        load.clients.push(
          onTcp(new ZooKeeperClient(cluster.zookeeperAddresses, member, SESSION_MS)),
        );
    if (options.natsClients > 0) await load.addNatsClients(cluster, options.natsClients);
    load.clients.forEach((client, index) => void load.loops.push(load.work(client, index)));
    return load;
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
    await Promise.all(this.clients.map((client) => client.end()));
    await this.closeNats?.();
  }

  /** Waits until this member, counted from 1, has a leader and answers. */
  async serves(member: number): Promise<void> {
    const client = await this.at(member);
    client.drop();
  }

  /** What was acknowledged and is not there, as each member sees it. */
  async missing(): Promise<string[]> {
    const missing: string[] = [];
    for (const [index] of this.addresses.entries()) {
      const client = await this.at(index + 1);
      const { body } = await client.ask(getChildren(this.parent));
      const present = new Set(body.children?.map((name) => `${this.parent}/${name}`));
      client.drop();
      for (const path of this.acknowledged)
        if (!present.has(path)) missing.push(`${path} at member ${index + 1}`);
    }
    return missing;
  }

  /** One session at this member alone, which has applied all that was acknowledged before. */
  private async at(member: number): Promise<ZooKeeperClient> {
    const address = this.addresses[member - 1] as Address;
    for (;;) {
      const client = new ZooKeeperClient([address], 0, SESSION_MS);
      const answer = await client.ask(sync('/')).catch(() => undefined);
      if (answer?.error === 0) return client;
      client.drop();
      await pause(50);
    }
  }

  /** The longest time in which no write was answered, between the two moments. */
  longestGapMs(fromMs: number, toMs: number): number {
    const moments = [
      fromMs,
      ...this.writes.map(({ atMs }) => atMs).filter((atMs) => atMs > fromMs && atMs < toMs),
      toMs,
    ];
    return Math.max(...moments.slice(1).map((atMs, index) => atMs - (moments[index] as number)));
  }

  private async addNatsClients(cluster: TestCluster, count: number): Promise<void> {
    const log = createLogger({ level: 'silent', fields: {} });
    const { transport, close } = await connectTransport({
      ...{ url: cluster.natsUrl, role: 'client', name: 'session load', log },
    });
    this.closeNats = close;
    const ports = { clock: systemClock, random: systemRandom, transport, log };
    for (let index = 0; index < count; index += 1) {
      const session = await connect(ports, {
        ...{ cluster: 'mz', timeoutMs: SESSION_MS, reopen: false },
      });
      session.client.onState((state) => {
        if (state === 'expired') this.wrong.push('a session on NATS has expired');
      });
      this.clients.push(overNats(session));
    }
  }

  private async work(client: Client, index: number): Promise<void> {
    for (let number = 1; this.running; number += 1) {
      const path = `${this.parent}/${index}-${number}`;
      const beganMs = performance.now();
      try {
        await client.create(path);
        const atMs = performance.now();
        this.writes.push({ atMs, tookMs: atMs - beganMs });
        this.acknowledged.push(path);
        const data = await client.read(path);
        if (data !== path) this.wrong.push(`${path} was created, and then read as ${data}`);
      } catch (error) {
        this.wrong.push(`${path}: ${String(error)}`);
        return;
      }
    }
  }
}

function onTcp(client: ZooKeeperClient): Client {
  /** Until there is an answer; `attempts` tells how often it was asked. */
  const insist = async <Answer>(ask: (attempts: number) => Promise<Answer>): Promise<Answer> => {
    for (let attempts = 1; ; attempts += 1)
      try {
        return await ask(attempts);
      } catch (error) {
        if (!(error instanceof ConnectionEndedError)) throw error;
      }
  };
  return {
    create: (path) =>
      insist(async (attempts) => {
        const { error } = await client.ask(create(path, { data: path }));
        // Of the attempt whose answer the connection has taken with it.
        const wasCarriedOut = error === NODE_EXISTS && attempts > 1;
        if (error !== 0 && !wasCarriedOut) throw new Error(`create is answered with ${error}`);
      }),
    read: (path) =>
      insist(async () => {
        const { error, body } = await client.ask(getData(path));
        if (error !== 0) throw new Error(`getData is answered with ${error}`);
        return body.data;
      }),
    async end() {
      client.drop();
    },
  };
}

function overNats(session: CoordSession): Client {
  return {
    async create(path) {
      await session.request('create', { path, data: path });
    },
    async read(path) {
      const { data } = await session.request('get', { path });
      return Buffer.from(data ?? '').toString();
    },
    end: () => session.close(),
  };
}
