/** Resources and attributes in the form of Mesos' v1 protocol buffers, and in ours. */
import { z } from 'zod';
import { limits } from './limits.ts';
import {
  addResources,
  NOTHING,
  type PortRange,
  type Resources,
  type ScalarName,
  scalarNames,
} from './resources.ts';

const amount = z.number().min(0).max(limits.memMiBMax);
const port = z.int().min(0).max(65_535);

const resource = z.discriminatedUnion('type', [
  z.object({ name: z.string(), type: z.literal('SCALAR'), scalar: z.object({ value: amount }) }),
  z.object({
    name: z.string(),
    type: z.literal('RANGES'),
    ranges: z.object({ range: z.array(z.object({ begin: port, end: port })).max(1024) }),
  }),
]);
export type MesosResource = z.output<typeof resource>;

/** cpus, mem, disk and gpus as scalars, ports as ranges; anything else is refused by name. */
export const mesosResources = z
  .array(resource)
  .max(64)
  .superRefine((resources, context) => {
    for (const { name, type } of resources) {
      const known = type === 'RANGES' ? name === 'ports' : scalarNames.includes(name as ScalarName);
      if (!known) context.addIssue(`no resource ${JSON.stringify(name)} of type ${type}`);
    }
    for (const { ranges } of resources.filter((one) => one.type === 'RANGES'))
      for (const { begin, end } of ranges.range)
        if (begin > end) context.addIssue(`the range ${begin}-${end} ends before it begins`);
  });

export interface MesosAttribute {
  readonly name: string;
  readonly type: 'TEXT';
  readonly text: { readonly value: string };
}

/** Several entries of one name are added, as Mesos does. */
export function fromMesos(resources: readonly MesosResource[]): Resources {
  let sum: Resources = NOTHING;
  for (const one of resources) {
    const ports = one.type === 'RANGES' ? one.ranges.range : [];
    sum = addResources(sum, {
      ...NOTHING,
      ...(one.type === 'SCALAR' && { [one.name]: one.scalar.value }),
      ports: ports.map(({ begin, end }): PortRange => [begin, end]),
    });
  }
  return sum;
}

export function toMesos(resources: Resources): readonly MesosResource[] {
  const list: MesosResource[] = [];
  for (const name of scalarNames)
    if (resources[name] > 0)
      list.push({ name, type: 'SCALAR', scalar: { value: resources[name] } });
  if (resources.ports.length > 0)
    list.push({
      name: 'ports',
      type: 'RANGES',
      ranges: { range: resources.ports.map(([begin, end]) => ({ begin, end })) },
    });
  return list;
}

export function toMesosAttributes(
  attributes: Readonly<Record<string, string>>,
): readonly MesosAttribute[] {
  return Object.entries(attributes).map(([name, value]) => ({
    name,
    type: 'TEXT',
    text: { value },
  }));
}
