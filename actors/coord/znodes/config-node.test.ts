import { expect, it } from 'vitest';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Configuration, Identity } from '../../../protocol/operations.ts';
import { CONFIG_PATH } from '../../../protocol/paths.ts';
import type { ZnodeState } from './contract.ts';
import { znodeStates } from './znodes.ts';

const NOBODY: readonly Identity[] = [];
const slot = (value: number) => value as Slot;
const member = (id: number) => ({ id: id as MemberId, disk: `d${id}` as DiskId });
const addressed = (id: number) => ({ ...member(id), address: `h:2888:3888;h:${2180 + id}` });

function told(configuration: Configuration) {
  const state = znodeStates.empty({ members: [member(1)] });
  const applied = state.applyOther(slot(1), configuration);
  return { state, applied };
}

function throughSnapshot(state: ZnodeState): ZnodeState {
  const snapshot = state.snapshot(1024);
  const chunks: Uint8Array[] = [];
  for (let chunk = snapshot.next(); chunk !== undefined; chunk = snapshot.next())
    chunks.push(chunk.slice());
  return znodeStates.restore(chunks);
}

it('a configuration with all addresses is told with a zxid of its own, which is its version', () => {
  const { state, applied } = told({ members: [addressed(2), addressed(1)], wallMs: 1234 });
  const { data, stat } = state.get(CONFIG_PATH, NOBODY);
  expect(Buffer.from(data).toString()).toBe(
    'server.1=h:2888:3888:participant;h:2181\nserver.2=h:2888:3888:participant;h:2182\nversion=1',
  );
  expect(stat).toMatchObject({ mzxid: 1, mtimeMs: 1234, czxid: 0 });
  // As in ZooKeeper, which counts no changes of it.
  expect(stat).toMatchObject({ version: -1, aversion: -1 });
  expect(applied).toMatchObject({ zxid: 1, events: [{ type: 'dataChanged', path: CONFIG_PATH }] });
  expect(state.zxid).toBe(1);
});

it('one that leaves a member without an address, or comes of an emptied disk, is told to nobody', () => {
  for (const configuration of [
    { members: [addressed(1), member(2)], wallMs: 1234 },
    { members: [addressed(1)] },
  ]) {
    const { state, applied } = told(configuration);
    expect(applied).toBeUndefined();
    expect(state.zxid).toBe(0);
    expect(state.get(CONFIG_PATH, NOBODY).data).toHaveLength(0);
  }
});

it('observers are told among the members, are kept through a snapshot, and count in the digest', () => {
  const observers = [{ id: 1 as MemberId, address: 'h:2888:3888;h:2181' }];
  const { state } = told({ members: [addressed(2), addressed(3)], observers, wallMs: 1234 });
  const { data } = state.get(CONFIG_PATH, NOBODY);
  expect(Buffer.from(data).toString()).toBe(
    'server.1=h:2888:3888:observer;h:2181\nserver.2=h:2888:3888:participant;h:2182\n' +
      'server.3=h:2888:3888:participant;h:2183\nversion=1',
  );
  const restored = throughSnapshot(state);
  expect(restored.configuration).toEqual({ members: [addressed(2), addressed(3)], observers });
  expect(restored.digest()).toBe(state.digest());
  const other = told({ members: [addressed(2), addressed(3)], wallMs: 1234 }).state;
  expect(other.digest()).not.toBe(state.digest());
});

it('what was asked and when is not kept; the addresses are, through a snapshot, and count in the digest', () => {
  const { state } = told({ members: [addressed(1)], wallMs: 1234, request: '1-run-1' });
  expect(state.configuration).toEqual({ members: [addressed(1)] });
  const restored = throughSnapshot(state);
  expect(restored.configuration).toEqual({ members: [addressed(1)] });
  expect(restored.digest()).toBe(state.digest());
  const other = told({ members: [{ ...addressed(1), address: 'x:1:1;x:1' }], wallMs: 1234 }).state;
  expect(other.digest()).not.toBe(state.digest());
});
