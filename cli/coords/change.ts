/** Brings a coord in and takes one out: the process on this machine where there is a supervisor, and the membership. */
import { MesozooError } from '../../protocol/errors.ts';
import type { Connection } from '../connection.ts';
import type { Context } from '../context.ts';
import { isRunning, joined, type LocalCluster, lockCoords, withOneMore, without } from './local.ts';
import { askConfiguration, type ConfiguredCoord } from './members.ts';
import { reconfigure } from './reconfigure.ts';

export type ConfiguredRole = 'participant' | 'observer';

export interface Changed {
  readonly coord: number;
  readonly members: readonly number[];
}

/** A new process has to start, learn what there is and say so. */
const JOIN_MS = 60_000;
/** Another change, or an election. */
const LEAVE_MS = 15_000;
const STOPPED_MS = 20_000;
const LOOK_MS = 50;
/** As coords without a zoo.cfg tell clients; the two are ports that ZooKeeper's clients expect to read. */
const PORTS_OF_MEMBERS = '2888:3888';
const LOOPBACK = '127.0.0.1';

/** Repeated after anything that came between, it goes on where it was. */
export async function addLocal(
  context: Context,
  { data, clientPort }: LocalCluster,
  role: ConfiguredRole,
): Promise<Changed> {
  const { connection } = context;
  const unlock = await lockCoords(data);
  try {
    const former = data.coords();
    const record = withOneMore(former);
    const coord = record.joining;
    const line = serverLine(coord, role, clientPort(coord), await askConfiguration(connection));
    data.recordCoords(record);
    context.note(`coord ${coord} starts, and learns what there is …`);
    try {
      const members = await join(connection, line);
      data.recordCoords(joined(record));
      return { coord, members: numbersOf(members) };
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      if (!mayGoOn(error)) {
        // It was never a member: nothing is left of it.
        data.recordCoords(without(former, coord));
        throw error;
      }
      throw new MesozooError(
        error.code,
        `coord ${coord} is no member yet: ${error.message}; its log is ${data.logOf(`coord-${coord}`)}. ` +
          'The same command goes on with it',
        { cause: error },
      );
    }
  } finally {
    unlock();
  }
}

/** A coord that somebody else has started: the reconfiguration alone. */
export async function addServer(context: Context, line: string): Promise<Changed> {
  const match = /^\s*server\.(\d+)\s*=/.exec(line);
  if (match === null)
    throw new MesozooError(
      'BAD_ARGUMENT',
      '--server: expected server.N=HOST:PORT:PORT;HOST:PORT, for example "server.4=coord-4:2888:3888;coord-4:2181"',
    );
  const members = await join(context.connection, line);
  return { coord: Number(match[1]), members: numbersOf(members) };
}

function join(connection: Connection, line: string): Promise<ConfiguredCoord[]> {
  const untilMs = connection.ports.clock.monotonicMs() + JOIN_MS;
  const passing = ['NEW_CONFIG_NO_QUORUM', 'RECONFIG_IN_PROGRESS'] as const;
  return reconfigure(connection, { joining: line }, { untilMs, passing });
}

function mayGoOn({ definite, code }: MesozooError): boolean {
  return !definite || code === 'NEW_CONFIG_NO_QUORUM' || code === 'RECONFIG_IN_PROGRESS';
}

/** Repeated after anything that came between, it goes on where it was. */
export async function removeCoord(
  context: Context,
  coord: number,
  local: LocalCluster | undefined,
): Promise<Changed> {
  const unlock = local === undefined ? undefined : await lockCoords(local.data);
  try {
    const isHere = local?.data.coords().present.includes(coord) === true;
    const members = await leave(context.connection, coord, isHere);
    if (local !== undefined && isHere) {
      local.data.recordCoords(without(local.data.coords(), coord));
      await untilStopped(local, coord);
    }
    return { coord, members };
  } finally {
    unlock?.();
  }
}

async function leave(
  connection: Connection,
  coord: number,
  isHere: boolean,
): Promise<readonly number[]> {
  const configured = await askConfiguration(connection);
  const known = numbersOf(configured);
  if (known.length > 0 && !known.includes(coord)) {
    // Taken out before, or never a member: its process alone is left.
    if (isHere) return known;
    throw new MesozooError(
      'BAD_REQUEST',
      `there is no coord ${coord}: the members are ${known.join(', ')}`,
    );
  }
  if (
    configured.filter(({ votes }) => votes).every(({ number }) => number === coord) &&
    known.length > 0
  )
    throw new MesozooError('BAD_REQUEST', `coord ${coord} is the last one: one must be left`);
  const untilMs = connection.ports.clock.monotonicMs() + LEAVE_MS;
  try {
    const patience = { untilMs, passing: ['RECONFIG_IN_PROGRESS'] as const };
    return numbersOf(await reconfigure(connection, { leaving: String(coord) }, patience));
  } catch (error) {
    if (!(error instanceof MesozooError) || error.code !== 'NEW_CONFIG_NO_QUORUM') throw error;
    throw new MesozooError(
      error.code,
      `without coord ${coord} no majority would be left of those that are connected: ` +
        'start the others, or add one, before it is taken out',
      { cause: error },
    );
  }
}

async function untilStopped({ data }: LocalCluster, coord: number): Promise<void> {
  const untilMs = performance.now() + STOPPED_MS;
  while (isRunning(data, coord)) {
    if (performance.now() > untilMs)
      throw new MesozooError(
        'TIMEOUT',
        `coord ${coord} is no member any more, but its process has not ended yet`,
      );
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Under the name by which clients reach the others. */
function serverLine(
  coord: number,
  role: ConfiguredRole,
  port: number,
  others: readonly ConfiguredCoord[],
): string {
  const [other] = others;
  const host = other?.host ?? LOOPBACK;
  const clientHost = other?.clients.slice(0, other.clients.lastIndexOf(':')) ?? LOOPBACK;
  return `server.${coord}=${host}:${PORTS_OF_MEMBERS}:${role};${clientHost}:${port}`;
}

function numbersOf(members: readonly ConfiguredCoord[]): number[] {
  return members.map(({ number }) => number);
}
