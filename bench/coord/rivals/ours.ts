/** Three coords and the NATS between them, started by the code of `npm start`; and servers that run already. */
import { startCluster } from '../../../tests/cluster/harness.ts';
import { untilLed } from '../four-letters.ts';
import type { Server } from '../load/connection.ts';
import type { Rival } from './rival.ts';

/** A master is there only because a cluster is not taken for well without one; nothing is counted of it. */
export async function startOurs(): Promise<Rival> {
  const cluster = await startCluster({ coords: 3, masters: 1, agents: 0 });
  const servers = cluster.zookeeperAddresses;
  const pids = (parts: readonly string[]) =>
    parts.map((part) => {
      const pid = cluster.pidOf(part);
      if (pid === undefined) throw new Error(`${part} does not run`);
      return pid;
    });
  try {
    await untilLed(servers);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return {
    name: 'ours',
    servers,
    serverPids: () => pids(['coord-1', 'coord-2', 'coord-3']),
    helperPids: () => pids(['nats']),
    stop: () => cluster.stop(),
  };
}

export function startedElsewhere(servers: readonly Server[]): Rival {
  const none = () => [];
  return {
    name: 'given',
    servers,
    serverPids: none,
    helperPids: none,
    stop: async () => undefined,
  };
}
