/**
 * Follows one task: its states as they are decided, and what it writes, each byte once and in order.
 *
 * Chunks that are published while the lease is held are the fast way; whatever they leave out (before the lease, or
 * lost on the way) is read with `task.output`. Events may be lost too, so the task is asked for now and then.
 */
import { readEvent } from '../actors/coord/client/promises.ts';
import { type ErrorCode, MesozooError } from '../protocol/errors.ts';
import type {
  OutputChunk,
  TaskEvent,
  TaskReplies,
  TaskRequestName,
  TaskView,
} from '../protocol/task-api.ts';
import { isFinal } from '../protocol/task-states.ts';
import type { Connection } from './connection.ts';

export type Stream = 'stdout' | 'stderr';

export interface TaskStreamHandlers {
  /** Each change of state; the first is the state as it was found. */
  changed?(task: TaskView): void;
  output?(stream: Stream, bytes: Uint8Array): void;
}

export interface TaskStreamOptions {
  /** None: only the states are followed. */
  readonly streams: readonly Stream[];
  /** Ends when the task has ended and all was told; otherwise when what is there by now was told. */
  readonly untilEnd: boolean;
}

const LOOK_MS = 1_000;
/** A new master leads within seconds; a cluster that is being started again takes longer. */
const PATIENCE_MS = 60_000;

/** Resolves with the task as it was last seen. Rejects with MesozooError, for example NO_TASK. */
export async function followTask(
  connection: Connection,
  taskId: string,
  options: TaskStreamOptions,
  handlers: TaskStreamHandlers,
): Promise<TaskView> {
  const stream = new TaskStream(connection, taskId, options, handlers);
  try {
    return await stream.run();
  } finally {
    stream.close();
  }
}

class TaskStream {
  private readonly connection: Connection;
  private readonly taskId: string;
  private readonly options: TaskStreamOptions;
  private readonly handlers: TaskStreamHandlers;
  private readonly subscriptions: { unsubscribe(): void }[] = [];
  private readonly offsets: Record<Stream, number> = { stdout: 0, stderr: 0 };
  private attemptId: string | undefined;
  private toldState = '';
  private leaseUntilMs = Number.NEGATIVE_INFINITY;
  /** Ends the sleep: something was heard, or a stream has a gap. */
  private wake: (() => void) | undefined;
  private awake = false;

  constructor(
    connection: Connection,
    taskId: string,
    options: TaskStreamOptions,
    handlers: TaskStreamHandlers,
  ) {
    this.connection = connection;
    this.taskId = taskId;
    this.options = options;
    this.handlers = handlers;
    const { transport } = connection.ports;
    const { subjects } = connection;
    this.subscriptions.push(
      transport.subscribe(subjects.taskEvents(taskId as never), () => this.rouse()),
    );
    if (!options.untilEnd) return;
    for (const stream of options.streams)
      this.subscriptions.push(
        transport.subscribe(subjects.taskLogs(taskId as never, stream), ({ payload }) =>
          this.receiveChunk(stream, readEvent<OutputChunk>(payload)),
        ),
      );
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  async run(): Promise<TaskView> {
    for (;;) {
      this.awake = false;
      const task = await this.ask('get', { taskId: this.taskId });
      this.noteAttempt(task);
      const ended = isFinal(task.state);
      if (!ended) this.tellState(task);
      if (this.options.untilEnd && !ended) await this.holdLease();
      if (task.attempt !== undefined)
        for (const stream of this.options.streams) await this.readOn(stream);
      if (ended) this.tellState(task); // after what it wrote
      if (ended || !this.options.untilEnd) return task;
      await this.sleep();
    }
  }

  private noteAttempt(task: TaskView): void {
    const attemptId = task.attempt?.attemptId;
    if (attemptId === undefined || attemptId === this.attemptId) return;
    this.attemptId = attemptId;
    this.offsets.stdout = 0;
    this.offsets.stderr = 0;
  }

  private tellState(task: TaskView): void {
    const state = `${task.state} ${task.attempts}`;
    if (state === this.toldState) return;
    this.toldState = state;
    this.handlers.changed?.(task);
  }

  private async holdLease(): Promise<void> {
    const { clock } = this.connection.ports;
    if (this.options.streams.length === 0 || clock.monotonicMs() < this.leaseUntilMs) return;
    try {
      const { leaseMs } = await this.ask('follow', { taskId: this.taskId });
      this.leaseUntilMs = clock.monotonicMs() + leaseMs / 3;
    } catch (error) {
      if (!hasNoOutput(error)) throw error;
    }
  }

  private receiveChunk(stream: Stream, chunk: OutputChunk): void {
    const offset = this.offsets[stream];
    if (chunk.attemptId !== this.attemptId || chunk.offset > offset) {
      this.rouse();
      return;
    }
    const fresh = bytesOf(chunk).subarray(offset - chunk.offset);
    if (fresh.length > 0) {
      this.offsets[stream] += fresh.length;
      this.handlers.output?.(stream, fresh);
    }
    if (chunk.end === true) this.rouse();
  }

  /** Reads what has been written since. Chunks may come meanwhile: what both bring is told once. */
  private async readOn(stream: Stream): Promise<void> {
    for (;;) {
      const attemptId = this.attemptId;
      const from = this.offsets[stream];
      let reply: TaskReplies['output'];
      try {
        reply = await this.ask('output', { taskId: this.taskId, stream, offset: from });
      } catch (error) {
        if (hasNoOutput(error)) return;
        throw error;
      }
      if (attemptId !== this.attemptId) return;
      const bytes = bytesOf(reply).subarray(this.offsets[stream] - from);
      if (bytes.length > 0) {
        this.offsets[stream] += bytes.length;
        this.handlers.output?.(stream, bytes);
      }
      if (this.offsets[stream] >= reply.size || bytesOf(reply).length === 0) return;
    }
  }

  private rouse(): void {
    this.awake = true;
    this.wake?.();
  }

  private sleep(): Promise<void> {
    if (this.awake) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.connection.ports.clock.after(LOOK_MS, () => done());
      const done = () => {
        timer.cancel();
        this.wake = undefined;
        resolve();
      };
      this.wake = done;
    });
  }

  private ask<Name extends TaskRequestName & keyof TaskReplies>(
    name: Name,
    request: object,
  ): Promise<TaskReplies[Name]> {
    return this.connection.ask(this.connection.subjects.task(name), request, {
      repeatable: true,
      // What is written can be read later; without the task's state there is nothing to go on with.
      patienceMs: name === 'get' ? PATIENCE_MS : 0,
    });
  }
}

/** Not now, or never: the task has not begun, or its agent does not answer. */
function hasNoOutput(error: unknown): boolean {
  return error instanceof MesozooError && noOutput.has(error.code);
}
const noOutput: ReadonlySet<ErrorCode> = new Set([
  'NO_OUTPUT',
  'NO_AGENT',
  'TASK_ENDED',
  'UNAVAILABLE',
  'NOT_LEADER',
  'TIMEOUT',
  'CONNECTION_LOST',
]);

export function bytesOf(reply: {
  readonly data?: string | Uint8Array;
  readonly dataBase64?: string;
}): Uint8Array {
  if (reply.data instanceof Uint8Array) return reply.data;
  if (reply.dataBase64 !== undefined) return Buffer.from(reply.dataBase64, 'base64');
  return Buffer.from(reply.data ?? '');
}

/** Told of every change of state of every task, or of one. */
export function watchTaskEvents(
  connection: Connection,
  taskId: string | undefined,
  handler: (event: TaskEvent) => void,
): { unsubscribe(): void } {
  const subject = connection.subjects.taskEvents((taskId ?? '*') as never);
  return connection.ports.transport.subscribe(subject, ({ payload }) =>
    handler(readEvent<TaskEvent>(payload)),
  );
}
