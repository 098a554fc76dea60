/** Submits a job and tells what happens to its tasks: states as they are decided, output line by line. */
import { randomBytes } from 'node:crypto';
import type { SubmitInput, TaskEvent, TaskReplies, TaskView } from '../protocol/task-api.ts';
import { isFinal } from '../protocol/task-states.ts';
import type { Connection } from './connection.ts';
import { type Job, type SubmittedTask, submitJob } from './job.ts';
import { followTask, type Stream, watchTaskEvents } from './task-stream.ts';

export interface JobListener {
  submitted?(tasks: readonly SubmittedTask[]): void;
  /** Each change of state, in the order in which they were heard. */
  changed(
    event: Pick<
      TaskEvent,
      'name' | 'taskId' | 'state' | 'agentId' | 'exitCode' | 'signal' | 'message'
    >,
  ): void;
  /** A line without its end. */
  line(task: SubmittedTask, stream: Stream, text: string): void;
}

/** A leader may be elected meanwhile, and an answer may be lost: the key finds the task again. */
const SUBMIT = { repeatable: true, patienceMs: 30_000 } as const;
/** Followed at one time; the others' output is read when it is their turn. */
const FOLLOWED_AT_ONCE = 32;

export function submitTask(
  connection: Connection,
  request: SubmitInput,
): Promise<TaskReplies['submit']> {
  return connection.ask(
    connection.subjects.task('submit'),
    { idempotencyKey: newRun(), ...request },
    SUBMIT,
  );
}

/** Names one run of a job: its tasks' keys begin with it. */
export function newRun(): string {
  return `cli-${randomBytes(9).toString('base64url')}`;
}

/** Resolves with the tasks as they ended, in the job's order. */
export async function runJob(
  connection: Connection,
  job: Job,
  listener: JobListener,
): Promise<TaskView[]> {
  const told = new Map<string, string>();
  const early: TaskEvent[] = [];
  const tell = (event: Parameters<JobListener['changed']>[0]) => {
    if (told.get(event.taskId) === event.state || isFinal((told.get(event.taskId) ?? '') as never))
      return;
    told.set(event.taskId, event.state);
    listener.changed(event);
  };
  let ids: Set<string> | undefined;
  const watching = watchTaskEvents(connection, undefined, (event) => {
    if (ids === undefined) early.push(event);
    else if (ids.has(event.taskId)) tell(event);
  });
  try {
    const tasks = await submitJob(job, newRun(), (request) => submitTask(connection, request));
    ids = new Set(tasks.map(({ taskId }) => taskId));
    listener.submitted?.(tasks);
    for (const event of early) if (ids.has(event.taskId)) tell(event);
    return await inTurns(tasks, async (task) => {
      const ended = await followLines(connection, task, listener);
      tell({ ...ended, agentId: ended.attempt?.agentId }); // in case the event was lost
      return ended;
    });
  } finally {
    watching.unsubscribe();
  }
}

async function followLines(
  connection: Connection,
  task: SubmittedTask,
  listener: JobListener,
): Promise<TaskView> {
  const streams: readonly Stream[] = ['stdout', 'stderr'];
  const rest: Record<Stream, string> = { stdout: '', stderr: '' };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const ended = await followTask(
    connection,
    task.taskId,
    { streams, untilEnd: true },
    {
      output: (stream, bytes) => {
        const lines = (rest[stream] + decoders[stream].decode(bytes, { stream: true })).split('\n');
        rest[stream] = lines.pop() ?? '';
        for (const line of lines) listener.line(task, stream, line);
      },
    },
  );
  for (const stream of streams) if (rest[stream] !== '') listener.line(task, stream, rest[stream]);
  return ended;
}

async function inTurns<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await run(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(FOLLOWED_AT_ONCE, items.length) }, worker));
  return results;
}

/** Lines of a job for people: names lined up, states and output told apart. */
export function jobPrinter(
  job: Job,
  line: (text: string) => void,
  style: { state(state: TaskEvent['state']): string; dim(text: string): string },
): JobListener {
  const width = Math.max(...job.tasks.map(({ name }) => name.length));
  return {
    changed: (event) => {
      const detail =
        event.signal ??
        (event.exitCode !== undefined && event.exitCode !== 0
          ? `exit code ${event.exitCode}`
          : event.state === 'TASK_RUNNING' && event.agentId !== undefined
            ? `on ${event.agentId}`
            : (event.message ?? ''));
      line(
        `${event.name.padEnd(width)}  ${style.state(event.state)} ${style.dim(detail)}`.trimEnd(),
      );
    },
    line: (task, stream, text) =>
      line(`${task.name.padEnd(width)}  ${style.dim(stream === 'stdout' ? '│' : '┆')} ${text}`),
  };
}
