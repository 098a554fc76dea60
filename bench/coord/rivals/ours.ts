/** Three coords and the NATS between them, started by the code of `npm start`; and servers that run already. */
import { startCluster } from '../../../tests/cluster/harness.ts';
import { untilLed } from '../four-letters.ts';
import type { Server } from '../load/connection.ts';
import type { Rival } from './rival.ts';

const coords = ['coord-1', 'coord-2', 'coord-3'];

/** A master is there only because a cluster is not taken for well without one; nothing is counted of it. */
export async function startOurs(): Promise<Rival> {
  const cluster = await startCluster({ coords: coords.length, masters: 1, agents: 0 });
  const pids = (parts: readonly string[]) =>
    parts.map((part) => {
      const pid = cluster.pidOf(part);
      if (pid === undefined) throw new Error(`${part} does not run`);
      return pid;
    });
  return {
    name: 'ours',
    servers: cluster.zookeeperAddresses,
    serverPids: () => pids(coords),
    helperPids: () => pids(['nats']),
    leader: async () => coords.indexOf(await cluster.leadingCoord()),
    signal: (server, signal) => cluster.signal(coords[server] ?? '', signal),
    // The supervisor has done so already.
    revive: () => undefined,
    stop: () => cluster.stop(),
  };
}

function notOurs(): never {
  throw new Error('the servers that were given are not ours to stop or start');
}

export function startedElsewhere(servers: readonly Server[]): Rival {
  return {
    name: 'given',
    servers,
    serverPids: () => [],
    helperPids: () => [],
    leader: () => untilLed(servers),
    signal: notOurs,
    revive: notOurs,
    stop: async () => undefined,
  };
}
