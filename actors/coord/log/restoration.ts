/** From a snapshot's file to the state that it holds, in steps of one chunk: what comes between them is up to the caller. */
import type { Slot } from '../../../protocol/ids.ts';
import type { Storage } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { ZnodeState, ZnodeStateFactory } from '../znodes/contract.ts';
import { damaged, type SnapshotHead, snapshotChunks } from './snapshots.ts';

export interface RestorationOptions {
  readonly storage: Storage;
  readonly znodes: ZnodeStateFactory;
  readonly planted?: PlantedBugs | undefined;
}

export interface RestoredState {
  readonly head: SnapshotHead;
  readonly state: ZnodeState;
}

/** Reads the file once. Throws LOG_DAMAGED when it is no whole and sound snapshot at this slot, at the end at the latest. */
export function* restoreInSteps(
  { storage, znodes, planted }: RestorationOptions,
  name: string,
  slot: Slot,
): Generator<void, RestoredState> {
  const restoration = znodes.restoring(planted);
  const chunks = snapshotChunks(storage, name, slot);
  let next = chunks.next();
  for (; next.done !== true; next = chunks.next()) {
    restoration.take(next.value);
    yield;
  }
  const state = restoration.finish();
  if (state.slot !== slot) throw damaged(name, `its state is of slot ${state.slot}`);
  return { head: next.value, state };
}

/** For the start, when there is nothing else to do. */
export function restoreAtOnce(
  options: RestorationOptions,
  name: string,
  slot: Slot,
): RestoredState {
  const steps = restoreInSteps(options, name, slot);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
