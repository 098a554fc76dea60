/**
 * Inspection of statecharts as NATS clients ask for it (public): a request on `mz.inspect.start` is a lease, and while
 * it lasts every actor that it names is told of on `mz.inspect.<kind>.<id>`.
 *
 * What is published has the form of `@statelyai/inspect` (`StatelyInspectionEvent` in its typings), in JSON, with some
 * fields more that are named here. A test holds the two together.
 */
import { z } from 'zod';

export const actorKinds = [
  'coordinator',
  'master',
  'agent',
  'framework',
  'launch',
  'task',
  'attempt',
] as const;
export type ActorKind = (typeof actorKinds)[number];

/**
 * `full`: definition and context at the beginning, then each event with its payload and each snapshot.
 * `list`: no definition, no payloads and no contexts; each change tells state, status and since when.
 */
export const inspectionDetails = ['list', 'full'] as const;
export type InspectionDetail = (typeof inspectionDetails)[number];

/** Longer than any id of an actor. */
const ID_MAX = 512;

export const inspectStart = z
  .strictObject({
    /** Without one, actors of every kind. */
    kind: z.enum(actorKinds).optional(),
    /** One actor of the kind; it need not be there yet. */
    id: z.string().min(1).max(ID_MAX).optional(),
    detail: z.enum(inspectionDetails).default('full'),
    /**
     * Chosen by the listener. The same word again renews the lease without a new beginning; without one each request
     * begins with every actor anew.
     */
    lease: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "_" and "-", at most 64')
      .optional(),
  })
  .refine((request) => request.id === undefined || request.kind !== undefined, {
    message: 'an id needs its kind, for example {"kind":"master","id":"master-1"}',
  });
export type InspectStart = z.output<typeof inspectStart>;
export type InspectStartInput = z.input<typeof inspectStart>;

/** What a listener looks at: `master` is a kind, `master.master-1` one actor. Undefined for what is neither. */
export interface Inspected {
  readonly kind: ActorKind;
  readonly id?: string | undefined;
}
export function readInspected(text: string): Inspected | undefined {
  const dot = text.indexOf('.');
  const kind = actorKinds.find((each) => each === (dot < 0 ? text : text.slice(0, dot)));
  const id = dot < 0 ? undefined : text.slice(dot + 1);
  if (kind === undefined || id === '' || (id !== undefined && id.length > ID_MAX)) return undefined;
  return { kind, id };
}

/** Every process that hosts actors answers, also one that has none of those. */
export interface InspectStartReply {
  /** For example `master-1`: as in `process` of what it publishes. */
  readonly process: string;
  /** Another one after each start of the process: what its former run told of is gone. */
  readonly run: string;
  readonly leaseMs: number;
  /** How many actors of this process the lease is for, at the moment; none while it rests after a fault of its own. */
  readonly actors: number;
}

export interface InspectedSnapshot {
  /** `done`: it has ended by itself; `stopped`: it is gone. */
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** A state's name, or names of inner states by outer ones. */
  readonly value: unknown;
  readonly context?: unknown;
  readonly tags?: readonly string[];
  readonly output?: unknown;
  /** Ours: wall time in milliseconds at which the state was entered. */
  readonly since: number;
}

interface InspectionEventBase {
  /** `<kind>.<id>`. */
  readonly sessionId: string;
  readonly rootId: string;
  /** Milliseconds since 1970, in decimal digits. */
  readonly createdAt: string;
  /** Of this event: `<run of the process>-<number>`, unique, and growing within the run. See `runOfEvent`. */
  readonly id: string;
  /** Of `@statelyai/inspect`. */
  readonly _version: string;
  // What follows is ours.
  readonly process: string;
  /** Values were left out: the event would have been larger than a message. */
  readonly cut?: true;
}

export interface ActorEvent extends InspectionEventBase {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly snapshot: InspectedSnapshot;
  /** The machine's configuration as JSON text; in full detail. */
  readonly definition: string | undefined;
  readonly parentId: string | undefined;
  /** So many events of this process were lost before: it was quicker than it could be told of. */
  readonly dropped?: number;
}

export interface EventEvent extends InspectionEventBase {
  readonly type: '@xstate.event';
  readonly event: InspectedEvent;
  readonly sourceId: string | undefined;
  /** Where a delay of the chart has passed: its name. */
  readonly delay?: string;
}

export interface SnapshotEvent extends InspectionEventBase {
  readonly type: '@xstate.snapshot';
  /** In `list` detail its type alone. */
  readonly event: InspectedEvent;
  readonly snapshot: InspectedSnapshot;
  readonly delay?: string;
}

export interface InspectedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export type InspectionEvent = ActorEvent | EventEvent | SnapshotEvent;

const happened = z.looseObject({ type: z.string() });
const common = {
  sessionId: z.string(),
  process: z.string(),
  id: z.string(),
  createdAt: z.string().regex(/^\d{1,15}$/, 'milliseconds since 1970'),
};
const snapshot = z.looseObject({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  value: z.union([z.string(), z.record(z.string(), z.unknown())]),
  since: z.number(),
});
/** What a listener relies on in a message from elsewhere; the rest is shown as it is. */
export const inspectionEventForm = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('@xstate.actor'), ...common, snapshot }),
  z.looseObject({ type: z.literal('@xstate.event'), ...common, event: happened }),
  z.looseObject({ type: z.literal('@xstate.snapshot'), ...common, event: happened, snapshot }),
]);

/** The run of the process that has published it; undefined where the id does not say. */
export function runOfEvent({ id }: Pick<InspectionEvent, 'id'>): string | undefined {
  const end = id.lastIndexOf('-');
  return end < 0 ? undefined : id.slice(0, end);
}
