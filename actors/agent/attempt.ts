/** One attempt in the agent's memory: what was ordered, what it became, and its chart, which alone knows its state. */
import type { attemptMachine } from '../../machines/attempt.ts';
import type { AttemptSpec } from '../../protocol/orders.ts';
import { NOTHING, type Resources } from '../../protocol/resources.ts';
import type { ProcessEnd } from '../actor.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { CheckpointedAttempt, StopCause } from './checkpoint/records.ts';
import type { Status } from './status-updates.ts';

export interface Attempt {
  readonly spec: AttemptSpec;
  /** It is not run here; it only stands for the update that says so. */
  readonly refused: boolean;
  readonly lifecycle: Lifecycle<typeof attemptMachine>;
  started?: CheckpointedAttempt['started'];
  /** `saved`: it is on disk. */
  stopping?: NonNullable<CheckpointedAttempt['stopping']> & { readonly saved: boolean };
  /** What its last update says; set before the chart is told of the end. */
  end?: Status;
  deadline?: { cancel(): void };
}

export function isLive(attempt: Attempt): boolean {
  return !attempt.lifecycle.matches('ended') && !attempt.lifecycle.isDone();
}

/** What it may use: all of it until the last process is gone. */
export function holds(attempt: Attempt): Resources {
  return !attempt.refused && isLive(attempt) ? attempt.spec.resources : NOTHING;
}

/** What its end means, in Mesos' words. */
export function statusOfEnd(end: ProcessEnd, stopping: StopCause | undefined): Status {
  const facts =
    end.kind === 'exited'
      ? { exitCode: end.exitCode }
      : end.kind === 'signalled'
        ? { signal: end.signal }
        : {};
  if (stopping === 'timedOut')
    return {
      state: 'TASK_FAILED',
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
      message: 'Command ran longer than its timeout',
      ...facts,
    };
  if (stopping !== undefined)
    return {
      state: 'TASK_KILLED',
      reason: 'REASON_TASK_KILLED',
      message: stopping === 'agentStops' ? 'The agent was stopped' : `Command ${inWords(end)}`,
      ...facts,
    };
  switch (end.kind) {
    case 'exited':
      if (end.exitCode === 0) return { state: 'TASK_FINISHED', ...facts };
      return {
        state: 'TASK_FAILED',
        reason: 'REASON_COMMAND_EXITED',
        message: `Command ${inWords(end)}`,
        ...facts,
      };
    case 'signalled':
      return {
        state: 'TASK_FAILED',
        reason: 'REASON_COMMAND_SIGNALLED',
        message: `Command ${inWords(end)}`,
        ...facts,
      };
    case 'vanished':
      return {
        state: 'TASK_LOST',
        reason: 'REASON_EXIT_UNKNOWN',
        message: `Command ${inWords(end)}`,
      };
    default:
      return end satisfies never;
  }
}

function inWords(end: ProcessEnd): string {
  switch (end.kind) {
    case 'exited':
      return `exited with status ${end.exitCode}`;
    case 'signalled':
      return `terminated with signal ${end.signal}`;
    case 'vanished':
      return 'is gone and left no exit status: the machine was restarted, or its supervisor killed';
    default:
      return end satisfies never;
  }
}
