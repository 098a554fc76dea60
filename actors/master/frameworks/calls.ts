/** What a subscribed framework may call, one function for each kind. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { FrameworkCall, TaskStatus } from '../../../protocol/framework-api.ts';
import type { RequestId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { fromMesos } from '../../../protocol/mesos-resources.ts';
import type { Clock } from '../../actor.ts';
import type { Respond } from '../../bundled.ts';
import type { Allocator, WaitingRequest } from '../allocators/contract.ts';
import { graceOf, killGraceMsOf, type Launch } from '../launches/launch.ts';
import type { LaunchLife } from '../launches/life.ts';
import { type Statuses, statusOf } from '../launches/statuses.ts';
import type { OutputRelay } from '../requests/relay.ts';
import type { Explain } from './explain.ts';
import type { Framework } from './framework.ts';
import type { Frameworks } from './frameworks.ts';
import type { Launching } from './launching.ts';

export interface CallsParts {
  readonly clock: Clock;
  readonly allocator: Allocator;
  readonly frameworks: Frameworks;
  readonly launching: Launching;
  readonly life: LaunchLife;
  readonly statuses: Statuses;
  readonly relay: OutputRelay;
  readonly explain: Explain;
}

type CallOf<Type extends FrameworkCall['type']> = Extract<FrameworkCall, { type: Type }>;
type ChangingCall = Exclude<
  FrameworkCall,
  { type: 'SUBSCRIBE' | 'EXPLAIN' | 'READ_OUTPUT' | 'FOLLOW_OUTPUT' }
>;

export class Calls {
  private readonly parts: CallsParts;
  /** Of the last request: those from elsewhere stand behind all that came before them. */
  private lastOrder = 0;

  constructor(parts: CallsParts) {
    this.parts = parts;
  }

  /** Throws MesozooError for what is refused; answers once. */
  carryOut(
    framework: Framework,
    call: FrameworkCall,
    respond: Respond,
    refuse: (error: MesozooError) => void,
  ): void {
    const { relay, explain } = this.parts;
    switch (call.type) {
      case 'READ_OUTPUT':
        relay.output(framework, call.read_output, respond, refuse);
        return;
      case 'FOLLOW_OUTPUT':
        relay.follow(framework, call.follow_output, respond, refuse);
        return;
      case 'EXPLAIN':
        respond(explain.answer(framework, call.explain));
        return;
      case 'SUBSCRIBE':
        throw new MesozooError('BAD_REQUEST', 'it has subscribed already');
      default:
        // The answer to the first waits for the same writes, and leaves before this one.
        if (framework.stream?.isRepeat(call.sequence) !== true) this.change(framework, call);
        respond({});
    }
  }

  /** Everything that a framework has launched ends, and nobody waits for it. */
  killAll(framework: Framework): void {
    const { life, clock } = this.parts;
    for (const launch of [...framework.launches.values()]) {
      launch.pending.length = 0;
      if (life.knows(launch, 'KILL_REQUESTED') && !launch.chart.context.killRequested)
        life.send(launch, 'KILL_REQUESTED', {
          atMs: clock.wallMs(),
          reason: 'REASON_FRAMEWORK_REMOVED',
        });
      else life.acknowledged(launch);
    }
  }

  private change(framework: Framework, call: ChangingCall): void {
    const { launching } = this.parts;
    switch (call.type) {
      case 'ACCEPT':
        launching.accept(framework, call.accept);
        break;
      case 'DECLINE':
        launching.decline(
          framework,
          call.decline.offer_ids.map(({ value }) => value),
          call.decline.filters?.refuse_seconds,
        );
        break;
      case 'REVIVE':
        framework.filters.clear();
        framework.lifecycle.offer({ type: 'REVIVED' });
        break;
      case 'SUPPRESS':
        framework.lifecycle.offer({ type: 'SUPPRESSED' });
        break;
      case 'KILL':
        this.kill(framework, call);
        break;
      case 'ACKNOWLEDGE':
        this.acknowledge(framework, call);
        break;
      case 'RECONCILE':
        this.reconcile(framework, call);
        break;
      case 'REQUEST':
        this.request(framework, call);
        break;
      case 'TEARDOWN':
        this.parts.frameworks.tearDown(framework);
        break;
      default:
        call satisfies never;
    }
  }

  private kill(framework: Framework, { kill }: CallOf<'KILL'>): void {
    const { clock, life } = this.parts;
    const launch = framework.launches.get(kill.task_id.value);
    if (launch === undefined || launch.chart.region !== 'active') {
      this.tellUnsure(framework, kill.task_id, launch);
      return;
    }
    const graceMs = graceOf(kill.kill_policy);
    if (graceMs !== undefined) {
      if (!launch.chart.context.killRequested) launch.killGraceMs = graceMs;
      else if (graceMs < killGraceMsOf(launch)) life.shortenKill(launch, graceMs);
    }
    if (life.knows(launch, 'KILL_REQUESTED') && !launch.chart.context.killRequested)
      life.send(launch, 'KILL_REQUESTED', { atMs: clock.wallMs(), reason: 'REASON_TASK_KILLED' });
  }

  private acknowledge(framework: Framework, { acknowledge }: CallOf<'ACKNOWLEDGE'>): void {
    const launch = framework.launches.get(acknowledge.task_id.value);
    // A repeat of one that was counted changes nothing.
    if (launch === undefined || !this.parts.statuses.acknowledge(launch, acknowledge.uuid)) return;
    this.parts.life.acknowledged(launch);
  }

  private reconcile(framework: Framework, { reconcile }: CallOf<'RECONCILE'>): void {
    if (reconcile.tasks.length > 0)
      for (const { task_id } of reconcile.tasks)
        this.tellUnsure(framework, task_id, framework.launches.get(task_id.value));
    else
      for (const launch of framework.launches.values())
        if (launch.chart.region === 'active')
          this.tellUnsure(framework, launch.info.task_id, launch);
  }

  /** The latest state, without a uuid: an answer, not an event. */
  private tellUnsure(
    framework: Framework,
    taskId: { readonly value: string },
    launch: Launch | undefined,
  ): void {
    const atMs = this.parts.clock.wallMs();
    const status: TaskStatus =
      launch === undefined
        ? {
            task_id: taskId,
            state: 'TASK_LOST',
            source: 'SOURCE_MASTER',
            reason: 'REASON_TASK_UNKNOWN',
            message: 'the master knows no task of this id, or its end was acknowledged',
            timestamp: atMs / 1000,
          }
        : statusOf(launch, launch.chart.state!, { atMs, reason: 'REASON_RECONCILIATION' });
    framework.tell({ type: 'UPDATE', update: { status } });
  }

  private request(framework: Framework, { request }: CallOf<'REQUEST'>): void {
    const { allocator } = this.parts;
    const { requests = [], withdraw = [] } = request;
    const newOnes = requests.filter(
      ({ id }) => id !== undefined && !framework.requests.has(requestIdOf(framework, id)),
    );
    if (framework.requests.size + newOnes.length > limits.requestsPerFramework)
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `${limits.requestsPerFramework} requests of this framework may wait at one time`,
      );
    for (const id of withdraw) {
      const requestId = requestIdOf(framework, id);
      if (framework.requests.delete(requestId)) allocator.requestLeaves(requestId);
    }
    for (const wanted of requests) {
      // Without an id it is a hint, and our allocators take none.
      if (wanted.id === undefined) continue;
      const requestId = requestIdOf(framework, wanted.id);
      // Again, maybe changed: the newer one counts.
      if (framework.requests.has(requestId)) allocator.requestLeaves(requestId);
      const constraints = [...(wanted.constraints ?? [])];
      if (wanted.agent_id !== undefined)
        constraints.push({ attribute: 'agentId', equals: wanted.agent_id.value });
      const order = framework.isBundled ? (wanted.order ?? 0) : this.lastOrder + 1;
      this.lastOrder = Math.max(this.lastOrder, order);
      const waiting: WaitingRequest = {
        requestId,
        frameworkId: framework.id,
        queue: wanted.queue ?? 'default',
        priority: wanted.priority ?? 0,
        order,
        resources: { ...fromMesos(wanted.resources ?? []), ports: wanted.port_count ?? 0 },
        constraints,
      };
      framework.requests.set(requestId, waiting);
      allocator.requestWaits(waiting);
    }
  }
}

/** Ids of bundled frameworks are unique and without a slash. */
export function requestIdOf(framework: Framework, id: string): RequestId {
  return (framework.isBundled ? id : `${framework.id}/${id}`) as RequestId;
}

export function nameOfRequest(framework: Framework, id: RequestId): string {
  return framework.isBundled ? id : id.slice(framework.id.length + 1);
}
