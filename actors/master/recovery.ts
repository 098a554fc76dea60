/**
 * What a new leader reads from the tree: every task, bucket by bucket in pages, a bounded number of reads at a time.
 *
 * The session that owns the lowest candidate has seen the end of the one before it, so its reads see everything that
 * the former leader has written; `sync` makes that true after a change of member too. Reads that fail are tried again:
 * only the end of the leadership ends a recovery.
 */
import type { TaskId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { taskBuckets, treePaths } from '../../protocol/paths.ts';
import type { ZnodeReplies, ZnodeRequest, ZnodeRequestName } from '../../protocol/znode-api.ts';
import type { Clock, Logger } from '../actor.ts';
import type { CoordClient } from '../coord/client/contract.ts';
import { tasksFrameworkId } from './frameworks/ids.ts';
import {
  decodeTaskNode,
  decodeTaskState,
  recoveredTask,
  type Task,
  type TaskNode,
  type TaskStateNode,
} from './tasks/task.ts';

const READS_AT_ONCE = 256;
const RETRY_MS = 200;

export interface RecoveryParts {
  readonly client: CoordClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** The tasks in the order of submission, and whether the bundled framework has its znode. */
  readonly done: (tasks: readonly Task[], hasFramework: boolean) => void;
}

type Job = (finished: () => void) => void;

export class Recovery {
  private readonly parts: RecoveryParts;
  private readonly jobs: Job[] = [];
  private underWay = 0;
  private readonly tasks: Task[] = [];
  private hasFramework = false;
  private cancelled = false;

  constructor(parts: RecoveryParts) {
    this.parts = parts;
  }

  start(): void {
    this.read('sync', { path: treePaths.root }, () => {
      this.jobs.push((finished) => this.readFramework(finished));
      for (const bucket of taskBuckets)
        this.jobs.push((finished) => this.readBucket(bucket, undefined, finished));
      this.next();
    });
  }

  cancel(): void {
    this.cancelled = true;
  }

  private next(): void {
    while (this.underWay < READS_AT_ONCE) {
      // Latest first: a bucket's tasks before the next bucket, so that few ids wait.
      const job = this.jobs.pop();
      if (job === undefined) break;
      this.underWay += 1;
      job(() => {
        this.underWay -= 1;
        this.next();
      });
    }
    if (this.underWay > 0 || this.cancelled) return;
    this.cancelled = true;
    this.parts.done(
      this.tasks.sort((a, b) => a.order - b.order),
      this.hasFramework,
    );
  }

  private readFramework(finished: () => void): void {
    this.read('exists', { path: treePaths.framework(tasksFrameworkId) }, (framework) => {
      this.hasFramework = framework?.exists === true;
      finished();
    });
  }

  private readBucket(bucket: string, after: string | undefined, finished: () => void): void {
    const path = `${treePaths.tasks}/${bucket}`;
    this.read('children', { path, after, limit: limits.childrenPerPage }, (page) => {
      for (const id of page?.children ?? [])
        this.jobs.push((done) => this.readTask(id as TaskId, done));
      const last = page?.children.at(-1);
      if (page?.more && last !== undefined) this.readBucket(bucket, last, finished);
      else finished();
    });
  }

  /** The state says whether the rest must be read too. */
  private readTask(id: TaskId, finished: () => void): void {
    this.read('get', { path: treePaths.taskState(id) }, (found) => {
      const state = found && this.readable(id, () => decodeTaskState(found.data as Uint8Array));
      if (state?.task !== undefined) this.take(id, state.task, state);
      if (state === undefined || state.task !== undefined) {
        finished();
        return;
      }
      this.read('get', { path: treePaths.task(id) }, (found) => {
        const node = found && this.readable(id, () => decodeTaskNode(found.data as Uint8Array));
        if (node !== undefined) this.take(id, node, state);
        finished();
      });
    });
  }

  private take(id: TaskId, node: TaskNode, state: TaskStateNode): void {
    const task = this.readable(id, () => recoveredTask(id, node, state));
    if (task !== undefined) this.tasks.push(task);
  }

  /** No master writes what is not readable: somebody with the system's secret did. It stays where it is. */
  private readable<Value>(id: TaskId, decode: () => Value): Value | undefined {
    try {
      return decode();
    } catch (error) {
      this.parts.log.error('task is not readable', { taskId: id, error: String(error) });
      return undefined;
    }
  }

  /** Undefined where there is no such znode. */
  private read<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
    handler: (value: ZnodeReplies[Name] | undefined) => void,
  ): void {
    this.parts.client.request(name, request, (answer) => {
      if (this.cancelled) return;
      if (answer.ok) handler(answer.value);
      else if (answer.error.code === 'NO_NODE') handler(undefined);
      else {
        this.parts.log.warn('read failed during recovery', { error: answer.error.message });
        this.parts.clock.after(RETRY_MS, () => this.cancelled || this.read(name, request, handler));
      }
    });
  }
}
