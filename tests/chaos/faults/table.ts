/** All faults there are, in the order of the short form. */
import { diskFaults } from './disks.ts';
import type { Fault } from './fault.ts';
import { networkFaults } from './network.ts';
import { processFaults } from './processes.ts';

export const faults: readonly Fault[] = [...processFaults, ...networkFaults, ...diskFaults];

/** `coord-killed,disk-full`; throws with what there is when a name is unknown. */
export function readFaults(list: string): readonly Fault[] {
  return list.split(',').map((name) => {
    const fault = faults.find((each) => each.name === name.trim());
    if (fault !== undefined) return fault;
    const known = faults.map((each) => each.name).join(', ');
    throw new RangeError(`there is no fault ${JSON.stringify(name)}: there are ${known}`);
  });
}
