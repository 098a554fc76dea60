/** What is said of attempts that never ran. */
import type { AttemptId, TaskId } from '../../protocol/ids.ts';
import type { AttemptSpec } from '../../protocol/orders.ts';
import { NOTHING, type Resources, scalarNames } from '../../protocol/resources.ts';
import type { Attempt } from './attempt.ts';
import type { Status } from './status-updates.ts';

const killedDuringLaunch: Status = {
  state: 'TASK_KILLED',
  reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
  message: 'Killed before it was started',
};

/** The master may run the task elsewhere: nothing of this attempt has been started, nor will be. */
export const neverRanHere: Status = {
  state: 'TASK_LOST',
  reason: 'REASON_AGENT_DRAINING',
  message: 'It never ran: the agent is stopping',
};

/** The master knows how it ended, or decided its task without it: whatever is asked of it, it is not there any more. */
export const overLongSince: Status = {
  state: 'TASK_KILLED',
  reason: 'REASON_TASK_KILLED',
  message: 'The attempt was over already when it was to be killed',
};

export const lostBeforeReport: Status = {
  state: 'TASK_LOST',
  reason: 'REASON_AGENT_RESTARTED',
  message: 'The agent was restarted when it had refused the launch',
};

/** The master may run the task elsewhere. */
export function doesNotFit(why: string): Status {
  return {
    state: 'TASK_LOST',
    reason: 'REASON_INSUFFICIENT_RESOURCES',
    message: `It never ran: ${why}`,
  };
}

/** Of an attempt that was to be ended before anything of it ran. */
export function statusOfNeverStarted({ stopping }: Pick<Attempt, 'stopping'>): Status {
  return stopping?.cause === 'agentStops' ? neverRanHere : killedDuringLaunch;
}

/** Stands for an attempt whose launch order never came: an attempt's id begins with its task's, which has no dot. */
export function unknownSpec(attemptId: AttemptId): AttemptSpec {
  const dot = attemptId.indexOf('.');
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
