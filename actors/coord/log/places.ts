/** Where the entries of slots stand on disk, as they were accepted last. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Slot } from '../../../protocol/ids.ts';
import type { Storage } from '../../actor.ts';
import type { Value } from '../paxos/contract.ts';
import { recordAt } from './records.ts';
import { fromDisk, segmentName } from './segments.ts';

export interface Place {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Throws DISK_FAILED; LOG_DAMAGED where no sound record of that slot stands any more. */
export function readValue(storage: Storage, place: Place | undefined, slot: Slot): Value {
  const record = place === undefined ? undefined : recordOf(storage, place);
  const read = record === undefined ? undefined : fromDisk(record);
  if (read?.kind !== 'accept' || read.slot !== slot)
    throw new MesozooError('LOG_DAMAGED', `slot ${slot} of the log can no longer be read`);
  return read.value;
}

function recordOf(storage: Storage, { segment, offset, bytes }: Place) {
  return recordAt(storage.read(segmentName(segment), offset, bytes), 0, segment);
}
