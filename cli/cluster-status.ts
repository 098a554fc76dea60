/** What the cluster tells of itself: the leading master's state and metrics, and the masters that the tree lists. */
import { MesozooError } from '../protocol/errors.ts';
import { treePaths } from '../protocol/paths.ts';
import type { ClusterState, Metrics } from '../protocol/task-api.ts';
import type { ZnodeReplies } from '../protocol/znode-api.ts';
import type { AskOptions, Connection } from './connection.ts';
import { bytesOf } from './task-stream.ts';

/** As it writes itself into the tree (MasterInfo). */
export interface MasterSeen {
  readonly znode: string;
  readonly id: string;
  readonly hostname: string;
  readonly port: number;
  readonly version: string;
  readonly leads: boolean;
}
export interface Status {
  readonly state: ClusterState | undefined;
  readonly metrics: Metrics | undefined;
  readonly masters: readonly MasterSeen[];
  /** Whether a coord has told which masters there are. */
  readonly coordsAnswer: boolean;
}

/** Tells what there is: a part that does not answer is left out. */
export async function readStatus(connection: Connection, options: AskOptions): Promise<Status> {
  const { subjects } = connection;
  const ask = <Reply>(subject: string) =>
    orUndefined(connection.ask<Reply>(subject, {}, { ...options, repeatable: true }));
  const [state, metrics, masters] = await Promise.all([
    ask<ClusterState>(subjects.clusterState()),
    ask<Metrics>(subjects.metrics()),
    orUndefined(readMasters(connection, { ...options, repeatable: true })),
  ]);
  return { state, metrics, masters: masters ?? [], coordsAnswer: masters !== undefined };
}

async function readMasters(connection: Connection, options: AskOptions): Promise<MasterSeen[]> {
  const { subjects } = connection;
  const { children } = await connection.ask<ZnodeReplies['children']>(
    subjects.znode('children'),
    { path: treePaths.masters },
    options,
  );
  const candidates = children.filter((name) => name.startsWith(treePaths.masterPrefix)).sort();
  const masters = await Promise.all(
    candidates.map(async (name): Promise<MasterSeen | undefined> => {
      const znode = `${treePaths.masters}/${name}`;
      const reply = await orUndefined(
        connection.ask<ZnodeReplies['get']>(subjects.znode('get'), { path: znode }, options),
      );
      if (reply === undefined) return undefined;
      const info = JSON.parse(Buffer.from(bytesOf(reply)).toString('utf8')) as MasterSeen;
      const { id, hostname, port, version } = info;
      return { znode, id, hostname, port, version, leads: name === candidates[0] };
    }),
  );
  return masters.filter((master) => master !== undefined);
}

export async function orUndefined<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof MesozooError) return undefined;
    throw error;
  }
}
