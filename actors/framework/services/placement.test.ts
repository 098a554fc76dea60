import { describe, expect, test } from 'vitest';
import { toMesos } from '../../../protocol/mesos-resources.ts';
import { NOTHING } from '../../../protocol/resources.ts';
import { AgentOffers } from '../sdk/agent-offers.ts';
import { CrashBackoff } from './backoff.ts';
import { spread, surplus } from './placement.ts';

const agent = (id: string, cpus: number) =>
  new AgentOffers([
    {
      ...{ id: { value: `o-${id}` }, framework_id: { value: 'f' }, agent_id: { value: id } },
      ...{ hostname: id, attributes: [], resources: toMesos({ ...NOTHING, cpus }) },
    },
  ]);
const one = { cpus: 1, mem: 0, disk: 0, gpus: 0, ports: 0 };

describe('new instances go to the agents with the fewest', () => {
  test.each([
    ['none anywhere', { a: 9, b: 9, c: 9 }, {}, 3, ['a', 'b', 'c']],
    ['one has some', { a: 9, b: 9 }, { a: 2 }, 3, ['b', 'b', 'a']],
    ['one is full', { a: 1, b: 9 }, {}, 4, ['a', 'b', 'b', 'b']],
    ['not enough', { a: 1, b: 2.5 }, {}, 9, ['a', 'b', 'b']],
    ['no offers', {}, {}, 2, []],
  ])('%s', (_name, cpus, present: Record<string, number>, count, expected) => {
    const agents = Object.entries(cpus).map(([id, amount]) => agent(id, amount));
    const places = spread(agents, count, one, (id) => present[id] ?? 0);
    expect(places.map((place) => place.agent.agent_id.value)).toEqual(expected);
  });
});

test.each([
  ['a1 b1', 1, ['b1']],
  ['a1 a2 b1', 1, ['a2']],
  ['a1 b1 a2 b2', 2, ['b2', 'a2']],
  ['a1', 5, ['a1']],
  ['a1', -1, []],
])('of the instances %s, oldest first, %i too many: %j', (names, count, expected) => {
  const instances = names.split(' ').map((id) => ({ id, agentId: id[0]! }));
  expect(surplus(instances, count).map(({ id }) => id)).toEqual(expected);
});

describe('after instances that ended soon', () => {
  test('the next launch waits longer each time, up to a minute', () => {
    const backoff = new CrashBackoff();
    const waits: number[] = [];
    for (let nowMs = 0; waits.length < 8; nowMs += backoff.waitMs(nowMs)) {
      backoff.ended(nowMs, 100);
      waits.push(backoff.waitMs(nowMs));
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test('those that end together count once, and one that ran for long makes all good', () => {
    const backoff = new CrashBackoff();
    backoff.ended(0, 0);
    backoff.ended(10, 0);
    expect(backoff.waitMs(10)).toBe(990);
    backoff.ended(2000, 10_000);
    backoff.ended(2000, 0);
    expect(backoff.waitMs(2000)).toBe(1000);
  });
});
