/** The server that clients are tried on: a cluster of ours, or whatever MESOZOO_ZOOKEEPER=HOST:PORT,… names. */
import { startCluster } from '../cluster/harness.ts';
import type { Address } from './wire/connection.ts';

export interface TriedServer {
  /** One of each member. */
  readonly addresses: readonly Address[];
  /** `127.0.0.1:2181,127.0.0.1:2182` as clients take it. */
  readonly connectString: string;
  /** No cluster of ours. */
  readonly isReal: boolean;
  stop(): Promise<void>;
}

export async function startOurs(): Promise<TriedServer> {
  const named = process.env.MESOZOO_ZOOKEEPER;
  if (named)
    return { ...tried(named.split(',').map(addressOf)), isReal: true, stop: async () => undefined };
  const cluster = await startCluster({ masters: 1, agents: 0 });
  return { ...tried(cluster.zookeeperAddresses), isReal: false, stop: () => cluster.stop() };
}

function tried(addresses: readonly Address[]) {
  return { addresses, connectString: addresses.map(({ host, port }) => `${host}:${port}`).join() };
}

function addressOf(text: string): Address {
  const [host, port] = text.split(':');
  if (!host || !port) throw new Error(`MESOZOO_ZOOKEEPER: "${text}" is not HOST:PORT`);
  return { host, port: Number(port) };
}
