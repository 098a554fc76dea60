/** What is said of attempts that never ran. */
import type { AttemptId, TaskId } from '../../protocol/ids.ts';
import type { AttemptSpec } from '../../protocol/orders.ts';
import { NOTHING, type Resources, scalarNames } from '../../protocol/resources.ts';
import type { Status } from './status-updates.ts';

export const killedDuringLaunch: Status = {
  state: 'TASK_KILLED',
  reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
  message: 'Killed before it was started',
};

export const lostBeforeReport: Status = {
  state: 'TASK_LOST',
  reason: 'REASON_AGENT_RESTARTED',
  message: 'The agent was restarted when it had refused the launch',
};

/** Stands for an attempt whose launch order never came: an attempt's id is its task's id and a number. */
export function unknownSpec(attemptId: AttemptId): AttemptSpec {
  const dot = attemptId.lastIndexOf('.');
  return {
    attemptId,
    taskId: (dot > 0 ? attemptId.slice(0, dot) : attemptId) as TaskId,
    name: '',
    argv: [],
    env: {},
    resources: NOTHING,
    killGraceMs: 0,
    executor: 'noop',
  };
}

export function inWords(resources: Resources): string {
  const scalars = scalarNames.map((name) => `${name} ${resources[name]}`);
  const ports = resources.ports.map(([first, last]) => `${first}-${last}`);
  return [...scalars, ...(ports.length > 0 ? [`ports ${ports.join(' ')}`] : [])].join(', ');
}
