/** One look at the cluster: everything that a frame of `mesozoo top` shows. */
import type { TaskReplies, TaskView } from '../../protocol/task-api.ts';
import type { TaskState } from '../../protocol/task-states.ts';
import { orUndefined, readStatus, type Status } from '../cluster-status.ts';
import type { Connection } from '../connection.ts';

export const taskChoices = {
  'waiting and running': 'live',
  waiting: ['TASK_QUEUED', 'TASK_BLOCKED'],
  running: ['TASK_RUNNING', 'TASK_STAGING', 'TASK_STARTING', 'TASK_KILLING', 'TASK_UNREACHABLE'],
  all: undefined,
} as const satisfies Record<string, readonly TaskState[] | 'live' | undefined>;
export type TaskChoice = keyof typeof taskChoices;
export type TaskOrder = 'oldest' | 'newest';

export interface TaskWish {
  readonly choice: TaskChoice;
  readonly order: TaskOrder;
  /** At most so many: what the screen has room for. */
  readonly limit: number;
}

export interface Sample extends Status {
  readonly atMs: number;
  readonly wallMs: number;
  /** Whether there is a connection to NATS at all. */
  readonly isConnected: boolean;
  readonly tasks: readonly TaskView[] | undefined;
}

/** Of one question: a frame that says that nobody answers is better than none. */
const DEADLINE_MS = 1_500;
const options = { deadlineMs: DEADLINE_MS, patienceMs: 0, repeatable: true };

export async function readSample(connection: Connection, wish: TaskWish): Promise<Sample> {
  const { clock, transport } = connection.ports;
  const [status, tasks] = await Promise.all([
    readStatus(connection, options),
    orUndefined(readTasks(connection, wish)),
  ]);
  return {
    ...status,
    tasks,
    atMs: clock.monotonicMs(),
    wallMs: clock.wallMs(),
    isConnected: transport.isConnected(),
  };
}

/** Those that wait come before those that run: they are what somebody looks for. */
async function readTasks(connection: Connection, wish: TaskWish): Promise<TaskView[]> {
  const page = async (states: readonly TaskState[] | undefined) => {
    const request = { order: wish.order, limit: wish.limit, ...(states && { states }) };
    const subject = connection.subjects.task('list');
    return (await connection.ask<TaskReplies['list']>(subject, request, options)).tasks;
  };
  const states = taskChoices[wish.choice];
  if (states !== 'live') return page(states);
  const pages = await Promise.all([page(taskChoices.waiting), page(taskChoices.running)]);
  return pages.flat().slice(0, wish.limit);
}
