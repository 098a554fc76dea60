/**
 * `node cli/containers/found.ts 1=/data/coord-1 2=/data/coord-2 …`: the first start of a cluster whose coords are told
 * nothing about a bootstrap. Where every one of the data directories is empty, a founding order is put on each; where
 * one holds data the cluster exists, and nothing is written: a coord whose disk was emptied joins it again.
 *
 * Runs before the coords do, each time; never while they run on other machines, whose disks it does not see.
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
import { openFiles } from '../../runtime/files.ts';

export interface CoordDisk {
  readonly member: MemberId;
  /** As the coord's option `--data`. */
  readonly data: string;
}

/**
 * Gives the id of the new cluster, or undefined where one exists. Safe to repeat after a crash in between: the order that
 * was left on one disk is put on the others too. Throws DISK_FULL, DISK_FAILED, LOG_DAMAGED.
 */
export async function foundCluster(disks: readonly CoordDisk[]): Promise<string | undefined> {
  if (disks.some(({ data }) => holdsData(join(data, 'state')))) return undefined;
  const members = disks.map(({ member }) => member);
  // An order that a former run has left is carried on: a coord may have read it already.
  const left = disks.map(({ data }) => orderOn(join(data, 'state'))).find((found) => found);
  const clusterId = left?.clusterId ?? `c-${randomBytes(8).toString('hex')}`;
  const order = encodeFounding({ clusterId, members });
  for (const { data } of disks) await writeOrder(join(data, 'state'), order);
  return clusterId;
}

/** What a crash has left of an order that was being written is none. */
function holdsData(state: string): boolean {
  return (
    existsSync(state) &&
    readdirSync(state).some((name) => name !== FOUNDING_FILE && !name.startsWith('.'))
  );
}

function orderOn(state: string): Bootstrap | undefined {
  const path = join(state, FOUNDING_FILE);
  return existsSync(path) ? decodeFounding(readFileSync(path)) : undefined;
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
