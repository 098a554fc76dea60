/** Values that were left to the disk, when somebody needs them again. */
import { assert } from '../../../protocol/errors.ts';
import type { Value } from './contract.ts';
import type { LogEntry } from './log-view.ts';
import type { Context } from './state.ts';

/** Throws DISK_FAILED, LOG_DAMAGED. */
export function heldValue({ options }: Context, { slot, value }: LogEntry): Value {
  if (value.kind !== 'stored') return value;
  assert(options.valuesOnDisk !== undefined, `the value of slot ${slot} was left to no disk`);
  return options.valuesOnDisk.read(slot);
}
