import { describe, expect, test } from 'vitest';
import { type Offer, taskInfo as schema } from '../../../protocol/framework-api.ts';
import { fromMesos, toMesos, toMesosAttributes } from '../../../protocol/mesos-resources.ts';
import { NOTHING, type Resources } from '../../../protocol/resources.ts';
import { AgentOffers, byAgent } from './agent-offers.ts';
import { taskInfo } from './task-info.ts';

const offer = (id: string, agent: string, resources: Partial<Resources>): Offer => ({
  id: { value: id },
  framework_id: { value: 'f' },
  agent_id: { value: agent },
  hostname: `host-${agent}`,
  resources: toMesos({ ...NOTHING, ...resources }),
  attributes: toMesosAttributes({ rack: 'r1' }),
});

describe('offers of agents', () => {
  const offers = [
    offer('o1', 'a1', { cpus: 1, mem: 100, ports: [[1, 3]] }),
    offer('o2', 'a2', { cpus: 8 }),
    offer('o3', 'a1', { cpus: 0.5, mem: 50, ports: [[4, 4]] }),
  ];

  test('are put together by agent', () => {
    expect(byAgent(offers).map(({ agent_id, room }) => [agent_id.value, room])).toEqual([
      ['a1', { cpus: 1.5, mem: 150, disk: 0, gpus: 0, ports: [[1, 4]] }],
      ['a2', { ...NOTHING, cpus: 8 }],
    ]);
    expect(byAgent(offers)[0]).toMatchObject({ hostname: 'host-a1', attributes: { rack: 'r1' } });
  });

  test('give what is asked for until there is no more', () => {
    const agent = new AgentOffers([offers[0]!, offers[2]!]);
    expect(agent.take({ cpus: 1, ports: 2 })).toEqual({ ...NOTHING, cpus: 1, ports: [[1, 2]] });
    expect(agent.take({ cpus: 1 })).toBeUndefined();
    expect(agent.take({ cpus: 0.5, mem: 150, ports: 2 })?.ports).toEqual([[3, 4]]);
    expect(agent.room).toEqual(NOTHING);
  });
});

describe('a task', () => {
  const on = { agent_id: { value: 'a1' } };
  const resources: Resources = { ...NOTHING, cpus: 0.5, ports: [[80, 80]] };

  test.each([
    [{ command: 'echo hi' }, { shell: true, value: 'echo hi' }],
    [
      { argv: ['echo', 'hi'], env: { A: 'b' }, user: 'nobody' },
      {
        shell: false,
        value: 'echo',
        arguments: ['echo', 'hi'],
        environment: { variables: [{ name: 'A', value: 'b' }] },
        user: 'nobody',
      },
    ],
  ])('%o is one that the master takes', (what, command) => {
    const info = taskInfo({ id: 't1', on, resources, ...what });
    expect(schema.parse(info)).toMatchObject({ name: 't1', task_id: { value: 't1' }, command });
    expect(fromMesos(schema.parse(info).resources)).toEqual(resources);
  });

  test('times are nanoseconds, labels a list', () => {
    const info = taskInfo({
      ...{ id: 't1', name: 'web', on, resources, command: 'true' },
      ...{ killGraceSeconds: 1.5, timeoutSeconds: 60, labels: { a: 'b' } },
    });
    expect(schema.parse(info)).toMatchObject({
      name: 'web',
      kill_policy: { grace_period: { nanoseconds: 1_500_000_000 } },
      max_completion_time: { nanoseconds: 60_000_000_000 },
      labels: { labels: [{ key: 'a', value: 'b' }] },
    });
  });
});
