/** The chart of machines/launch.ts, run for all launched tasks. */
import type { EventFromLogic } from 'xstate';
import { launchMachine } from '../../../machines/launch.ts';
import { type TaskState, taskStates } from '../../../protocol/task-states.ts';
import { type ChartSnapshot, SharedChart } from '../../shared-chart.ts';

export type LaunchEventType = EventFromLogic<typeof launchMachine>['type'];

/** Names of the chart's actions that have an effect outside of it. */
const launchActions = ['orderKill', 'freeResources', 'forget'] as const;
export type LaunchAction = (typeof launchActions)[number];

export type LaunchPhase =
  | 'staging'
  | 'starting'
  | 'running'
  | 'killing'
  | 'unreachable'
  | 'finished'
  | 'failed'
  | 'killed'
  | 'lost'
  | 'forgotten';

export interface LaunchContext {
  readonly killRequested: boolean;
}

/** `state` is undefined once it is forgotten. */
export type LaunchChart = ChartSnapshot<LaunchPhase, LaunchContext, TaskState | undefined>;

export const launchChart = new SharedChart<
  LaunchPhase,
  LaunchContext,
  TaskState | undefined,
  LaunchEventType,
  LaunchAction
>(launchMachine, launchActions, (snapshot) =>
  taskStates.find((name) => snapshot.hasTag(name as never)),
);

export function newLaunchChart(): LaunchChart {
  return launchChart.restore({ value: 'staging', context: { killRequested: false } });
}
