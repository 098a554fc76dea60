/** What the clients asked of the scheduler and were told; checkers read it, the task clients write it. */
import type { SubmitInput } from '../../protocol/task-api.ts';
import type { TaskState } from '../../protocol/task-states.ts';

export interface TaskRecord {
  /** The idempotency key, unique to the task. */
  readonly key: string;
  readonly request: SubmitInput;
  /** How its command ends when nothing comes between. */
  readonly exitCode: number;
  /** Told in the answer to the submission. */
  taskId: string | undefined;
  /** The submission was refused for good. */
  refused: string | undefined;
  killAsked: boolean;
  /** The kill was acknowledged. */
  killed: boolean;
  /** As `get` told it last. */
  state: TaskState | undefined;
  reason: string | undefined;
  taskExitCode: number | undefined;
  attempts: number;
  submissions: number;
}

export interface ToldState {
  readonly taskId: string;
  readonly state: TaskState;
  readonly atMs: number;
}

export class TaskRecords {
  readonly byKey = new Map<string, TaskRecord>();
  /** Final states that were published on the tasks' events. */
  readonly finalEvents: ToldState[] = [];
  /** Two answers to one idempotency key that differ, for example. */
  readonly contradictions: string[] = [];

  get acknowledged(): readonly TaskRecord[] {
    return [...this.byKey.values()].filter((record) => record.taskId !== undefined);
  }
}
