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

it('founds where a crash has left an order half written', async () => {
  const state = join(disks[0]?.data as string, 'state');
  mkdirSync(state);
  writeFileSync(join(state, '.new-founding'), '{"clus');
  const clusterId = await foundCluster(disks);
  expect(clusterId).toBeDefined();
  expect([0, 1, 2].map((index) => orderOf(index).clusterId)).toEqual(Array(3).fill(clusterId));
  expect(readdirSync(state)).toEqual(['founding']);
});

it.each([0, 1, 2])('keeps to the order that lies on disk %i already', async (kept) => {
  const clusterId = await foundCluster(disks);
  for (const [index, { data }] of disks.entries())
    if (index !== kept) rmSync(join(data, 'state'), { recursive: true });
  expect(await foundCluster(disks)).toBe(clusterId);
  expect([0, 1, 2].map((index) => orderOf(index).clusterId)).toEqual(Array(3).fill(clusterId));
});

it('puts a sound order in the place of a damaged one, and of one for other members', async () => {
  await foundCluster(disks.slice(0, 2));
  writeFileSync(join(disks[1]?.data as string, 'state', 'founding'), 'null');
  const clusterId = await foundCluster(disks);
  for (const index of [0, 1, 2]) expect(orderOf(index)).toEqual({ clusterId, members: [1, 2, 3] });
});

it('leaves alone what a coord that runs is writing', async () => {
  const state = join(disks[1]?.data as string, 'state');
  mkdirSync(state);
  for (const name of ['identity', '.new-identity']) writeFileSync(join(state, name), 'some');
  expect(await foundCluster(disks)).toBeUndefined();
  expect(readdirSync(state).sort()).toEqual(['.new-identity', 'identity']);
});

it('writes nothing where one disk holds data: an emptied disk is to join again', async () => {
  const state = join(disks[1]?.data as string, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'identity'), 'some');
  expect(await foundCluster(disks)).toBeUndefined();
  expect(readdirSync(disks[0]?.data as string)).toEqual([]);
});
