/**
 * A framework that lives in the process of the leading master, for one leadership: what it is given, and what it gives.
 *
 * It uses resources as every framework does, through its link; being so near, its writes leave in one multi with the
 * master's own, and its endpoints are offered and withdrawn with the master's leadership.
 */
import type { z } from 'zod';
import type { MesozooError } from '../protocol/errors.ts';
import type { FrameworkInfo } from '../protocol/framework-api.ts';
import type { Epoch, FrameworkId } from '../protocol/ids.ts';
import type { AclEntry } from '../protocol/operations.ts';
import type { Metrics } from '../protocol/task-api.ts';
import type { TaskState } from '../protocol/task-states.ts';
import type { multiOperation } from '../protocol/znode-api.ts';
import type { Ports } from './actor.ts';
import type { CoordClient } from './coord/client/contract.ts';
import type { PlantedBugs } from './planted.ts';
import type { SchedulerLink } from './scheduler-link.ts';

export type Write = z.input<typeof multiOperation>;
/** Writes that must be decided together. */
export type WriteGroup = readonly Write[];

export interface Respond {
  (value: unknown): void;
  /** For values whose form depends on that of the answer. */
  readonly form: 'json' | 'msgpack';
}

/** An endpoint of the leading master. */
export interface Route {
  /** NATS service that the endpoint belongs to. */
  readonly service: string;
  readonly name: string;
  readonly subject: string;
  readonly description: string;
  readonly schema: z.ZodType;
  /** Of one request. */
  readonly bytesMax: number;
  /** Throws MesozooError for a refusal; answers through `respond`, at once or later, once. */
  readonly handle: (
    request: never,
    respond: Respond,
    refuse: (error: MesozooError) => void,
  ) => void;
  /** Told of a refusal that nobody waits for. */
  readonly refused?: (input: Readonly<Record<string, unknown>>, error: MesozooError) => void;
}

export interface BundledParts {
  /** Its transport is the master's. */
  readonly ports: Ports;
  readonly cluster: string;
  readonly epoch: Epoch;
  readonly link: SchedulerLink;
  /** For reading what a former leadership has written. */
  readonly client: CoordClient;
  /** Of the system's znodes. */
  readonly acl: AclEntry[];
  /** Runs once everything that was changed before is decided; never, if the leadership ends first. */
  readonly afterwards: (effect: () => void) => void;
  /** How many effects wait: what bounds how many requests are taken. */
  readonly backlog: () => number;
  readonly planted: PlantedBugs;
}

export interface BundledFramework {
  readonly id: FrameworkId;
  readonly info: FrameworkInfo;
  readonly routes: readonly Route[];
  /** Reads what a former leadership has left; `ready` is called once, in order to be subscribed. */
  recover(ready: () => void): void;
  /** From time to time. */
  tick(): void;
  /** Before the writes of a turn: what it still has to call. Then nothing changes until they are taken. */
  beforeWrites(): void;
  /** What has changed in this turn: decided before what the master itself has to write. */
  takeChanges(): Iterable<WriteGroup>;
  metrics(): Omit<Metrics, 'resourceAllocationRatio' | 'resourceUtilization'>;
  countByState(): Readonly<Record<TaskState, number>>;
  end(): void;
}

export type MakeBundledFramework = (parts: BundledParts) => BundledFramework;
