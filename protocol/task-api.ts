/** Task requests as NATS clients send them (public): `mz.task.<name>`. Unknown fields are refused by name. */
import { z } from 'zod';
import { limits } from './limits.ts';
import { type Resources, resourceRequest } from './resources.ts';
import { type TaskReason, type TaskState, taskStates } from './task-states.ts';

const taskId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/,
    'a task id: letters, digits, "_" and "-", at most 128',
  );
const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'a name: letters, digits, ".", "_" and "-", at most 63',
  );
/** What no argument and no environment of a process can hold is refused here, not at the launch. */
const text = z
  .string()
  .max(limits.taskRequestBytes)
  .refine((value) => !value.includes('\0'), 'a text without NUL');

/** The descriptions are part of the API: service discovery and the reference show them. */
export const submitRequest = z
  .strictObject({
    name: name.describe('For people, and to find the task again; need not be unique'),
    command: text.min(1).optional().describe('Run by /bin/sh -c; either this or argv'),
    argv: z
      .array(text)
      .min(1)
      .max(1024)
      .optional()
      .describe('A program and its arguments, without a shell'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name'), text)
      .default({})
      .describe('Environment variables'),
    resources: resourceRequest
      .default({ cpus: 0.1, mem: 32, disk: 0, gpus: 0, ports: 0 })
      .describe('cpus (fractions), mem and disk in MiB, gpus, and how many ports'),
    dependsOn: z
      .array(taskId)
      .max(limits.dependenciesPerTask)
      .default([])
      .describe('Ids of tasks that must have finished (TASK_FINISHED) first'),
    queue: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
        'a queue: letters, digits, ".", "_", "/" and "-", at most 128',
      )
      .default('default')
      .describe('Where it waits'),
    priority: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .default(0)
      .describe('Greater goes first within a queue'),
    constraints: z
      .array(
        z.strictObject({
          attribute: z.string().min(1).max(128),
          equals: z.string().max(1024).optional(),
          in: z.array(z.string().max(1024)).max(256).optional(),
          exists: z.boolean().optional(),
        }),
      )
      .max(32)
      .default([])
      .describe('All must hold for an attribute of the agent, or its hostname or agentId'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'a user name: small letters, digits, "_" and "-"')
      .optional()
      .describe('User to run as'),
    limits: z
      .strictObject({
        openFiles: z.int().min(16).max(limits.openFilesMax).optional(),
        /** Virtual memory. */
        addressSpaceMiB: z.int().min(16).max(limits.memMiBMax).optional(),
        /** Of each file that it writes, stdout and stderr among them. */
        fileSizeMiB: z.int().min(1).max(limits.memMiBMax).optional(),
      })
      .optional()
      .describe('Of each of its processes (setrlimit(2)); else what the agent itself may'),
    retry: z
      .strictObject({
        attempts: z.int().min(1).max(100).default(1),
        delaySeconds: z.number().min(0).max(86_400).default(1),
      })
      .default({ attempts: 1, delaySeconds: 1 })
      .describe('Tries at most, and the time between them'),
    timeoutSeconds: z
      .number()
      .gt(0)
      .max(31_536_000)
      .optional()
      .describe('Of one attempt, from its start'),
    killGraceSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(3)
      .describe('Between SIGTERM and SIGKILL'),
    idempotencyKey: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('The same key again finds the same task'),
  })
  .refine((request) => (request.command === undefined) !== (request.argv === undefined), {
    message: 'give either command or argv',
  })
  // As the refinement has it, for those who read the JSON Schema.
  .meta({ oneOf: [{ required: ['command'] }, { required: ['argv'] }] });
/** A request with its defaults filled in: what the tree keeps. */
export type TaskRequest = z.output<typeof submitRequest>;
export type ProcessLimits = NonNullable<TaskRequest['limits']>;
export type SubmitInput = z.input<typeof submitRequest>;

export const taskRequests = {
  submit: submitRequest,
  get: z.strictObject({ taskId }),
  list: z.strictObject({
    states: z.array(z.enum(taskStates)).optional().describe('Only these; without it, all'),
    name: name.optional().describe('Only those of this name'),
    queue: z.string().optional().describe('Only those of this queue'),
    agentId: z.string().optional().describe('Only those whose last attempt is on this agent'),
    order: z.enum(['id', 'oldest', 'newest']).default('id').describe('By id, or by submission'),
    after: taskId.optional().describe('The last id of the page before'),
    limit: z.int().min(1).max(limits.listPage).default(100).describe('Tasks in a page, at most'),
  }),
  kill: z.strictObject({ taskId, graceSeconds: z.number().min(0).max(3600).optional() }),
  explain: z.strictObject({ taskId }),
  /** Reads what was written; `size` in the answer tells how much there is. */
  output: z.strictObject({
    taskId,
    stream: z.enum(['stdout', 'stderr']).default('stdout'),
    offset: z.int().min(0).default(0),
    length: z.int().min(1).max(limits.outputChunkBytes).default(limits.outputChunkBytes),
  }),
  /** A lease: while it is renewed, what the task writes is published on `mz.task.logs.<taskId>.<stream>`, from the end of what `output` has read. */
  follow: z.strictObject({ taskId }),
} as const;
export type TaskRequestName = keyof typeof taskRequests;

export interface AttemptView {
  readonly attemptId: string;
  readonly agentId: string;
  readonly hostname: string;
  readonly resources: Resources;
  readonly stagedAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly exitCode?: number;
  readonly signal?: string;
}
export interface HistoryEntry {
  readonly state: TaskState;
  readonly atMs: number;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly attemptId?: string;
}
export interface TaskView {
  readonly taskId: string;
  readonly name: string;
  readonly state: TaskState;
  readonly request: TaskRequest;
  readonly submittedAtMs: number;
  readonly endedAtMs?: number;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly attempt?: AttemptView;
  readonly attempts: number;
  readonly history: readonly HistoryEntry[];
}
export interface ExplainReply {
  readonly taskId: string;
  readonly state: TaskState;
  /** One sentence for people: why the task is where it is. */
  readonly why: string;
  /** What it waits for, if it waits. */
  readonly waitingFor?:
    | 'dependencies'
    | 'resources'
    | 'constraints'
    | 'agents'
    | 'retry'
    | 'turn'
    | 'agent'
    | 'end';
  readonly dependencies?: readonly {
    readonly taskId: string;
    readonly state: TaskState | 'unknown';
  }[];
  /** For each agent: what is missing. */
  readonly agents?: readonly {
    readonly agentId: string;
    readonly hostname: string;
    readonly lacks: readonly string[];
  }[];
  readonly ahead?: number;
}
export interface TaskReplies {
  submit: { taskId: string; state: TaskState };
  get: TaskView;
  list: { tasks: TaskView[]; more: boolean };
  kill: { taskId: string; state: TaskState };
  explain: ExplainReply;
  output: { data?: string | Uint8Array; dataBase64?: string; offset: number; size: number };
  follow: { taskId: string; leaseMs: number; stdoutOffset: number; stderrOffset: number };
}
/** Published on `mz.task.events.<taskId>` after it is decided: every change of state; also a refused request that had no reply subject. */
export interface TaskEvent {
  readonly taskId: string;
  readonly name: string;
  readonly state: TaskState;
  readonly atMs: number;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly attemptId?: string;
  readonly agentId?: string;
  readonly exitCode?: number;
  readonly signal?: string;
}
/**
 * Published on `mz.task.logs.<taskId>.<stream>`, in JSON as events are: `offset` is the byte of the output at which the
 * data begin. They are text where the bytes are UTF-8, else `dataBase64`.
 */
export interface OutputChunk {
  readonly taskId: string;
  readonly attemptId: string;
  readonly offset: number;
  readonly data?: string;
  readonly dataBase64?: string;
  /** No more will come: the attempt has ended and everything was published. */
  readonly end?: boolean;
}

export interface AgentView {
  readonly agentId: string;
  readonly hostname: string;
  readonly state: 'active' | 'unreachable' | 'registering';
  readonly total: Resources;
  readonly available: Resources;
  readonly used: { readonly cpus: number; readonly mem: number };
  readonly attributes: Readonly<Record<string, string>>;
  readonly attempts: number;
  readonly registeredAtMs: number;
}
export interface FrameworkView {
  readonly frameworkId: string;
  readonly name: string;
  /** Of its chart. */
  readonly state: string;
  /** Launched, and their end not acknowledged. */
  readonly tasks: number;
  readonly offers: number;
  readonly allocated: Resources;
}
export interface ClusterState {
  readonly cluster: string;
  readonly leader: { readonly masterId: string; readonly epoch: number; readonly since: number };
  readonly agents: readonly AgentView[];
  readonly frameworks: readonly FrameworkView[];
  /** Of the task requests. */
  readonly tasks: Readonly<Record<TaskState, number>>;
  readonly coords: readonly {
    readonly id: number;
    readonly role: string;
    readonly ballot: number;
    readonly decidedUpTo: number;
    readonly zxid: number;
  }[];
}
/** RAR allocated ÷ total; RU used ÷ total; TSD execution time ÷ submission time (and the delay in seconds); TSR successful ÷ ended. Undefined ratios (0 ÷ 0) are null. */
export interface Metrics {
  readonly resourceAllocationRatio: {
    readonly cpus: number | null;
    readonly mem: number | null;
    readonly disk: number | null;
  };
  readonly resourceUtilization: { readonly cpus: number | null; readonly mem: number | null };
  readonly taskSchedulingDelay: {
    readonly ratio: number | null;
    readonly secondsMean: number | null;
    readonly secondsP50: number | null;
    readonly secondsP99: number | null;
  };
  readonly taskSuccessRate: number | null;
  readonly counters: Readonly<Record<string, number>>;
  /** The same per queue. */
  readonly queues: Readonly<
    Record<
      string,
      {
        readonly allocatedCpus: number;
        readonly allocatedMem: number;
        readonly waiting: number;
        readonly running: number;
        readonly successRate: number | null;
        readonly delaySecondsMean: number | null;
      }
    >
  >;
}
