/**
 * What the tree says about tasks, read from the entries as they are applied: each task reaches one final state and
 * keeps it, and no agent is given more than it has.
 */
import { decodeEntry, decodeOperation } from '../../actors/coord/znodes/operation-codec.ts';
import type { ZnodeOperation } from '../../protocol/operations.ts';
import { treePaths } from '../../protocol/paths.ts';
import {
  addResources,
  contains,
  type PortRange,
  type Resources,
} from '../../protocol/resources.ts';
import { isFinal, type TaskState } from '../../protocol/task-states.ts';
import type { Violations } from '../violations.ts';
import type { AppliedSlot } from './truth.ts';

/** As much of a task's state znode as is looked at here. */
interface TaskStateData {
  readonly state: TaskState;
  readonly attempt?: {
    readonly attemptId: string;
    readonly agentId: string;
    readonly resources: Resources;
  };
}

/** In these states the last attempt holds its resources. */
const holding: ReadonlySet<TaskState> = new Set([
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_UNREACHABLE',
]);

export class TaskTruth {
  private readonly violations: Violations;
  private readonly total: Resources;
  private readonly states = new Map<string, TaskStateData>();
  private readonly byAgent = new Map<string, Set<string>>();

  constructor(violations: Violations, total: Resources) {
    this.violations = violations;
    this.total = total;
  }

  stateOf(taskId: string): TaskState | undefined {
    return this.states.get(taskId)?.state;
  }

  get known(): ReadonlyMap<string, { readonly state: TaskState }> {
    return this.states;
  }

  slot({ slot, value, applied }: AppliedSlot): void {
    if (typeof value === 'string') return;
    const { operations } = decodeEntry(value);
    const touched = new Set<string>();
    operations.forEach((bytes, index) => {
      const outcome = applied[index];
      if (outcome === undefined || outcome.repeat || outcome.result.kind === 'error') return;
      const { body } = decodeOperation(bytes);
      if (body.kind === 'multi')
        for (const operation of body.operations) this.operation(slot, operation, touched);
      else if (body.kind === 'create' || body.kind === 'set' || body.kind === 'delete')
        this.operation(slot, body, touched);
    });
    for (const agentId of touched) this.checkAgent(slot, agentId);
  }

  private operation(slot: number, operation: ZnodeOperation, touched: Set<string>): void {
    if (operation.kind !== 'create' && operation.kind !== 'set') return;
    const taskId = taskOf(operation.path);
    if (taskId === undefined) return;
    const data = JSON.parse(new TextDecoder().decode(operation.data)) as TaskStateData;
    const before = this.states.get(taskId);
    if (before !== undefined && isFinal(before.state) && before.state !== data.state)
      this.violations.report(
        'one-final-state',
        `slot ${slot}: task ${taskId} was ${before.state} and becomes ${data.state}`,
      );
    this.states.set(taskId, data);
    for (const [state, attempt] of [
      [before?.state, before?.attempt],
      [data.state, data.attempt],
    ] as const) {
      if (attempt === undefined || state === undefined) continue;
      const tasks = this.byAgent.get(attempt.agentId) ?? new Set();
      this.byAgent.set(attempt.agentId, tasks);
      tasks.delete(taskId);
      touched.add(attempt.agentId);
    }
    if (data.attempt !== undefined && holding.has(data.state))
      this.byAgent.get(data.attempt.agentId)!.add(taskId);
  }

  private checkAgent(slot: number, agentId: string): void {
    const held = [...(this.byAgent.get(agentId) ?? [])].map(
      (taskId) => this.states.get(taskId)!.attempt!,
    );
    const ports = held.flatMap(({ resources }) => resources.ports.flatMap(portsOf));
    const sum = held.reduce<Resources>((total, { resources }) => addResources(total, resources), {
      cpus: 0,
      mem: 0,
      disk: 0,
      gpus: 0,
      ports: [],
    });
    if (!contains(this.total, sum) || new Set(ports).size !== ports.length)
      this.violations.report(
        'resources-once',
        `slot ${slot}: on agent ${agentId} the tree gives away ${JSON.stringify(sum)} of ${JSON.stringify(this.total)}: ${held.map(({ attemptId, resources }) => `${attemptId} ${resources.cpus} cpus ${resources.mem} MiB ports ${JSON.stringify(resources.ports)}`).join(', ')}`,
      );
  }
}

function portsOf([first, last]: PortRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function taskOf(path: string): string | undefined {
  const match = new RegExp(`^${treePaths.tasks}/[0-9a-f]{2}/([^/]+)/state$`).exec(path);
  return match?.[1];
}
