import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decodeFounding } from '../../actors/coord/log/identity.ts';
import type { MemberId } from '../../protocol/ids.ts';
import { type CoordDisk, foundCluster } from './found.ts';

let root: string;
let disks: readonly CoordDisk[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mesozoo-found-'));
  disks = [1, 2, 3].map((member) => ({
    ...{ member: member as MemberId, data: join(root, `coord-${member}`) },
  }));
  // As fresh volumes are.
  for (const { data } of disks) mkdirSync(data);
});
afterEach(() => rmSync(root, { recursive: true }));

const orderOf = (index: number) =>
  decodeFounding(readFileSync(join(disks[index]?.data as string, 'state', 'founding')));

it('puts the same order on every disk where all are empty', async () => {
  const clusterId = await foundCluster(disks);
  expect(clusterId).toMatch(/^c-[0-9a-f]{16}$/);
  for (const index of [0, 1, 2]) expect(orderOf(index)).toEqual({ clusterId, members: [1, 2, 3] });
});

it('begins again after a crash in between, as long as no coord has begun', async () => {
  await foundCluster(disks);
  rmSync(join(disks[2]?.data as string, 'state'), { recursive: true });
  const first = orderOf(0).clusterId;
  expect(await foundCluster(disks)).toBe(first);
  expect([0, 1, 2].map((index) => orderOf(index).clusterId)).toEqual(Array(3).fill(first));
});

it('takes half of an order, as a crash leaves it, for nothing', async () => {
  const state = join(disks[0]?.data as string, 'state');
  mkdirSync(state);
  writeFileSync(join(state, '.new-founding'), '{"clu');
  const clusterId = await foundCluster(disks);
  expect([0, 1, 2].map((index) => orderOf(index).clusterId)).toEqual(Array(3).fill(clusterId));
});

it('writes nothing where one disk holds data: an emptied disk is to join again', async () => {
  const state = join(disks[1]?.data as string, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'identity'), 'some');
  expect(await foundCluster(disks)).toBeUndefined();
  expect(readdirSync(disks[0]?.data as string)).toEqual([]);
});
