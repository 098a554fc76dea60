/** The chart of machines/task.ts, run for very many tasks. */
import type { EventFromLogic } from 'xstate';
import { taskMachine } from '../../../machines/task.ts';
import { assert } from '../../../protocol/errors.ts';
import { type TaskState, taskStates } from '../../../protocol/task-states.ts';
import { type ChartSnapshot, SharedChart } from '../../shared-chart.ts';

export type TaskEventType = EventFromLogic<typeof taskMachine>['type'];

/** Names of the chart's actions that have an effect outside of it. */
const taskActions = [
  'joinLine',
  'leaveLine',
  'scheduleRetry',
  'cancelRetry',
  'orderLaunch',
  'orderKill',
  'freeResources',
  'concludeTask',
] as const;
export type TaskAction = (typeof taskActions)[number];

export type TaskPhase =
  | 'blocked'
  | 'queued'
  | 'retrying'
  | 'staging'
  | 'starting'
  | 'running'
  | 'killing'
  | 'unreachable'
  | 'finished'
  | 'failed'
  | 'killed'
  | 'error'
  | 'lost';

export interface TaskContext {
  readonly attemptsLeft: number;
  readonly killRequested: boolean;
}

export type TaskChart = ChartSnapshot<TaskPhase, TaskContext, TaskState>;

export const taskChart = new SharedChart<
  TaskPhase,
  TaskContext,
  TaskState,
  TaskEventType,
  TaskAction
>(taskMachine, taskActions, (snapshot) => {
  const state = taskStates.find((name) => snapshot.hasTag(name as never));
  assert(state !== undefined, `the state ${snapshot.value} of the task chart has no tag`);
  return state;
});

export function newTaskChart(attempts: number): TaskChart {
  return taskChart.restore({
    value: 'blocked',
    context: { attemptsLeft: attempts, killRequested: false },
  });
}
