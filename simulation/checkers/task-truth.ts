/**
 * What the tree says about tasks, read from the entries as they are applied: each task reaches one final state and
 * keeps it, and no agent is given more than it has.
 */
import type { ZnodeOperation } from '../../protocol/operations.ts';
import { treePaths } from '../../protocol/paths.ts';
import type { Resources } from '../../protocol/resources.ts';
import { isFinal, type TaskState } from '../../protocol/task-states.ts';
import type { Violations } from '../violations.ts';
import { appliedOperations } from './applied-operations.ts';
import { tooMuchOf } from './held-resources.ts';
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

  slot(applied: AppliedSlot): void {
    const { slot } = applied;
    const touched = new Set<string>();
    for (const operation of appliedOperations(applied)) this.operation(slot, operation, touched);
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
    const problem = tooMuchOf(this.total, held);
    if (problem !== undefined)
      this.violations.report('resources-once', `slot ${slot}: on agent ${agentId} ${problem}`);
  }
}

function taskOf(path: string): string | undefined {
  const match = new RegExp(`^${treePaths.tasks}/[0-9a-f]{2}/([^/]+)/state$`).exec(path);
  return match?.[1];
}
