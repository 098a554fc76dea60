/**
 * Keeps a service at its number of instances: launches what is missing, spread over the agents, ends what is too many,
 * and replaces what ends or cannot be reached. It wants offers only while something is missing.
 *
 * What runs it asks the master at the beginning of each subscription, so that a restarted keeper finds the instances of
 * the one before it: RECONCILE of everything, then of an id that no task has, whose answer is the last. Nothing is
 * launched in between, and calls of an older subscription have no effect any more: no instance is there twice.
 */
import type { Offer, TaskStatus } from '../../../protocol/framework-api.ts';
import { isFinal, type TaskState } from '../../../protocol/task-states.ts';
import type { Clock, Logger, Random, Timer } from '../../actor.ts';
import type { SchedulerLink } from '../../scheduler-link.ts';
import { byAgent } from '../sdk/agent-offers.ts';
import { Scheduler } from '../sdk/scheduler.ts';
import { CrashBackoff } from './backoff.ts';
import { type Place, spread, surplus } from './placement.ts';
import {
  type InstanceRecord,
  instanceTask,
  portsOf,
  type Registry,
  type ServiceSpec,
} from './spec.ts';

export interface KeeperParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly spec: ServiceSpec;
  readonly registry: Registry;
  /** What an earlier run has registered. */
  readonly records: ReadonlyMap<string, InstanceRecord>;
  /** The subscription is over for good. */
  readonly over: (message: string) => void;
}

interface Instance {
  readonly id: string;
  readonly agentId: string;
  /** Undefined for one that an earlier run launched without having registered it. */
  readonly record: InstanceRecord | undefined;
  state: 'starting' | 'running' | 'unreachable';
  /** Monotonic; undefined until it runs. Of an adopted one it is not known, and long ago. */
  startedAtMs: number | undefined;
  /** Monotonic time of the last kill that was sent. */
  killedAtMs: number | undefined;
}

const TICK_MS = 1000;
/** A kill whose task has not ended is sent again: it may have been lost. */
const KILL_AGAIN_MS = 10_000;
/** A master that is too busy to say what runs is asked again. */
const ASK_AGAIN_MS = 10_000;
/** What is not needed now may be needed when an instance ends: `revive` forgets this. */
const NOT_NEEDED = { refuse_seconds: 60 };
/** Ends that a command brings about by itself. */
const crashes: ReadonlySet<TaskState> = new Set(['TASK_FINISHED', 'TASK_FAILED', 'TASK_ERROR']);

export class ServiceKeeper {
  private readonly parts: KeeperParts;
  private readonly scheduler: Scheduler;
  private readonly instances = new Map<string, Instance>();
  private readonly backoff = new CrashBackoff();
  private wanted: number | undefined;
  /** Of the id that no task has, while what runs is being found out. */
  private barrier: string | undefined;
  private askedAtMs = 0;
  private isSubscribed = false;
  /** Heard of since the subscription began. */
  private confirmed = new Set<string>();
  private held: Offer[] = [];
  private isSuppressed = false;
  private drained: (() => void) | undefined;
  private timer: Timer;

  constructor(link: SchedulerLink, parts: KeeperParts) {
    this.parts = parts;
    this.scheduler = new Scheduler(link, {
      subscribed: () => this.findOut(),
      offers: (offers) => {
        this.held.push(...offers);
        this.balance();
      },
      rescinded: (id) => {
        this.held = this.held.filter((offer) => offer.id.value !== id);
      },
      update: (status) => this.update(status),
      error: (message) => {
        this.stop();
        parts.over(message);
      },
      callFailed: ({ type }, error) => {
        // The next tick sees that what was asked for has not come about.
        parts.log.debug('call failed', { type, code: error.code });
        if (type === 'SUPPRESS') this.isSuppressed = false;
        if (type === 'REVIVE') this.isSuppressed = true;
      },
    });
    this.timer = parts.clock.after(TICK_MS, () => this.tick());
  }

  /** Instances that run or are about to, by id. */
  get ids(): readonly string[] {
    return this.alive().map(({ id }) => id);
  }

  scaleTo(instances: number): void {
    if (this.wanted === instances) return;
    this.wanted = instances;
    this.parts.log.info('scaled', { instances });
    this.balance();
  }

  /** Ends all instances; `done` is called once, when those that can be reached have ended. */
  drain(done: () => void): void {
    this.drained = done;
    this.parts.log.info('draining', { instances: this.instances.size });
    this.balance();
  }

  /** Ends the framework itself, with whatever it still runs. */
  teardown(done: () => void): void {
    this.scheduler.teardown((result) => {
      // Without a subscription there is nobody to ask: the failover timeout does the same.
      if (!result.ok) this.parts.log.warn('not torn down', { code: result.error.code });
      done();
    });
  }

  /** Leaves the instances as they are. */
  stop(): void {
    this.isSubscribed = false;
    this.timer.cancel();
  }

  // ── What runs ─────────────────────────────────────────────────────────────────────────────────────────────

  private findOut(): void {
    this.isSubscribed = true;
    this.isSuppressed = false;
    this.held = [];
    this.confirmed = new Set();
    const barrier = this.newId('barrier');
    this.barrier = barrier;
    this.askedAtMs = this.parts.clock.monotonicMs();
    this.scheduler.reconcile([], (result) => {
      // Only now: were the first question lost, the answer to the second would say that nothing runs.
      if (result.ok && this.barrier === barrier) this.scheduler.reconcile([{ value: barrier }]);
    });
  }

  private foundOut(): void {
    this.barrier = undefined;
    for (const { id } of [...this.instances.values()]) if (!this.confirmed.has(id)) this.forget(id);
    for (const id of this.parts.records.keys())
      if (!this.instances.has(id)) this.parts.registry.withdraw(id);
    this.parts.log.info('found', { instances: this.instances.size });
    this.balance();
  }

  private update(status: TaskStatus): void {
    const id = status.task_id.value;
    if (id === this.barrier) {
      this.foundOut();
      return;
    }
    this.confirmed.add(id);
    if (isFinal(status.state)) this.ended(id, status);
    else this.goesOn(this.instances.get(id) ?? this.adopt(status), status.state);
    this.scheduler.acknowledge(status);
    this.balance();
  }

  private adopt(status: TaskStatus): Instance {
    const id = status.task_id.value;
    const record = this.parts.records.get(id);
    const instance: Instance = {
      ...{ id, agentId: status.agent_id?.value ?? '', record, state: 'starting' },
      ...{ startedAtMs: Number.NEGATIVE_INFINITY, killedAtMs: undefined },
    };
    this.instances.set(id, instance);
    return instance;
  }

  private goesOn(instance: Instance, state: TaskState): void {
    const { registry, clock, log } = this.parts;
    const { id, record } = instance;
    if (state === 'TASK_UNREACHABLE') {
      if (instance.state !== 'unreachable') log.warn('instance unreachable', { id });
      instance.state = 'unreachable';
      registry.withdraw(id);
    } else if (state === 'TASK_RUNNING' && instance.state !== 'running') {
      instance.state = 'running';
      instance.startedAtMs ??= clock.monotonicMs();
      if (record === undefined) {
        // Nobody could find it: another takes its place.
        log.warn('instance without an address', { id });
        this.kill(instance);
        return;
      }
      registry.register({ ...record, state: 'running' });
      log.info('instance running', { id, hostname: record.hostname, ports: record.ports });
    }
  }

  private ended(id: string, { state, reason, message }: TaskStatus): void {
    const instance = this.instances.get(id);
    if (instance === undefined) return;
    this.parts.log.info('instance ended', { id, state, reason, message });
    this.forget(id);
    if (instance.killedAtMs !== undefined || !crashes.has(state)) return;
    const nowMs = this.parts.clock.monotonicMs();
    this.backoff.ended(nowMs, nowMs - (instance.startedAtMs ?? nowMs));
    const waitMs = this.backoff.waitMs(nowMs);
    if (waitMs > 0) this.parts.log.warn('instances end too soon', { waitMs });
  }

  private forget(id: string): void {
    this.instances.delete(id);
    this.parts.registry.withdraw(id);
  }

  private alive(): Instance[] {
    return [...this.instances.values()].filter(
      ({ state, killedAtMs }) => state !== 'unreachable' && killedAtMs === undefined,
    );
  }

  // ── What should run ───────────────────────────────────────────────────────────────────────────────────────

  private balance(): void {
    if (!this.isSubscribed || this.barrier !== undefined) return;
    const wanted = this.drained === undefined ? this.wanted : 0;
    if (wanted === undefined) return;
    const alive = this.alive();
    for (const instance of surplus(alive, alive.length - wanted)) this.kill(instance);
    const missing = wanted - alive.length;
    if (missing > 0 && this.backoff.waitMs(this.parts.clock.monotonicMs()) === 0)
      this.launchSome(missing);
    else this.beContent();
    if (this.drained !== undefined) this.finishDraining(this.drained);
  }

  private launchSome(missing: number): void {
    if (this.isSuppressed) {
      this.isSuppressed = false;
      this.scheduler.revive();
    }
    const agents = byAgent(this.held.splice(0));
    const present = (agentId: string) =>
      this.alive().filter((instance) => instance.agentId === agentId).length;
    const places = spread(agents, missing, this.parts.spec.resources, present);
    for (const agent of agents) {
      const here = places.filter((place) => place.agent === agent);
      if (here.length === 0) this.scheduler.decline(agent.offers);
      else this.launch(here);
    }
  }

  /** On one agent. */
  private launch(places: readonly Place[]): void {
    const { spec, registry, log } = this.parts;
    const tasks = places.map(({ agent, resources }) => {
      const id = this.newId();
      const agentId = agent.agent_id.value;
      const { hostname } = agent;
      const ports = portsOf(resources);
      const record: InstanceRecord = { id, agentId, hostname, ports, state: 'starting' };
      this.instances.set(id, {
        ...{ id, agentId, record, state: 'starting' },
        ...{ startedAtMs: undefined, killedAtMs: undefined },
      });
      this.confirmed.add(id);
      registry.register(record);
      log.info('instance launched', { id, hostname });
      return instanceTask(spec, id, agent, resources);
    });
    const ids = tasks.map(({ task_id }) => task_id);
    this.scheduler.launch(places[0]!.agent.offers, tasks, undefined, (result) => {
      if (result.ok) return;
      log.warn('launch failed', { ids, code: result.error.code });
      if (result.error.definite) for (const { value } of ids) this.forget(value);
      // Where the subscription has ended, the next one begins with finding out.
      else this.scheduler.reconcile(ids);
    });
  }

  private kill(instance: Instance): void {
    instance.killedAtMs = this.parts.clock.monotonicMs();
    this.scheduler.kill({ value: instance.id });
  }

  private beContent(): void {
    const offers = this.held.splice(0);
    if (offers.length > 0) this.scheduler.decline(offers, NOT_NEEDED);
    if (this.isSuppressed) return;
    this.isSuppressed = true;
    this.scheduler.suppress();
  }

  private finishDraining(done: () => void): void {
    const reachable = [...this.instances.values()].filter(({ state }) => state !== 'unreachable');
    if (reachable.length > 0) return;
    this.drained = () => undefined;
    done();
  }

  private tick(): void {
    this.timer = this.parts.clock.after(TICK_MS, () => this.tick());
    if (!this.isSubscribed) return;
    const nowMs = this.parts.clock.monotonicMs();
    if (this.barrier !== undefined && nowMs - this.askedAtMs > ASK_AGAIN_MS) this.findOut();
    for (const instance of this.instances.values())
      if (instance.killedAtMs !== undefined && nowMs - instance.killedAtMs > KILL_AGAIN_MS)
        this.kill(instance);
    this.balance();
  }

  private newId(kind = ''): string {
    const token = Buffer.from(this.parts.random.bytes(4)).toString('hex');
    return `${this.parts.spec.name}.${kind}${token}`;
  }
}
