/** Which coords there are: as `/zookeeper/config` names them, and as the leading master sees them. */
import { CONFIG_PATH } from '../../protocol/paths.ts';
import type { ClusterState } from '../../protocol/task-api.ts';
import type { ZnodeReplies } from '../../protocol/znode-api.ts';
import { orUndefined } from '../cluster-status.ts';
import type { Connection } from '../connection.ts';
import { bytesOf } from '../task-stream.ts';

/** One line of the configuration. */
export interface ConfiguredCoord {
  readonly number: number;
  readonly votes: boolean;
  /** Under which name the others reach it. */
  readonly host: string;
  /** `HOST:PORT`, where clients of ZooKeeper connect. */
  readonly clients: string;
}

export interface CoordSeen {
  readonly number: number;
  /** `leading`, `following`, `observer`; `no vote` of one that runs and is no member; `no answer` of a member. */
  readonly role: string;
  readonly clients?: string;
  readonly slot?: number;
  /** Slots behind the one that has decided most. */
  readonly lag?: number;
}

const SERVER_LINE = /^server\.(\d+)=(.+):\d+:\d+:(participant|observer);(.+)$/gm;

/** Empty until all members have said where they are. */
export function readConfiguration(text: string): ConfiguredCoord[] {
  return [...text.matchAll(SERVER_LINE)].map(([, number, host = '', role, clients = '']) => ({
    number: Number(number),
    votes: role === 'participant',
    host,
    clients,
  }));
}

export function configurationOf(reply: ZnodeReplies['get']): ConfiguredCoord[] {
  return readConfiguration(Buffer.from(bytesOf(reply)).toString('utf8'));
}

export async function askConfiguration(connection: Connection): Promise<ConfiguredCoord[]> {
  const reply = await connection.ask<ZnodeReplies['get']>(
    connection.subjects.znode('get'),
    { path: CONFIG_PATH },
    { repeatable: true },
  );
  return configurationOf(reply);
}

/** Roles and slots are left out where no master leads. */
export async function askCoords(
  connection: Connection,
  patienceMs: number,
): Promise<{ readonly coords: readonly CoordSeen[]; readonly masterLeads: boolean }> {
  const [configured, state] = await Promise.all([
    askConfiguration(connection),
    orUndefined(
      connection.ask<ClusterState>(
        connection.subjects.clusterState(),
        {},
        { patienceMs, deadlineMs: patienceMs, repeatable: true },
      ),
    ),
  ]);
  return {
    coords: coordsSeen(configured, state?.coords),
    masterLeads: state !== undefined,
  };
}

export function coordsSeen(
  configured: readonly ConfiguredCoord[],
  answered: ClusterState['coords'] | undefined,
): CoordSeen[] {
  const decidedMost = Math.max(0, ...(answered ?? []).map(({ decidedUpTo }) => decidedUpTo));
  const numbers = new Set([...configured, ...toNumbers(answered)].map(({ number }) => number));
  return [...numbers]
    .sort((one, other) => one - other)
    .map((number) => {
      const line = configured.find((each) => each.number === number);
      const view = answered?.find(({ id }) => id === number);
      const isMember = configured.length === 0 || line !== undefined;
      const silent = answered === undefined ? 'unknown' : 'no answer';
      const present = line?.votes === false ? 'observer' : isMember ? view?.role : 'no vote';
      return {
        number,
        role: view === undefined ? silent : (present ?? silent),
        ...(line !== undefined && { clients: line.clients }),
        ...(view !== undefined && {
          slot: view.decidedUpTo,
          lag: decidedMost - view.decidedUpTo,
        }),
      };
    });
}

function toNumbers(answered: ClusterState['coords'] | undefined): { readonly number: number }[] {
  return (answered ?? []).map(({ id }) => ({ number: id }));
}
