/**
 * What masters and agents say to each other, in MessagePack on `mz.master.to.<id>` and `mz.agent.to.<id>`.
 * Any message may be lost, repeated or late: each is matched by epoch, attempt and update id.
 */
import type { AgentId, AttemptId, Epoch, MasterId, TaskId } from './ids.ts';
import type { Resources } from './resources.ts';
import type { ProcessLimits } from './task-api.ts';
import type { TaskReason, TaskState } from './task-states.ts';

export interface AgentInfo {
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly total: Resources;
  readonly attributes: Readonly<Record<string, string>>;
  readonly version: string;
}

/** What the agent needs to run one attempt; checkpointed before the process is started. */
export interface AttemptSpec {
  readonly attemptId: AttemptId;
  readonly taskId: TaskId;
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly limits?: ProcessLimits;
  readonly resources: Resources;
  readonly timeoutMs?: number;
  readonly killGraceMs: number;
  /** `noop` ends at once without a process: for measuring the scheduler. */
  readonly executor: 'process' | 'noop';
}

export type AttemptState = Extract<
  TaskState,
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_LOST'
>;

/** Updates of one attempt are numbered 1, 2, …; sent again until acknowledged, in order. */
export interface StatusUpdate {
  readonly attemptId: AttemptId;
  readonly taskId: TaskId;
  readonly number: number;
  readonly state: AttemptState;
  readonly atMs: number;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

/** An attempt that the agent still knows: live, or ended with updates that were not acknowledged. */
export interface AttemptReport {
  readonly attemptId: AttemptId;
  readonly taskId: TaskId;
  readonly state: AttemptState | 'TASK_STAGING';
  readonly resources: Resources;
  readonly unacknowledged: readonly StatusUpdate[];
}

export type AgentMessage = { readonly agentId: AgentId; readonly reply: string } & (
  | {
      readonly type: 'register';
      readonly info: AgentInfo;
      /** Of the leader that it registers with, as the tree tells it: another leadership does not take it. */
      readonly epoch: Epoch;
      readonly attempts: readonly AttemptReport[];
    }
  /** The agent has stored the epoch and refuses older ones from now on: the master may use it. */
  | { readonly type: 'epochAccepted'; readonly epoch: Epoch }
  | { readonly type: 'pong'; readonly epoch: Epoch }
  | { readonly type: 'status'; readonly epoch: Epoch; readonly update: StatusUpdate }
  | {
      readonly type: 'usage';
      readonly epoch: Epoch;
      readonly cpus: number;
      readonly memMiB: number;
      readonly attempts: readonly {
        readonly attemptId: AttemptId;
        readonly cpuSeconds: number;
        readonly memMiB: number;
      }[];
    }
  /** An order with an older epoch was refused; carries the newer one. */
  | { readonly type: 'refused'; readonly epoch: Epoch; readonly order: string }
  /** It stops in good order: it takes no launch from now on, and tells the ends of its attempts; `leaving` follows. */
  | { readonly type: 'draining'; readonly epoch: Epoch }
  | { readonly type: 'leaving'; readonly epoch: Epoch }
  | {
      readonly type: 'outputRead';
      readonly requestId: string;
      readonly found: boolean;
      readonly data: Uint8Array;
      readonly offset: number;
      readonly size: number;
    }
  | {
      readonly type: 'following';
      readonly requestId: string;
      readonly found: boolean;
      readonly stdoutOffset: number;
      readonly stderrOffset: number;
    }
);

export type MasterOrder = {
  readonly masterId: MasterId;
  readonly epoch: Epoch;
} /** Answer to `register`; `giveUp` are attempts that are to be killed because their task was decided without them. */ & (
  | {
      readonly type: 'registered';
      readonly pingIntervalMs: number;
      readonly pingTimeoutMs: number;
      readonly giveUp: readonly AttemptId[];
    }
  /** The master does not know the agent (any more): register again. */
  | { readonly type: 'registerAgain' }
  | { readonly type: 'ping' }
  | { readonly type: 'launch'; readonly attempt: AttemptSpec }
  | { readonly type: 'kill'; readonly attemptId: AttemptId; readonly graceMs: number }
  /** Killed without a further word: the task was decided without this attempt. */
  | { readonly type: 'giveUp'; readonly attemptId: AttemptId }
  /** The update, and those before it, are in the tree. */
  | { readonly type: 'acknowledge'; readonly attemptId: AttemptId; readonly number: number }
  | {
      readonly type: 'readOutput';
      readonly requestId: string;
      readonly attemptId: AttemptId;
      readonly stream: 'stdout' | 'stderr';
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly type: 'follow';
      readonly requestId: string;
      readonly attemptId: AttemptId;
      readonly taskId: TaskId;
      readonly leaseMs: number;
    }
);
