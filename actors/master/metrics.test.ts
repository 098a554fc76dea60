/** RAR and RU, from what the agents have. */
import { expect, test } from 'vitest';
import { NOTHING, type Resources } from '../../protocol/resources.ts';
import type { AgentView } from '../../protocol/task-api.ts';
import { resourceMetrics } from './metrics.ts';

const agentWith = (available: Partial<Resources>, used = { cpus: 0, mem: 0 }): AgentView => ({
  agentId: 'a',
  hostname: 'h',
  state: 'active',
  total: { ...NOTHING, cpus: 4, mem: 1000, disk: 0 },
  available: { ...NOTHING, cpus: 4, mem: 1000, disk: 0, ...available },
  used,
  attributes: {},
  attempts: 0,
  registeredAtMs: 0,
});

test('without agents every ratio is null: 0 ÷ 0', () => {
  expect(resourceMetrics([])).toEqual({
    resourceAllocationRatio: { cpus: null, mem: null, disk: null },
    resourceUtilization: { cpus: null, mem: null },
  });
});

test('allocated and used are shares of the sum of all agents', () => {
  const agents = [agentWith({ cpus: 1, mem: 500 }, { cpus: 2, mem: 250 }), agentWith({ cpus: 3 })];
  expect(resourceMetrics(agents)).toMatchObject({
    resourceAllocationRatio: { cpus: 0.5, mem: 0.25, disk: null },
    resourceUtilization: { cpus: 0.25, mem: 0.125 },
  });
});
