/** Submits a job and tells what happens to its tasks: states as they are decided, output line by line. */
import { randomBytes } from 'node:crypto';
import type { SubmitInput, TaskEvent, TaskReplies, TaskView } from '../protocol/task-api.ts';
import { isFinal, type TaskState } from '../protocol/task-states.ts';
import type { Connection } from './connection.ts';
import { foreignText } from './foreign-text.ts';
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
  const teller = new Teller(listener);
  const watching = watchTaskEvents(connection, undefined, (event) => teller.heard(event));
  try {
    const tasks = await submitJob(job, newRun(), (request) => submitTask(connection, request));
    listener.submitted?.(tasks);
    teller.begin(tasks);
    return await inTurns(tasks, (task) =>
      teller.follow(task.taskId, followLines(connection, task, listener)),
    );
  } finally {
    watching.unsubscribe();
  }
}

type Change = Parameters<JobListener['changed']>[0];

/** Tells the changes of the job's tasks in the order in which they were heard; an end only after the task's output. */
class Teller {
  private readonly listener: JobListener;
  /** Events that came before the ids were known. */
  private early: Change[] | undefined = [];
  private ids: ReadonlySet<string> = new Set();
  private readonly states = new Map<string, TaskState>();
  private readonly followed = new Map<string, Promise<unknown>>();
  private before: Promise<unknown> = Promise.resolve();

  constructor(listener: JobListener) {
    this.listener = listener;
  }

  begin(tasks: readonly SubmittedTask[]): void {
    this.ids = new Set(tasks.map(({ taskId }) => taskId));
    const early = this.early ?? [];
    this.early = undefined;
    for (const event of early) this.heard(event);
  }

  heard(event: Change): void {
    if (this.early !== undefined) {
      this.early.push(event);
      return;
    }
    if (!this.ids.has(event.taskId)) return;
    this.before = this.before.then(async () => {
      if (isFinal(event.state)) await this.followed.get(event.taskId);
      this.tell(event);
    });
  }

  async follow(taskId: string, following: Promise<TaskView>): Promise<TaskView> {
    this.followed.set(
      taskId,
      following.catch(() => undefined),
    );
    const task = await following;
    await this.before;
    this.tell({ ...task, agentId: task.attempt?.agentId }); // in case the event was lost
    return task;
  }

  private tell(event: Change): void {
    const before = this.states.get(event.taskId);
    if (before === event.state || (before !== undefined && isFinal(before))) return;
    this.states.set(event.taskId, event.state);
    this.listener.changed(event);
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
      const name = foreignText(event.name).padEnd(width);
      line(`${name}  ${style.state(event.state)} ${style.dim(foreignText(detail))}`.trimEnd());
    },
    line: (task, stream, text) =>
      line(`${task.name.padEnd(width)}  ${style.dim(stream === 'stdout' ? '│' : '┆')} ${text}`),
  };
}
