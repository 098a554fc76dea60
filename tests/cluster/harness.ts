/**
 * A real cluster of processes over a real nats-server, in a temporary directory on a free port: started by the same
 * code as `mesozoo up`, spoken to by a bare client of the `nats` package.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { Cluster } from '../../cli/up/cluster.ts';
import { type ClusterSight, ClusterSighting } from '../../cli/up/cluster-sight.ts';
import { DataDirectory } from '../../cli/up/data-directory.ts';
import { firstPorts, type MemberPorts } from '../../cli/up/member-ports.ts';
import { ensureNatsServer } from '../../cli/up/nats-server.ts';
import type { PartDeath } from '../../cli/up/part.ts';
import { readZooCfgFile } from '../../cli/up/zoo-cfg-file.ts';
import { decode, encode } from '../../protocol/codec.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectTransport } from '../../runtime/nats.ts';
import { freePort, freePortOffset } from '../support/nats-server.ts';
import { Relay } from '../support/relay.ts';

export interface CoordState {
  readonly id: number;
  readonly role: string;
  readonly slot: number;
  readonly digest: string;
  readonly nodes: number;
  /** It takes requests. */
  readonly isOffered: boolean;
}

export interface TestCluster {
  readonly natsUrl: string;
  readonly directory: string;
  /** Where clients of ZooKeeper find each coord. */
  readonly zookeeperAddresses: readonly { readonly host: string; readonly port: number }[];
  /** Where monitors find each coord. */
  readonly adminUrls: readonly string[];
  readonly memberPorts: readonly MemberPorts[];
  readonly deaths: readonly PartDeath[];
  /** Of each coord, in the order of the members, between it and nats-server; none unless asked for. */
  readonly relays: readonly Relay[];
  /** Has a leading coord, a leading master and all its agents. */
  untilWell(): Promise<ClusterSight>;
  /** `coord-2` */
  leadingCoord(): Promise<string>;
  leadingMaster(): Promise<string>;
  /** What the coords that answer soon say of themselves. */
  coordStates(): Promise<CoordState[]>;
  signal(part: string, signal: NodeJS.Signals): void;
  /** With -9, and it stays away until `start`. */
  kill(part: string): Promise<void>;
  start(part: string): void;
  pidOf(part: string): number | undefined;
  /** A bare client, which reconnects for ever. */
  client(): Promise<NatsConnection>;
  /** Everything at once, as when the machine fails; then all of it again. */
  crashAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(
  size: {
    coords?: number;
    masters?: number;
    agents?: number;
    executor?: 'process' | 'noop';
    /** Of the processes of ours. */
    env?: Readonly<Record<string, string>>;
    /** The text of a zoo.cfg. */
    zooCfg?: string;
    /** Each coord reaches nats-server through a relay, by which it can be cut off. */
    relays?: boolean;
  } = {},
): Promise<TestCluster> {
  const { coords = 3, masters = 2, agents = 3, executor = 'process', env = {} } = size;
  const directory = mkdtempSync(join(tmpdir(), 'mesozoo-cluster-'));
  const data = new DataDirectory(directory);
  const server = await ensureNatsServer(() => undefined);
  const natsPort = await freePort();
  const zooCfg = size.zooCfg === undefined ? undefined : zooCfgIn(directory, size.zooCfg);
  const { secure, metrics, admin, client } = zooCfg?.ports ?? firstPorts;
  const firsts = [client, secure, admin, metrics].filter((port) => port !== undefined);
  const portOffset = await freePortOffset(coords, firsts);
  const secrets = data.secrets();
  const relays = await Promise.all(
    Array.from({ length: size.relays === true ? coords : 0 }, () => Relay.start(natsPort)),
  );
  const deaths: PartDeath[] = [];
  const parts = () =>
    new Cluster(
      {
        ...{ data, secrets, masters, agents, natsPort, portOffset },
        record: data.openCluster(coords),
        nats: { server },
        ...(zooCfg !== undefined && { zooCfg }),
        ...(relays.length > 0 && { natsUrlOfCoord: (member) => relays[member - 1]!.natsUrl }),
        env: { ...env, MESOZOO_EXECUTOR: executor },
      },
      { died: (death) => deaths.push(death), changed: () => undefined },
    );
  let cluster = parts();
  cluster.start();
  const sighting = await connectTransport({
    ...{ url: cluster.natsUrl, role: 'master', user: 'master', pass: secrets.master },
    name: 'test',
    log: createLogger({ level: 'silent', fields: {} }),
  });
  const sight = new ClusterSighting(sighting.transport, 'mz');
  const clients: NatsConnection[] = [];

  const untilWell = async () => {
    for (;;) {
      const seen = await sight.look();
      cluster.markBegun(sight.coordsSeen);
      const active = seen.agents.filter(({ state }) => state === 'active').length;
      if (seen.leadingCoord && seen.leadingMaster && active >= agents) return seen;
      await pause(50);
    }
  };
  const whenSeen = async (name: (seen: ClusterSight) => string | undefined) => {
    for (;;) {
      const found = name(await sight.look());
      if (found !== undefined) return found;
      await pause(50);
    }
  };
  const answersMs = 400;
  let questions = 0;
  const coordStates = async () => {
    const states: CoordState[] = [];
    const reply = `${sighting.transport.inbox}.states.${questions++}`;
    const answers = sighting.transport.subscribe(reply, ({ payload }) =>
      states.push(decode(payload).value as unknown as CoordState),
    );
    sighting.transport.publish('mz.quorum.state', encode({}, 'json'), { reply });
    await pause(answersMs);
    answers.unsubscribe();
    return states;
  };
  await untilWell();
  return {
    natsUrl: cluster.natsUrl,
    directory,
    memberPorts: cluster.memberPorts,
    zookeeperAddresses: cluster.memberPorts.map(({ client: port }) => ({
      host: '127.0.0.1',
      port,
    })),
    adminUrls: cluster.memberPorts.map(({ admin: port }) => `http://127.0.0.1:${port}`),
    deaths,
    relays,
    untilWell,
    leadingCoord: () =>
      whenSeen(({ leadingCoord }) => leadingCoord && `coord-${leadingCoord.member}`),
    leadingMaster: () =>
      whenSeen(({ leadingMaster }) => leadingMaster?.id.split('-').slice(0, 2).join('-')),
    coordStates,
    signal: (part, signal) => cluster.part(part).signal(signal),
    kill: (part) => cluster.part(part).kill(),
    start: (part) => cluster.part(part).start(),
    pidOf: (part) => cluster.part(part).running?.pid,
    async client() {
      const client = await connect({
        ...{ servers: cluster.natsUrl, maxReconnectAttempts: -1, reconnectTimeWait: 50 },
        timeout: 2000,
      });
      clients.push(client);
      return client;
    },
    async crashAndRestart() {
      await cluster.crash();
      cluster = parts();
      cluster.start();
      await untilWell();
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await sighting.close();
      await cluster.stop(() => undefined);
      for (const relay of relays) relay.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function zooCfgIn(directory: string, text: string) {
  const path = join(directory, 'zoo.cfg');
  writeFileSync(path, text);
  return readZooCfgFile(path);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** JSON in, JSON out, as any program would; rejects when nobody answers in time. */
export async function ask(
  client: NatsConnection,
  subject: string,
  request: object,
  timeoutMs = 2000,
): Promise<Record<string, unknown>> {
  const answer = await client.request(subject, JSON.stringify(request), { timeout: timeoutMs });
  return answer.json<Record<string, unknown>>();
}
