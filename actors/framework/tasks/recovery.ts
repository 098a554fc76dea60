/** What a new leader's framework reads from the tree: every task, bucket by bucket. */
import type { TaskId } from '../../../protocol/ids.ts';
import { taskBuckets, treePaths } from '../../../protocol/paths.ts';
import { TreeReader, type TreeReaderParts } from '../../coord/client/tree-reader.ts';
import {
  decodeTaskNode,
  decodeTaskState,
  recoveredTask,
  type Task,
  type TaskNode,
  type TaskStateNode,
} from './task.ts';

export class TaskRecovery {
  private readonly parts: TreeReaderParts;
  private readonly reader: TreeReader;
  private readonly tasks: Task[] = [];

  constructor(parts: TreeReaderParts) {
    this.parts = parts;
    this.reader = new TreeReader(parts);
  }

  /** `done` gets the tasks in the order of submission. */
  start(done: (tasks: readonly Task[]) => void): void {
    const begin = () => {
      for (const bucket of taskBuckets)
        this.reader.children(`${treePaths.tasks}/${bucket}`, (id) => this.readTask(id as TaskId));
    };
    this.reader.start(treePaths.tasks, begin, () =>
      done(this.tasks.sort((a, b) => a.order - b.order)),
    );
  }

  cancel(): void {
    this.reader.cancel();
  }

  /** The state says whether the rest must be read too. */
  private readTask(id: TaskId): void {
    this.reader.get(treePaths.taskState(id), (data) => {
      const state = data && this.readable(id, () => decodeTaskState(data));
      if (state === undefined) return;
      if (state.task !== undefined) this.take(id, state.task, state);
      else
        this.reader.get(treePaths.task(id), (found) => {
          const node = found && this.readable(id, () => decodeTaskNode(found));
          if (node !== undefined) this.take(id, node, state);
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
}
