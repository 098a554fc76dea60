/**
 * What frameworks and the leading master say to each other: the calls and events of Mesos' scheduler API by their v1
 * names and fields (include/mesos/v1/scheduler/scheduler.proto), in the JSON form of protocol buffers: enums by name,
 * bytes in base64, ids as `{value}`. Unknown fields are ignored, as Mesos does.
 *
 * What Mesos does not have, and frameworks may leave alone:
 * - `SUBSCRIBE` names in `events` the inbox that gets the events, one that was not used before, and is answered with a
 *   `stream_id` (who subscribes again may count in the last token of the inbox: a number that comes behind a greater one
 *   is late, and refused); every other call carries it, as HTTP clients of Mesos do with `Mesos-Stream-Id`.
 * - Events carry `sequence`, which grows by one: who misses one subscribes again under the same id. Calls may carry one
 *   that grows from call to call of a subscription: a call that the network delivers twice is then carried out once.
 * - `REQUEST` may say more of what is wanted (`id`, `queue`, `priority`, `order`, `constraints`): the allocator then
 *   keeps it in its queues, and an offer says in `requests` which of them it is for.
 * - `EXPLAIN`, `READ_OUTPUT` and `FOLLOW_OUTPUT` ask about a task or a request, and are answered.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import type { MesosAttribute, MesosResource } from './mesos-resources.ts';
import { mesosResources } from './mesos-resources.ts';
import type { ExplainReply, TaskReplies } from './task-api.ts';
import type { TaskReason, TaskState } from './task-states.ts';

/** Mesos' ids are free of slashes and white space; ours are short enough for the name of a znode. */
const idValue = z
  .string()
  .regex(/^[^\s/\\\p{C}]{1,200}$/u, 'an id without white space, "/" and "\\", at most 200')
  .refine((value) => value !== '.' && value !== '..', 'an id that is not "." or ".."');
const id = z.object({ value: idValue });
/** A framework's id is part of a path and of a subject. */
const frameworkId = z.object({
  value: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'letters, digits, "_" and "-", at most 128'),
});
const text = z
  .string()
  .max(limits.taskRequestBytes)
  .refine((value) => !value.includes('\0'), 'a text without NUL');
const nanoseconds = z.object({ nanoseconds: z.number().min(0).max(1e18) });
const labels = z.object({
  labels: z.array(z.object({ key: z.string(), value: z.string().optional() })).max(256),
});

export const frameworkInfo = z.object({
  user: z.string().max(64),
  name: z.string().min(1).max(256),
  id: frameworkId.optional(),
  /** Seconds for which the tasks of a disconnected framework are kept. */
  failover_timeout: z.number().min(0).max(31_536_000).default(0),
  checkpoint: z.boolean().optional(),
  role: z.string().max(256).optional(),
  roles: z.array(z.string().max(256)).max(64).optional(),
  hostname: z.string().max(256).optional(),
  principal: z.string().max(256).optional(),
  webui_url: z.string().max(2048).optional(),
  capabilities: z
    .array(z.object({ type: z.string().max(64) }))
    .max(64)
    .optional(),
  labels: labels.optional(),
});
export type FrameworkInfo = z.output<typeof frameworkInfo>;

/** Only what the framework asked for by REQUEST is offered to it. */
export const REQUESTED_OFFERS = 'REQUESTED_OFFERS';

const rlimit = z.object({
  type: z.enum(['RLMT_NOFILE', 'RLMT_AS', 'RLMT_FSIZE']),
  hard: z.number().min(1).optional(),
  soft: z.number().min(1).optional(),
});

/** A task as a framework launches it; `command` is run by the agent itself. */
export const taskInfo = z.object({
  name: z.string().max(256),
  task_id: id,
  agent_id: id,
  resources: mesosResources,
  command: z
    .object({
      /** With `shell`, run by `/bin/sh -c`; without, the program, and `arguments` its argv. */
      value: text.optional(),
      shell: z.boolean().default(true),
      arguments: z.array(text).max(1024).optional(),
      environment: z
        .object({
          variables: z
            .array(
              z.object({
                name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name'),
                value: text.optional(),
              }),
            )
            .max(1024),
        })
        .optional(),
      user: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
        .optional(),
    })
    .optional(),
  /** Bounds of the processes (setrlimit(2)), in Mesos' place for them. */
  container: z
    .object({ rlimit_info: z.object({ rlimits: z.array(rlimit).max(16) }).optional() })
    .optional(),
  executor: z.unknown().optional(),
  kill_policy: z.object({ grace_period: nanoseconds.optional() }).optional(),
  max_completion_time: nanoseconds.optional(),
  labels: labels.optional(),
  data: z.base64().max(limits.taskRequestBytes).optional(),
});
export type TaskInfo = z.output<typeof taskInfo>;

const filters = z.object({ refuse_seconds: z.number().min(0).max(31_536_000).default(5) });
export type Filters = z.output<typeof filters>;

const operation = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('LAUNCH'),
    launch: z.object({ task_infos: z.array(z.unknown()).max(limits.launchesPerAccept) }),
  }),
]);

/** Resources that the framework waits for. Without `id` it is a hint, which changes nothing. */
const request = z.object({
  id: idValue.optional(),
  agent_id: id.optional(),
  resources: mesosResources.optional(),
  /** How many ports, of whatever numbers; `resources` cannot say that. */
  port_count: z.int().min(0).max(1000).default(0),
  queue: z.string().min(1).max(128).default('default'),
  priority: z.int().min(-1_000_000).max(1_000_000).default(0),
  /** Smaller goes first within a priority: of the bundled frameworks. Others stand behind all that came before them. */
  order: z.int().min(0).default(0),
  constraints: z
    .array(
      z.object({
        attribute: z.string().min(1).max(128),
        equals: z.string().max(1024).optional(),
        in: z.array(z.string().max(1024)).max(256).optional(),
        exists: z.boolean().optional(),
      }),
    )
    .max(32)
    .default([]),
});
export type ResourcesRequest = z.output<typeof request>;

const taskReference = z.object({ task_id: id, agent_id: id.optional() });
/** In every call but SUBSCRIBE. */
const subscribed = {
  framework_id: frameworkId,
  stream_id: z.string().min(1).max(128),
  sequence: z.int().min(1).optional(),
};

export const frameworkCall = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('SUBSCRIBE'),
    framework_id: frameworkId.optional(),
    subscribe: z.object({ framework_info: frameworkInfo }),
    /** Inbox of the framework's connection, for this subscription alone. */
    events: z.string().min(1).max(256),
  }),
  z.object({ type: z.literal('TEARDOWN'), ...subscribed }),
  z.object({
    type: z.literal('ACCEPT'),
    ...subscribed,
    accept: z.object({
      offer_ids: z.array(id).min(1).max(1000),
      operations: z.array(operation).max(1000).default([]),
      filters: filters.optional(),
    }),
  }),
  z.object({
    type: z.literal('DECLINE'),
    ...subscribed,
    decline: z.object({ offer_ids: z.array(id).min(1).max(1000), filters: filters.optional() }),
  }),
  z.object({ type: z.literal('REVIVE'), ...subscribed }),
  z.object({ type: z.literal('SUPPRESS'), ...subscribed }),
  z.object({
    type: z.literal('KILL'),
    ...subscribed,
    kill: taskReference.extend({
      kill_policy: z.object({ grace_period: nanoseconds.optional() }).optional(),
    }),
  }),
  z.object({
    type: z.literal('ACKNOWLEDGE'),
    ...subscribed,
    acknowledge: z.object({ agent_id: id.optional(), task_id: id, uuid: z.base64().max(64) }),
  }),
  z.object({
    type: z.literal('RECONCILE'),
    ...subscribed,
    /** Empty: all that has not ended. */
    reconcile: z.object({ tasks: z.array(taskReference).max(10_000).default([]) }),
  }),
  z.object({
    type: z.literal('REQUEST'),
    ...subscribed,
    request: z.object({
      requests: z.array(request).max(1000).default([]),
      /** Ids of requests that are not wanted any more. */
      withdraw: z.array(idValue).max(1000).default([]),
    }),
  }),
  z.object({
    type: z.literal('EXPLAIN'),
    ...subscribed,
    /** Of a request that waits, or of a launched task. */
    explain: z.object({ request_id: idValue.optional(), task_id: id.optional() }),
  }),
  z.object({
    type: z.literal('READ_OUTPUT'),
    ...subscribed,
    read_output: z.object({
      task_id: id,
      agent_id: id.optional(),
      stream: z.enum(['stdout', 'stderr']).default('stdout'),
      offset: z.int().min(0).default(0),
      length: z.int().min(1).max(limits.outputChunkBytes).default(limits.outputChunkBytes),
    }),
  }),
  z.object({
    type: z.literal('FOLLOW_OUTPUT'),
    ...subscribed,
    /** A bundled framework says under which name the output is published; others are told in the answer. */
    follow_output: z.object({
      task_id: id,
      agent_id: id.optional(),
      topic: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/)
        .optional(),
    }),
  }),
]);
export type FrameworkCall = z.output<typeof frameworkCall>;
/** As a framework may write it, with defaults left out. */
export type FrameworkCallInput = z.input<typeof frameworkCall>;
export type CallType = FrameworkCall['type'];
type CallOf<Type extends CallType> = Extract<FrameworkCall, { type: Type }>;
export type AcceptCall = CallOf<'ACCEPT'>;

/** What a call is answered with; `{}` says that it was taken, what comes of it is told by events. */
export interface CallReplies {
  readonly SUBSCRIBE: {
    readonly framework_id: { readonly value: string };
    readonly stream_id: string;
  };
  /** Without `why` there is nothing to be said beyond the task's state. */
  readonly EXPLAIN: Partial<Omit<ExplainReply, 'taskId' | 'state'>>;
  /** `data` in MessagePack, and in JSON where the bytes are UTF-8; else `dataBase64`. */
  readonly READ_OUTPUT: TaskReplies['output'];
  /** The output is published on `mz.task.logs.<topic>.<stream>`. */
  readonly FOLLOW_OUTPUT: {
    readonly topic: string;
    readonly lease_ms: number;
    readonly stdout_offset: number;
    readonly stderr_offset: number;
  };
}
export type CallReply<Type extends CallType> = Type extends keyof CallReplies
  ? CallReplies[Type]
  : Record<string, never>;

interface Value {
  readonly value: string;
}

export interface Offer {
  readonly id: Value;
  readonly framework_id: Value;
  readonly agent_id: Value;
  readonly hostname: string;
  readonly resources: readonly MesosResource[];
  readonly attributes: readonly MesosAttribute[];
  /** What of it is meant for which request. */
  readonly requests?: readonly {
    readonly id: string;
    readonly resources: readonly MesosResource[];
  }[];
}

export interface TaskStatus {
  readonly task_id: Value;
  readonly agent_id?: Value;
  readonly state: TaskState;
  readonly source: 'SOURCE_MASTER' | 'SOURCE_AGENT' | 'SOURCE_EXECUTOR';
  readonly reason?: TaskReason;
  readonly message?: string;
  /** To be acknowledged; without one the master does not repeat it. 16 bytes in base64. */
  readonly uuid?: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Ours: of a process that has ended. */
  readonly exit_code?: number;
  readonly signal?: string;
}

export interface MasterInfo {
  readonly id: string;
  readonly hostname: string;
  readonly port: number;
  readonly version: string;
}

export type FrameworkEvent = { readonly sequence?: number } & (
  | {
      readonly type: 'SUBSCRIBED';
      readonly subscribed: {
        readonly framework_id: Value;
        readonly heartbeat_interval_seconds: number;
        readonly master_info: MasterInfo;
      };
    }
  | { readonly type: 'OFFERS'; readonly offers: { readonly offers: readonly Offer[] } }
  | { readonly type: 'RESCIND'; readonly rescind: { readonly offer_id: Value } }
  | { readonly type: 'UPDATE'; readonly update: { readonly status: TaskStatus } }
  | { readonly type: 'FAILURE'; readonly failure: { readonly agent_id: Value } }
  /** The subscription is over: do not subscribe again under this id before a person has looked. */
  | { readonly type: 'ERROR'; readonly error: { readonly message: string } }
  /** Published with a reply subject: an answer, however empty, says that the framework is there. */
  | { readonly type: 'HEARTBEAT' }
);
