/**
 * What a framework holds: Mesos' scheduler calls as methods, its events as handlers, over whichever link there is. Thin
 * on purpose: it keeps no state, copies nothing, and stands alike on NATS (nats-link.ts) and in the master's process.
 */
import type { z } from 'zod';
import type { MesozooError } from '../../../protocol/errors.ts';
import type {
  CallType,
  Filters,
  FrameworkEvent,
  MasterInfo,
  Offer,
  ResourcesRequest,
  TaskStatus,
  taskInfo,
} from '../../../protocol/framework-api.ts';
import type { MesosResource } from '../../../protocol/mesos-resources.ts';
import type { CallBody, CallBodyOf, CallResult, SchedulerLink } from '../../scheduler-link.ts';
import { nanoseconds } from './task-info.ts';

/** A task as a framework writes it: what has a default may be left out. */
export type TaskInfoInput = Omit<z.input<typeof taskInfo>, 'resources'> & {
  readonly resources: readonly MesosResource[];
};
export type Operation = NonNullable<CallBodyOf<'ACCEPT'>['accept']['operations']>[number];
/** `id` makes it one that is kept until it is met or withdrawn; all but what is wanted has defaults. */
export type RequestInput = Partial<Omit<ResourcesRequest, 'resources' | 'constraints'>> & {
  readonly resources?: readonly MesosResource[];
  readonly constraints?: readonly ResourcesRequest['constraints'][number][];
};
/** As in TaskStatus and Offer: `{ value }`. */
interface Id {
  readonly value: string;
}
type Answer<Type extends CallType> = (result: CallResult<Type>) => void;

export interface Subscribed {
  readonly frameworkId: string;
  readonly masterInfo: MasterInfo;
}

/** Never called from inside a method of the scheduler. What is left out is not heard. */
export interface SchedulerHandlers {
  /**
   * A subscription begins, the first or another one (a new leader, something lost). Offers of the one before are void;
   * updates that were not acknowledged come again. What else has happened meanwhile, `reconcile` tells.
   */
  subscribed?(subscribed: Subscribed): void;
  /** Each can be accepted or declined once, alone or with others of the same agent. */
  offers?(offers: readonly Offer[]): void;
  /** The offer is void; an accept of it that is under way ends with TASK_LOST for its tasks. */
  rescinded?(offerId: string): void;
  /** Repeated until it is acknowledged, if it has a `uuid`: may come twice. */
  update?(status: TaskStatus): void;
  /** An agent is gone; its tasks are told of one by one as well. */
  failure?(agentId: string): void;
  /** The subscription is over for good: another instance has taken over, or the framework was torn down. */
  error?(message: string): void;
  /** A call to which nobody listened with an `answer` of its own has failed. */
  callFailed?(call: CallBody, error: MesozooError): void;
}

export class Scheduler {
  private readonly link: SchedulerLink;
  private readonly handlers: SchedulerHandlers;

  constructor(link: SchedulerLink, handlers: SchedulerHandlers) {
    this.link = link;
    this.handlers = handlers;
    link.onEvent((event) => this.receive(event));
  }

  /**
   * Uses offers of one agent, carrying out the operations in order; what is left of the resources returns to the
   * allocator, and is not offered to this framework again for `filters.refuse_seconds` (5 by default). A good answer
   * says that the call was taken; a task whose offers are void gets TASK_LOST, one that is wrong TASK_ERROR, by `update`
   * without `uuid`. After an indefinite error `reconcile` tells what became of the tasks.
   */
  accept(
    offers: readonly Pick<Offer, 'id'>[],
    operations: readonly Operation[],
    filters?: Filters,
    answer?: Answer<'ACCEPT'>,
  ): void {
    const offer_ids = offers.map(({ id }) => id);
    // Links only read what they are given.
    const accept = {
      offer_ids,
      operations: operations as Operation[],
      ...(filters && { filters }),
    };
    this.call({ type: 'ACCEPT', accept }, answer);
  }

  /** Accepts with one LAUNCH of these tasks; each names the agent of the offers. */
  launch(
    offers: readonly Pick<Offer, 'id'>[],
    tasks: readonly TaskInfoInput[],
    filters?: Filters,
    answer?: Answer<'ACCEPT'>,
  ): void {
    const launch: Operation = {
      type: 'LAUNCH',
      launch: { task_infos: tasks as TaskInfoInput[] },
    };
    this.accept(offers, [launch], filters, answer);
  }

  /** Gives offers back; their resources are not offered again for `filters.refuse_seconds` (5 by default). */
  decline(
    offers: readonly Pick<Offer, 'id'>[],
    filters?: Filters,
    answer?: Answer<'DECLINE'>,
  ): void {
    const offer_ids = offers.map(({ id }) => id);
    this.call({ type: 'DECLINE', decline: { offer_ids, ...(filters && { filters }) } }, answer);
  }

  /** Offers again after `suppress`, and forgets every filter. */
  revive(answer?: Answer<'REVIVE'>): void {
    this.call({ type: 'REVIVE' }, answer);
  }

  /** No offers until `revive`. */
  suppress(answer?: Answer<'SUPPRESS'>): void {
    this.call({ type: 'SUPPRESS' }, answer);
  }

  /** SIGTERM, and SIGKILL after the grace, which is that of the task's kill policy where none is given. */
  kill(taskId: Id, options: { graceSeconds?: number } = {}, answer?: Answer<'KILL'>): void {
    const { graceSeconds } = options;
    const kill_policy = graceSeconds !== undefined && { grace_period: nanoseconds(graceSeconds) };
    const kill = { task_id: taskId, ...(kill_policy && { kill_policy }) };
    this.call({ type: 'KILL', kill }, answer);
  }

  /** Nothing is said for a status without `uuid`. The next update of the task comes after this one's acknowledgement. */
  acknowledge(status: TaskStatus, answer?: Answer<'ACKNOWLEDGE'>): void {
    const { task_id, agent_id, uuid } = status;
    if (uuid === undefined) return;
    const acknowledge = { task_id, uuid, ...(agent_id && { agent_id }) };
    this.call({ type: 'ACKNOWLEDGE', acknowledge }, answer);
  }

  /**
   * Asks for the present state of these tasks (of all that have not ended, where none is named), told by `update` with
   * REASON_RECONCILIATION; TASK_LOST with REASON_TASK_UNKNOWN for those that the master does not know.
   */
  reconcile(taskIds: readonly Id[] = [], answer?: Answer<'RECONCILE'>): void {
    const tasks = taskIds.map((task_id) => ({ task_id }));
    this.call({ type: 'RECONCILE', reconcile: { tasks } }, answer);
  }

  /** Says what is wanted, and by id what is wanted no more. */
  request(
    requests: readonly RequestInput[],
    withdraw: readonly string[] = [],
    answer?: Answer<'REQUEST'>,
  ): void {
    const request = { requests, withdraw } as CallBodyOf<'REQUEST'>['request'];
    this.call({ type: 'REQUEST', request }, answer);
  }

  /** Why a request waits, or what a launched task waits for. NO_REQUEST, NO_TASK. */
  explain(of: { requestId: string } | { taskId: Id }, answer: Answer<'EXPLAIN'>): void {
    const explain = 'requestId' in of ? { request_id: of.requestId } : { task_id: of.taskId };
    this.call({ type: 'EXPLAIN', explain }, answer);
  }

  /** A piece of what a task has written; `size` in the answer says how much there is. NO_OUTPUT. */
  readOutput(
    of: {
      taskId: Id;
      agentId?: Id;
      stream?: 'stdout' | 'stderr';
      offset?: number;
      length?: number;
    },
    answer: Answer<'READ_OUTPUT'>,
  ): void {
    const { taskId, agentId, ...piece } = of;
    const read_output = { task_id: taskId, ...(agentId && { agent_id: agentId }), ...piece };
    this.call({ type: 'READ_OUTPUT', read_output }, answer);
  }

  /**
   * A lease: what the task writes is published on `mz.task.logs.<topic>.<stream>` while it is renewed. The answer tells
   * the topic; only a bundled framework chooses it.
   */
  followOutput(
    of: { taskId: Id; agentId?: Id; topic?: string },
    answer: Answer<'FOLLOW_OUTPUT'>,
  ): void {
    const { taskId, agentId, topic } = of;
    const follow_output = {
      task_id: taskId,
      ...(agentId && { agent_id: agentId }),
      ...(topic && { topic }),
    };
    this.call({ type: 'FOLLOW_OUTPUT', follow_output }, answer);
  }

  /** Ends the framework: its tasks are killed, and its id can never subscribe again. */
  teardown(answer?: Answer<'TEARDOWN'>): void {
    this.call({ type: 'TEARDOWN' }, answer);
  }

  private call<Type extends CallBody['type']>(
    call: CallBodyOf<Type>,
    answer: Answer<Type> | undefined,
  ): void {
    this.link.call<Type>(
      call,
      answer ??
        ((result) => {
          if (!result.ok) this.handlers.callFailed?.(call as CallBody, result.error);
        }),
    );
  }

  private receive(event: FrameworkEvent): void {
    switch (event.type) {
      case 'SUBSCRIBED': {
        const { framework_id, master_info } = event.subscribed;
        this.handlers.subscribed?.({
          frameworkId: framework_id.value,
          masterInfo: master_info,
        });
        break;
      }
      case 'OFFERS':
        this.handlers.offers?.(event.offers.offers);
        break;
      case 'RESCIND':
        this.handlers.rescinded?.(event.rescind.offer_id.value);
        break;
      case 'UPDATE':
        this.handlers.update?.(event.update.status);
        break;
      case 'FAILURE':
        this.handlers.failure?.(event.failure.agent_id.value);
        break;
      case 'ERROR':
        this.handlers.error?.(event.error.message);
        break;
      case 'HEARTBEAT':
        break; // the link's own
      default:
        event satisfies never;
    }
  }
}
