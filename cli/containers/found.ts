/**
 * `node cli/containers/found.ts 1=/data/coord-1 2=/data/coord-2 …`: the first start of a cluster whose coords are told
 * nothing about a bootstrap. Where every one of the data directories is empty, a founding order is put on each; where
 * one holds data the cluster exists, and nothing is written: a coord whose disk was emptied joins it again.
 *
 * Runs before the coords do, each time, and beside those that run already; never while they run on other machines,
 * whose disks it does not see.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Bootstrap,
  decodeFounding,
  encodeFounding,
  FOUNDING_FILE,
} from '../../actors/coord/log/identity.ts';
import { MesozooError } from '../../protocol/errors.ts';
import type { MemberId } from '../../protocol/ids.ts';
import { exitCodeOf } from '../../runtime/exit-codes.ts';
import { openFiles, TEMPORARY } from '../../runtime/files.ts';

export interface CoordDisk {
  readonly member: MemberId;
  /** As the coord's option `--data`. */
  readonly data: string;
}

/**
 * Gives the id of the new cluster, or undefined where one exists. Safe to repeat after a crash in between: as long as no
 * coord has begun, all disks get the order that lies on one of them. Throws DISK_FULL, DISK_FAILED.
 */
export async function foundCluster(disks: readonly CoordDisk[]): Promise<string | undefined> {
  if (disks.some(({ data }) => holdsData(join(data, 'state')))) return undefined;
  const members = disks.map(({ member }) => member);
  const order = orderAmong(disks, members) ?? {
    ...{ clusterId: `c-${randomBytes(8).toString('hex')}`, members },
  };
  for (const { data } of disks) await writeOrder(join(data, 'state'), encodeFounding(order));
  return order.clusterId;
}

/**
 * What a crash has left half written is no data: its content was never in force. It is not cleared away here, for it
 * may be what a coord that runs is writing.
 */
function holdsData(state: string): boolean {
  return (
    existsSync(state) &&
    readdirSync(state).some((name) => name !== FOUNDING_FILE && !name.startsWith(TEMPORARY))
  );
}

/**
 * The first one for these members. Another one in its place, and a crash before it lay on every disk, would leave orders
 * for two clusters.
 */
function orderAmong(
  disks: readonly CoordDisk[],
  members: readonly MemberId[],
): Bootstrap | undefined {
  return disks
    .map(({ data }) => readOrder(join(data, 'state', FOUNDING_FILE)))
    .find((order) => order?.members.join() === members.join());
}

function readOrder(path: string): Bootstrap | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return decodeFounding(readFileSync(path));
  } catch (error) {
    // Nobody has followed it yet: a sound one takes its place.
    if (error instanceof MesozooError && error.code === 'LOG_DAMAGED') return undefined;
    throw error;
  }
}

async function writeOrder(state: string, order: Uint8Array): Promise<void> {
  const files = openFiles(state);
  await new Promise<void>((resolve, reject) => {
    files.replace(FOUNDING_FILE, order, (failure) => {
      if (failure === undefined) resolve();
      else reject(new MesozooError(failure.code, failure.message));
    });
  });
  await files.close();
}

function readDisks(args: readonly string[]): CoordDisk[] {
  const disks = args.map((arg): CoordDisk => {
    const [, member, data] = /^(\d{1,3})=(.+)$/.exec(arg) ?? [];
    if (member === undefined || data === undefined)
      throw new MesozooError('BAD_ARGUMENT', `expected MEMBER=DIRECTORY, got ${arg}`);
    return { member: Number(member) as MemberId, data };
  });
  if (disks.length === 0)
    throw new MesozooError('BAD_ARGUMENT', 'expected MEMBER=DIRECTORY for each coord');
  return disks;
}

if (import.meta.main) {
  try {
    const clusterId = await foundCluster(readDisks(process.argv.slice(2)));
    console.log(clusterId === undefined ? 'the cluster exists' : `founded ${clusterId}`);
  } catch (error) {
    console.error(error instanceof MesozooError ? error.message : error);
    process.exitCode = exitCodeOf(error);
  }
}
