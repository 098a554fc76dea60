import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addResources,
  contains,
  countPorts,
  isNegative,
  NOTHING,
  type PortRange,
  type Resources,
  resourceRequest,
  subtractResources,
  takeRequested,
} from './resources.ts';

const some = (fields: Partial<Resources>): Resources => ({ ...NOTHING, ...fields });

describe('takeRequested', () => {
  const agent = some({
    cpus: 2,
    mem: 1024,
    ports: [
      [31000, 31001],
      [31005, 31009],
    ],
  });
  test.each([
    ['what fits', { cpus: 1, mem: 512 }, some({ cpus: 1, mem: 512 })],
    ['all of it', { cpus: 2, mem: 1024 }, some({ cpus: 2, mem: 1024 })],
    [
      'ports from several ranges',
      { cpus: 0, mem: 0, ports: 3 },
      some({
        ports: [
          [31000, 31001],
          [31005, 31005],
        ],
      }),
    ],
    ['too many cpus', { cpus: 2.001, mem: 0 }, undefined],
    ['too much memory', { cpus: 0, mem: 1025 }, undefined],
    ['too many ports', { cpus: 0, mem: 0, ports: 8 }, undefined],
    ['a gpu where there is none', { cpus: 0, mem: 0, gpus: 1 }, undefined],
  ])('%s', (_, request, expected) => {
    expect(takeRequested(agent, resourceRequest.parse(request))).toEqual(expected);
  });
});

test('thousand times a tenth is a hundred, exactly: three decimals, as in Mesos', () => {
  let sum = NOTHING;
  for (let index = 0; index < 1000; index++) sum = addResources(sum, some({ cpus: 0.1 }));
  expect(sum.cpus).toBe(100);
});

test('what was taken and given back leaves what was there', () => {
  const ranges = fc
    .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 30 })
    .map(
      (ports): readonly PortRange[] =>
        ports.reduce<Resources>(
          (sum, port) => addResources(sum, some({ ports: [[port, port]] })),
          NOTHING,
        ).ports,
    );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8000 }),
      ranges,
      fc.integer({ min: 0, max: 9000 }),
      fc.integer({ min: 0, max: 10 }),
      (milliCpus, ports, askedMilliCpus, askedPorts) => {
        const available = some({ cpus: milliCpus / 1000, ports });
        const taken = takeRequested(
          available,
          resourceRequest.parse({ cpus: askedMilliCpus / 1000, mem: 0, ports: askedPorts }),
        );
        expect(taken === undefined).toBe(
          askedMilliCpus > milliCpus || askedPorts > countPorts(ports),
        );
        if (taken === undefined) return;
        expect(contains(available, taken)).toBe(true);
        const left = subtractResources(available, taken);
        expect(isNegative(left)).toBe(false);
        expect(countPorts(left.ports)).toBe(countPorts(ports) - askedPorts);
        expect(addResources(left, taken)).toEqual(available);
      },
    ),
  );
});

test.each([
  ['negative', { cpus: -1 }],
  ['NaN', { cpus: Number.NaN }],
  ['infinite', { mem: Number.POSITIVE_INFINITY }],
  ['absurd', { mem: 1e12 }],
  ['a fraction of a gpu', { gpus: 0.5 }],
  ['a string', { cpus: '1' }],
  ['an unknown resource', { cpu: 1 }],
])('a request with %s is refused', (_, request) => {
  expect(resourceRequest.safeParse(request).success).toBe(false);
});
