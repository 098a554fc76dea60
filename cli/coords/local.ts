/**
 * The cluster that a supervisor keeps going on this machine, as `mesozoo coord` sees it. The command writes down which
 * coords there are to be (`coords.json`); the supervisor starts and stops them, and its record of processes shows it.
 */
import { MesozooError } from '../../protocol/errors.ts';
import { lockDirectory } from '../../runtime/directory-lock.ts';
import { DEFAULT_URL } from '../config/address.ts';
import type { ClusterOptions } from '../options.ts';
import type { CoordsRecord, DataDirectory } from '../up/data-directory.ts';
import { memberPorts } from '../up/member-ports.ts';
import { isAlive } from '../up/process-identity.ts';
import { readZooCfgFile } from '../up/zoo-cfg-file.ts';

export interface LocalCluster {
  readonly data: DataDirectory;
  readonly natsUrl: string;
  /** Where clients of ZooKeeper reach the coord of this number. */
  clientPort(coord: number): number;
}

/**
 * Undefined where no supervisor is at work there, or where the command was told to speak to another cluster.
 * Throws WRONG_DATA_DIRECTORY.
 */
export function findLocal(
  data: DataDirectory,
  { address, source }: Pick<ClusterOptions, 'address' | 'source'>,
): LocalCluster | undefined {
  const { supervisor, natsUrl, portOffset = 0, zooCfg } = data.processes();
  if (supervisor === undefined || natsUrl === undefined || !isAlive(supervisor)) return undefined;
  const isMeant = source === 'default' ? address.url === DEFAULT_URL : address.url === natsUrl;
  if (!isMeant) return undefined;
  return {
    data,
    natsUrl,
    clientPort(coord) {
      const file = zooCfg === undefined ? undefined : readZooCfgFile(zooCfg);
      return memberPorts(coord, portOffset, file).client;
    },
  };
}

/** One change at a time. Throws RECONFIG_IN_PROGRESS. */
export async function lockCoords(data: DataDirectory): Promise<() => void> {
  try {
    return await lockDirectory(data.of('logs'));
  } catch (cause) {
    if (!(cause instanceof MesozooError)) throw cause;
    throw new MesozooError(
      'RECONFIG_IN_PROGRESS',
      `another "mesozoo coord" is changing the coords of ${data.path}: wait until it has ended`,
      { cause },
    );
  }
}

/** With one more: the one that an earlier command has begun with, or the next number. Throws BAD_REQUEST. */
export function withOneMore(record: CoordsRecord): CoordsRecord & { readonly joining: number } {
  const { joining, present, given } = record;
  if (joining !== undefined && present.includes(joining)) return { ...record, joining };
  const next = given + 1;
  if (next > COORD_MAX)
    throw new MesozooError('BAD_REQUEST', `all numbers up to ${COORD_MAX} were given once`);
  return { present: [...present, next], given: next, joining: next };
}

export function without(record: CoordsRecord, coord: number): CoordsRecord {
  const { joining, ...rest } = record;
  const present = record.present.filter((each) => each !== coord);
  return { ...rest, present, ...(joining !== undefined && joining !== coord && { joining }) };
}

export function joined({ present, given }: CoordsRecord): CoordsRecord {
  return { present, given };
}

export function isRunning(data: DataDirectory, coord: number): boolean {
  return data.processes().parts.some((part) => part.name === `coord-${coord}` && isAlive(part));
}

const COORD_MAX = 255;
