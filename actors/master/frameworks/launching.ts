/** ACCEPT: makes launches of the tasks that a framework wants in place of its offers, or says what is wrong with each. */
import {
  type AcceptCall,
  type TaskInfo,
  type TaskStatus,
  taskInfo,
} from '../../../protocol/framework-api.ts';
import { fromMesos } from '../../../protocol/mesos-resources.ts';
import {
  contains,
  countPorts,
  NOTHING,
  type Resources,
  subtractResources,
} from '../../../protocol/resources.ts';
import type { TaskReason, TaskState } from '../../../protocol/task-states.ts';
import type { Clock } from '../../actor.ts';
import type { Agents } from '../agents/agents.ts';
import { type Allocator, attemptsPerAgentMax } from '../allocators/contract.ts';
import type { LaunchBook } from '../launches/book.ts';
import { newLaunchChart } from '../launches/chart.ts';
import { attemptIdOf, encodeLaunch, type Launch } from '../launches/launch.ts';
import type { Framework } from './framework.ts';
import type { Offer, Offers } from './offers.ts';

export interface LaunchingParts {
  readonly clock: Clock;
  readonly agents: Agents;
  readonly allocator: Allocator;
  readonly offers: Offers;
  readonly launches: LaunchBook;
  readonly orderLaunch: (launch: Launch) => void;
}

const REFUSE_SECONDS = 5;
/** Each becomes a variable of the environment. */
const PORTS_MAX = 1000;
/** Of its znode: there must be room for the statuses that wait to be acknowledged. */
const LAUNCH_BYTES_MAX = 440 * 1024;

export class Launching {
  private readonly parts: LaunchingParts;
  private count = 0;

  constructor(parts: LaunchingParts) {
    this.parts = parts;
  }

  accept(
    framework: Framework,
    { offer_ids, operations = [], filters }: AcceptCall['accept'],
  ): void {
    const offers = this.parts.offers.find(
      framework,
      offer_ids.map(({ value }) => value),
    );
    const infos = operations.flatMap(({ launch }) => launch.task_infos);
    if (offers === undefined) {
      this.refuseAll(framework, infos);
      // Those that are good are used up all the same.
      for (const { value } of offer_ids) {
        const offer = this.parts.offers.get(framework, value);
        if (offer !== undefined) this.parts.offers.close(offer);
      }
      return;
    }
    const offer = this.parts.offers.unite(offers);
    for (const info of infos) this.launch(framework, offer, info);
    this.giveBack(offer, filters?.refuse_seconds ?? REFUSE_SECONDS);
  }

  decline(framework: Framework, ids: readonly string[], seconds = REFUSE_SECONDS): void {
    for (const id of ids) {
      const offer = this.parts.offers.get(framework, id);
      if (offer !== undefined) this.giveBack(offer, seconds);
    }
  }

  private giveBack(offer: Offer, seconds: number): void {
    const { framework, agentId, resources } = offer;
    this.parts.offers.close(offer);
    if (!framework.isBundled) framework.filters.refuse(agentId, resources, seconds);
  }

  private launch(framework: Framework, offer: Offer, input: unknown): void {
    // What comes from this process is well formed.
    const parsed = framework.isBundled
      ? { success: true as const, data: input as TaskInfo }
      : taskInfo.safeParse(input);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      this.refuse(framework, input, `the field ${path.join('.')} is not valid: ${message}`);
      return;
    }
    const info = parsed.data;
    const resources = fromMesos(info.resources);
    const problem = this.problemOf(framework, offer, info, resources);
    if (problem !== undefined) this.refuse(framework, info, problem);
    else this.make(framework, offer, info, resources);
  }

  private problemOf(
    framework: Framework,
    offer: Offer,
    info: TaskInfo,
    resources: Resources,
  ): string | undefined {
    const { agentId } = offer;
    if (framework.launches.has(info.task_id.value))
      return 'a task of this id was launched already, and its end is not acknowledged';
    if (info.agent_id.value !== agentId)
      return `its agent is ${info.agent_id.value}, but the offer is of ${agentId}`;
    if (info.executor !== undefined) return 'executors are not supported: give a command';
    if (info.command === undefined) return 'it has no command';
    const { shell, value } = info.command;
    if (value === undefined || value === '')
      return shell ? 'its command is empty' : 'its command names no program';
    if (!contains(offer.resources, resources))
      return 'it uses more than was offered, or than is left of the offer';
    if (countPorts(resources.ports) > PORTS_MAX) return `it has more than ${PORTS_MAX} ports`;
    return undefined;
  }

  private make(framework: Framework, offer: Offer, info: TaskInfo, resources: Resources): void {
    const { clock, agents, allocator, launches } = this.parts;
    const { agentId } = offer;
    if (offer.attempts > 0) offer.attempts -= 1;
    else if (!allocator.addAttempt(agentId)) {
      this.tell(framework, info.task_id, {
        state: 'TASK_LOST',
        reason: 'REASON_INSUFFICIENT_RESOURCES',
        message: `agent ${agentId} has ${attemptsPerAgentMax} attempts already`,
      });
      return;
    }
    const atMs = clock.wallMs();
    const attemptId = attemptIdOf(framework, info.task_id.value, atMs, ++this.count);
    if (attemptId === undefined || launches.get(attemptId) !== undefined)
      throw new TypeError(`the task id ${info.task_id.value} is none of a bundled framework`);
    const launch: Launch = {
      framework,
      attemptId,
      info,
      agentId,
      resources,
      stagedAtMs: atMs,
      chart: newLaunchChart(),
      updateNumber: 0,
      statuses: 0,
      pending: [],
      decided: false,
    };
    if (encodeLaunch(launch).length > LAUNCH_BYTES_MAX) {
      allocator.recoverResources(agentId, NOTHING, 1);
      this.refuse(framework, info, `it is larger than ${LAUNCH_BYTES_MAX} bytes`);
      return;
    }
    offer.resources = subtractResources(offer.resources, resources);
    launches.add(launch);
    agents.assign(agentId, attemptId, launch);
    this.parts.orderLaunch(launch);
  }

  private refuseAll(framework: Framework, infos: readonly unknown[]): void {
    for (const info of infos) {
      const taskId = taskIdOf(info);
      if (taskId !== undefined)
        this.tell(framework, taskId, {
          state: 'TASK_LOST',
          reason: 'REASON_INVALID_OFFERS',
          message: 'an offer of the ACCEPT is not valid any more',
        });
    }
  }

  private refuse(framework: Framework, info: unknown, message: string): void {
    const taskId = taskIdOf(info);
    if (taskId !== undefined)
      this.tell(framework, taskId, { state: 'TASK_ERROR', reason: 'REASON_TASK_INVALID', message });
  }

  /** Of a task that the master does not have: without a uuid, so it is not repeated. */
  private tell(
    framework: Framework,
    taskId: { readonly value: string },
    status: { readonly state: TaskState; readonly reason: TaskReason; readonly message: string },
  ): void {
    const full: TaskStatus = {
      task_id: taskId,
      source: 'SOURCE_MASTER',
      timestamp: this.parts.clock.wallMs() / 1000,
      ...status,
    };
    framework.tell({ type: 'UPDATE', update: { status: full } });
  }
}

function taskIdOf(info: unknown): { readonly value: string } | undefined {
  const parsed = taskInfo.shape.task_id.safeParse((info as { task_id?: unknown } | null)?.task_id);
  return parsed.success ? parsed.data : undefined;
}
