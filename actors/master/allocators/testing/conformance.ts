/** What every allocator must do, whatever its order: the suite that is run for each of them. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentId, FrameworkId, RequestId } from '../../../../protocol/ids.ts';
import {
  addResources,
  contains,
  countPorts,
  NOTHING,
  type Resources,
  scalarNames,
} from '../../../../protocol/resources.ts';
import {
  type Allocator,
  type AllocatorAgent,
  attemptsPerAgentMax,
  type Placement,
  type WaitingRequest,
} from '../contract.ts';
import { fits, satisfies } from '../matching.ts';

export const frameworkId = 'tasks' as FrameworkId;

export function agentOf(
  id: string,
  total: Partial<Resources> = {},
  attributes: Record<string, string> = {},
): AllocatorAgent {
  return {
    agentId: id as AgentId,
    hostname: `${id}.host`,
    attributes,
    total: { cpus: 4, mem: 4096, disk: 1000, gpus: 0, ports: [[31000, 31009]], ...total },
  };
}

let orders = 0;
export function taskOf(
  id: string,
  resources: Partial<WaitingRequest['resources']> = {},
  more: Partial<WaitingRequest> = {},
): WaitingRequest {
  return {
    requestId: id as RequestId,
    frameworkId,
    queue: 'default',
    priority: 0,
    order: ++orders,
    resources: { cpus: 1, mem: 32, disk: 0, gpus: 0, ports: 0, ...resources },
    constraints: [],
    ...more,
  };
}

/** Calls until nothing more is placed. */
export function allocateAll(allocator: Allocator): Placement[] {
  const all: Placement[] = [];
  for (;;) {
    const { placements, more } = allocator.allocate(1000);
    all.push(...placements);
    if (!more) return all;
  }
}

export function conformsToAllocator(name: string, create: () => Allocator): void {
  const started = () => {
    const allocator = create();
    allocator.activateFramework(frameworkId);
    return allocator;
  };

  describe(`${name} conforms`, () => {
    test('a task is placed once, on an agent that has room, and holds its resources from then on', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      allocator.requestWaits(taskOf('t', { cpus: 3, ports: 2 }));
      expect(allocateAll(allocator)).toEqual([
        {
          requestId: 't',
          frameworkId,
          agentId: 'a',
          resources: { cpus: 3, mem: 32, disk: 0, gpus: 0, ports: [[31000, 31001]] },
        },
      ]);
      expect(allocator.waiting('t' as RequestId)).toBeUndefined();
      expect(allocator.available('a' as AgentId)).toMatchObject({
        cpus: 1,
        ports: [[31002, 31009]],
      });
      expect(allocateAll(allocator)).toEqual([]);
    });

    test('what comes back is given again', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      allocator.requestWaits(taskOf('t1', { cpus: 4 }));
      allocator.requestWaits(taskOf('t2', { cpus: 4 }));
      const [first] = allocateAll(allocator);
      expect(first?.requestId).toBe('t1');
      allocator.recoverResources(first!.agentId, first!.resources);
      expect(allocateAll(allocator).map(({ requestId }) => requestId)).toEqual(['t2']);
    });

    test('giving back more than was given is a fault of ours', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      expect(() => allocator.recoverResources('a' as AgentId, { ...NOTHING, cpus: 1 })).toThrow(
        /got back more/,
      );
    });

    test('an agent that is gone gets nothing, and what comes back for it goes nowhere', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      allocator.removeAgent('a' as AgentId);
      allocator.removeAgent('a' as AgentId);
      allocator.requestWaits(taskOf('t'));
      expect(allocateAll(allocator)).toEqual([]);
      allocator.recoverResources('a' as AgentId, { ...NOTHING, cpus: 1 });
      expect(allocator.available('a' as AgentId)).toBeUndefined();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      expect(allocateAll(allocator)).toHaveLength(1);
    });

    test('an agent that comes with attempts has that much less; one that came back smaller has nothing', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), { ...NOTHING, cpus: 3 }, 0);
      expect(allocator.available('a' as AgentId)?.cpus).toBe(1);
      allocator.addAgent(agentOf('a', { cpus: 2 }), { ...NOTHING, cpus: 3 }, 0);
      expect(allocator.available('a' as AgentId)?.cpus).toBe(0);
      allocator.recoverResources('a' as AgentId, { ...NOTHING, cpus: 2 });
      expect(allocator.available('a' as AgentId)?.cpus).toBe(1);
    });

    test('an agent is not given more attempts than it can report, however small they are', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, attemptsPerAgentMax - 1);
      const none = { cpus: 0, mem: 0 };
      allocator.requestWaits(taskOf('t1', none));
      allocator.requestWaits(taskOf('t2', none));
      const placed = allocateAll(allocator);
      expect(placed.map(({ requestId }) => requestId)).toEqual(['t1']);
      allocator.recoverResources('a' as AgentId, placed[0]!.resources);
      expect(allocateAll(allocator).map(({ requestId }) => requestId)).toEqual(['t2']);
    });

    test('a task that has left is not placed', () => {
      const allocator = started();
      allocator.requestWaits(taskOf('t'));
      expect(allocator.requestLeaves('t' as RequestId)).toBe(true);
      expect(allocator.requestLeaves('t' as RequestId)).toBe(false);
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      expect(allocateAll(allocator)).toEqual([]);
      expect(allocator.waitingCount).toBe(0);
    });

    test('constraints hold: by attribute, hostname and agent id', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a', {}, { rack: 'r1' }), NOTHING, 0);
      allocator.addAgent(agentOf('b', {}, { rack: 'r2' }), NOTHING, 0);
      const constrained = (id: string, constraint: WaitingRequest['constraints'][number]) =>
        allocator.requestWaits(taskOf(id, { cpus: 0.1 }, { constraints: [constraint], queue: id }));
      constrained('equals', { attribute: 'rack', equals: 'r2' });
      constrained('in', { attribute: 'rack', in: ['r2', 'r3'] });
      constrained('host', { attribute: 'hostname', equals: 'b.host' });
      constrained('id', { attribute: 'agentId', equals: 'b' });
      constrained('exists', { attribute: 'toString', exists: true });
      const placed = allocateAll(allocator);
      expect(placed.map(({ requestId }) => requestId).sort()).toEqual([
        'equals',
        'host',
        'id',
        'in',
      ]);
      expect(new Set(placed.map(({ agentId }) => agentId))).toEqual(new Set(['b']));
    });

    test('a task that no agent could ever take holds up nobody, until such an agent comes', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      allocator.requestWaits(taskOf('big', { cpus: 100 }));
      allocator.requestWaits(taskOf('small'));
      expect(allocateAll(allocator).map(({ requestId }) => requestId)).toEqual(['small']);
      expect(allocator.waiting('big' as RequestId)).toBeDefined();
      allocator.addAgent(agentOf('b', { cpus: 128 }), NOTHING, 0);
      expect(allocateAll(allocator)).toMatchObject([{ requestId: 'big', agentId: 'b' }]);
    });

    test('a framework that is not active gets nothing', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      allocator.deactivateFramework(frameworkId);
      allocator.requestWaits(taskOf('t'));
      expect(allocateAll(allocator)).toEqual([]);
      allocator.activateFramework(frameworkId);
      expect(allocateAll(allocator)).toHaveLength(1);
    });

    test('a bounded call says that there is more', () => {
      const allocator = started();
      allocator.addAgent(agentOf('a'), NOTHING, 0);
      for (let index = 0; index < 10; index++)
        allocator.requestWaits(taskOf(`t${index}`, { cpus: 0.1 }));
      const first = allocator.allocate(4);
      expect([first.placements.length, first.more]).toEqual([4, true]);
      expect(allocateAll(allocator)).toHaveLength(6);
    });

    test('many queues with many tasks: a call ends, those that wait for room hold up nobody, and all get their turn', () => {
      const allocator = started();
      const [queues, tasks] = [5_000, 50_000];
      allocator.addAgent(agentOf('full', { cpus: 10 }), { ...NOTHING, cpus: 10 }, 1);
      for (let index = 0; index < tasks; index++)
        allocator.requestWaits(
          taskOf(`t${index}`, { cpus: 5, mem: 0 }, { queue: `q${index % queues}` }),
        );
      expect(allocator.allocate(1000)).toEqual({ placements: [], more: false });
      // Behind all of those heads comes one that fits what is free.
      allocator.addAgent(agentOf('small', { cpus: 4 }), NOTHING, 0);
      allocator.requestWaits(taskOf('last', { cpus: 1 }, { queue: 'last' }));
      expect(allocateAll(allocator).map(({ requestId }) => requestId)).toEqual(['last']);
      const width = Math.ceil(tasks / attemptsPerAgentMax);
      for (let index = 0; index < width; index++)
        allocator.addAgent(agentOf(`a${index}`, { cpus: 1_000_000 }), NOTHING, 0);
      const placed = new Set(allocateAll(allocator).map(({ requestId }) => requestId));
      expect(placed.size).toBe(tasks);
      expect(allocator.waitingCount).toBe(0);
    });

    test('whatever happens: no resource is given twice, and in the end nothing waits that fits', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const world = new NaiveWorld(started());
          for (const { kind, a, b } of steps) world.step(kind, a, b);
          world.everythingEnds();
        }),
        { numRuns: 200 },
      );
    });
  });
}

const step = fc.record({
  kind: fc.constantFrom(
    ...(['agent', 'leave', 'task', 'task', 'task', 'kill', 'end', 'end'] as const),
  ),
  a: fc.nat(5),
  b: fc.nat(7),
});

/** Keeps its own naive account of who holds what, and compares. */
class NaiveWorld {
  private readonly allocator: Allocator;
  private readonly agents = new Map<AgentId, AllocatorAgent>();
  private readonly waiting = new Map<RequestId, WaitingRequest>();
  private held: Placement[] = [];
  private tasks = 0;

  constructor(allocator: Allocator) {
    this.allocator = allocator;
  }

  step(kind: 'agent' | 'leave' | 'task' | 'kill' | 'end', a: number, b: number): void {
    if (kind === 'agent') this.addAgent(a, b);
    else if (kind === 'leave') this.removeAgent(a);
    else if (kind === 'task') this.addTask(a, b);
    else if (kind === 'kill') this.kill(b);
    else this.end(b);
    this.allocate();
  }

  /** Attempts end one after another: what fits any agent at all must get its turn. */
  everythingEnds(): void {
    this.addAgent(9, 7);
    for (let round = 0; round < 500 && (this.waiting.size > 0 || this.held.length > 0); round++) {
      this.end(0);
      this.allocate();
    }
    for (const task of this.waiting.values())
      for (const agent of this.agents.values())
        expect(fits(agent.total, task.resources) && satisfies(agent, task.constraints)).toBe(false);
  }

  private addAgent(a: number, b: number): void {
    const agent = agentOf(`a${a}`, { cpus: b, ports: [[1, 1 + b]] }, { rack: `r${b % 2}` });
    this.removeAgent(a);
    this.agents.set(agent.agentId, agent);
    this.allocator.addAgent(agent, NOTHING, 0);
  }

  private removeAgent(a: number): void {
    const id = `a${a}` as AgentId;
    this.agents.delete(id);
    this.held = this.held.filter(({ agentId }) => agentId !== id);
    this.allocator.removeAgent(id);
  }

  private addTask(a: number, b: number): void {
    const task = taskOf(
      `t${this.tasks++}`,
      { cpus: a, ports: b % 3 },
      {
        queue: `q${b % 3}`,
        priority: b % 2,
        constraints: b === 7 ? [{ attribute: 'rack', equals: 'r1' }] : [],
      },
    );
    this.waiting.set(task.requestId, task);
    this.allocator.requestWaits(task);
  }

  private kill(b: number): void {
    const id = [...this.waiting.keys()][b];
    if (id === undefined) return;
    this.waiting.delete(id);
    expect(this.allocator.requestLeaves(id)).toBe(true);
  }

  private end(b: number): void {
    const [ended] = this.held.splice(b, 1);
    if (ended !== undefined) this.allocator.recoverResources(ended.agentId, ended.resources);
  }

  private allocate(): void {
    for (const placement of allocateAll(this.allocator)) {
      const task = this.waiting.get(placement.requestId);
      const agent = this.agents.get(placement.agentId);
      expect(task).toBeDefined();
      expect(agent).toBeDefined();
      this.waiting.delete(placement.requestId);
      this.held.push(placement);
      for (const name of scalarNames) expect(placement.resources[name]).toBe(task!.resources[name]);
      expect(countPorts(placement.resources.ports)).toBe(task!.resources.ports);
      expect(satisfies(agent!, task!.constraints)).toBe(true);
    }
    for (const agent of this.agents.values()) this.checkAgent(agent);
    this.allocator.invariants();
    expect(this.allocator.waitingCount).toBe(this.waiting.size);
  }

  private checkAgent({ agentId, total }: AllocatorAgent): void {
    const own = this.held.filter((placement) => placement.agentId === agentId);
    const sum = own.reduce((all, { resources }) => addResources(all, resources), NOTHING);
    expect(contains(total, sum)).toBe(true);
    // Ports that overlap would be merged, and fewer in the sum.
    const ports = own.reduce((count, { resources }) => count + countPorts(resources.ports), 0);
    expect(countPorts(sum.ports)).toBe(ports);
    expect(this.allocator.allocated(agentId)).toEqual(sum);
  }
}
