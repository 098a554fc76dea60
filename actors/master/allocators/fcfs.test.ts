/** First come, first served: the conformance suite, and its own order. */
import { describe, expect, test } from 'vitest';
import type { AgentId, RequestId } from '../../../protocol/ids.ts';
import { NOTHING } from '../../../protocol/resources.ts';
import type { Placement } from './contract.ts';
import { FcfsAllocator } from './fcfs.ts';
import {
  agentOf,
  allocateAll,
  conformsToAllocator,
  frameworkId,
  taskOf,
} from './testing/conformance.ts';

conformsToAllocator('fcfs', () => new FcfsAllocator());

function started() {
  const allocator = new FcfsAllocator();
  allocator.activateFramework(frameworkId);
  return allocator;
}
const names = (placements: readonly Placement[]) => placements.map(({ requestId }) => requestId);

describe('fcfs', () => {
  test('goes by the order of submission across queues, and by priority within one', () => {
    const allocator = started();
    const tasks = [
      taskOf('x1', {}, { queue: 'x' }),
      taskOf('y1', {}, { queue: 'y' }),
      taskOf('y2', {}, { queue: 'y', priority: 5 }),
      taskOf('x2', {}, { queue: 'x' }),
    ];
    for (const task of tasks) allocator.requestWaits(task);
    allocator.addAgent(agentOf('a', { cpus: 100 }), NOTHING, 0);
    // y2 goes before y1 in its queue, and its own submission came after x1's.
    expect(names(allocateAll(allocator))).toEqual(['x1', 'y2', 'y1', 'x2']);
  });

  test('does not pass by a head that merely waits for room', () => {
    const allocator = started();
    allocator.addAgent(agentOf('a'), { ...NOTHING, cpus: 2 }, 0);
    allocator.requestWaits(taskOf('big', { cpus: 4 }));
    allocator.requestWaits(taskOf('small', { cpus: 1 }));
    expect(allocateAll(allocator)).toEqual([]);
    expect(allocator.ahead('small' as RequestId)).toBe(1);
    allocator.recoverResources('a' as AgentId, { ...NOTHING, cpus: 2 });
    expect(names(allocateAll(allocator))).toEqual(['big']);
  });

  test('lets other queues use the agents that a waiting head has not claimed, and never starves the head', () => {
    const allocator = started();
    allocator.addAgent(agentOf('a'), { ...NOTHING, cpus: 1 }, 0);
    allocator.addAgent(agentOf('b'), { ...NOTHING, cpus: 2 }, 0);
    allocator.requestWaits(taskOf('big', { cpus: 4 }));
    expect(allocateAll(allocator)).toEqual([]);
    for (let index = 0; index < 4; index++)
      allocator.requestWaits(taskOf(`s${index}`, { cpus: 1 }, { queue: 'small' }));
    // Agent a has more room and is claimed: the small ones get b.
    expect(allocateAll(allocator)).toMatchObject([
      { requestId: 's0', agentId: 'b' },
      { requestId: 's1', agentId: 'b' },
    ]);
    allocator.recoverResources('a' as AgentId, { ...NOTHING, cpus: 1 });
    expect(names(allocateAll(allocator))).toEqual(['big']);
    allocator.recoverResources('b' as AgentId, { ...NOTHING, cpus: 2 });
    expect(names(allocateAll(allocator))).toEqual(['s2', 's3']);
  });

  test('spreads tasks over the agents', () => {
    const allocator = started();
    for (const id of ['a', 'b', 'c']) allocator.addAgent(agentOf(id), NOTHING, 0);
    for (let index = 0; index < 6; index++) allocator.requestWaits(taskOf(`t${index}`));
    expect(allocateAll(allocator).map(({ agentId }) => agentId)).toEqual([
      'a',
      'b',
      'c',
      'a',
      'b',
      'c',
    ]);
  });

  test('a task that is tried again keeps its place', () => {
    const allocator = started();
    const first = taskOf('first');
    allocator.requestWaits(taskOf('second'));
    allocator.requestWaits(first);
    allocator.addAgent(agentOf('a', { cpus: 1 }), NOTHING, 0);
    expect(names(allocateAll(allocator))).toEqual(['first']);
  });

  test('many that wait cost a turn nothing: only heads are looked at', () => {
    const allocator = started();
    allocator.addAgent(agentOf('a'), { ...NOTHING, cpus: 4 }, 0);
    for (let index = 0; index < 20_000; index++) allocator.requestWaits(taskOf(`t${index}`));
    expect(allocator.allocate(1)).toEqual({ placements: [], more: false });
    allocator.recoverResources('a' as AgentId, { ...NOTHING, cpus: 1 });
    expect(allocator.allocate(2)).toMatchObject({ placements: [{ requestId: 't0' }] });
    expect(allocator.allocate(1)).toEqual({ placements: [], more: false });
  });
});
