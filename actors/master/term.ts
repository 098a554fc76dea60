/**
 * One leadership, from election to deposition, with everything that belongs to it: when it ends all of this is thrown
 * away, and nothing of it is told, written or ordered any more.
 */
import { encode, unpack } from '../../protocol/codec.ts';
import type { Epoch, TaskId, Zxid } from '../../protocol/ids.ts';
import type { AgentMessage } from '../../protocol/orders.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { ClusterState, TaskEvent } from '../../protocol/task-api.ts';
import type { Clock, Delivery, Logger, Ports, Random, Subscription } from '../actor.ts';
import type { CoordClient } from '../coord/client/contract.ts';
import { systemAcl } from '../coord/client/system-acl.ts';
import { NO_PLANTED_BUGS } from '../planted.ts';
import { Agents } from './agents/agents.ts';
import { Liveness } from './agents/liveness.ts';
import { problemOf } from './agents/messages.ts';
import { Orders } from './agents/orders.ts';
import { Registration } from './agents/registration.ts';
import { allocators } from './allocators/allocators.ts';
import type { Allocator } from './allocators/contract.ts';
import { TasksFramework } from './frameworks/tasks-framework.ts';
import { MetricsKeeper } from './metrics/metrics.ts';
import {
  defaultRetention,
  defaultTiming,
  type MasterOptions,
  type MasterTiming,
} from './options.ts';
import { Recovery } from './recovery.ts';
import { CoordStates } from './requests/coords.ts';
import { Door } from './requests/door.ts';
import { OutputRelay } from './requests/relay.ts';
import { routesOf } from './requests/routes.ts';
import { TaskBook } from './tasks/book.ts';
import { launchPlaced } from './tasks/launches.ts';
import { TaskLife } from './tasks/life.ts';
import { removeOldTasks } from './tasks/retention.ts';
import type { Task } from './tasks/task.ts';
import { StatusUpdates } from './tasks/updates.ts';
import { Writes } from './writes.ts';

export interface TermParts {
  readonly ports: Ports;
  readonly options: MasterOptions;
  readonly client: CoordClient;
  readonly candidate: { readonly path: string; readonly czxid: Zxid };
  readonly mayLead: () => boolean;
  readonly recovered: () => void;
  /** Told once: the leadership cannot go on. */
  readonly failed: (why: string) => void;
}

export class Term {
  readonly epoch: Epoch;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly book = new TaskBook();
  readonly metrics = new MetricsKeeper();
  readonly allocator: Allocator;
  readonly agents: Agents;
  readonly writes: Writes;
  readonly life: TaskLife;
  readonly relay: OutputRelay;
  readonly coords: CoordStates;
  readonly door: Door;
  private readonly parts: TermParts;
  private readonly timing: MasterTiming;
  private readonly subjects: Subjects;
  private readonly orders: Orders;
  private readonly liveness: Liveness;
  private readonly updates: StatusUpdates;
  private readonly registration: Registration;
  private readonly framework: TasksFramework;
  private readonly recovery: Recovery;
  private readonly acl: ReturnType<typeof systemAcl>;
  private readonly sinceMs: number;
  private messages: Subscription | undefined;
  private ended = false;

  constructor(parts: TermParts) {
    const { ports, options, client, candidate } = parts;
    const { clock, random, transport } = ports;
    const planted = options.planted ?? NO_PLANTED_BUGS;
    const timing: MasterTiming = { ...defaultTiming, ...options.timing };
    this.parts = parts;
    this.timing = timing;
    this.clock = clock;
    this.random = random;
    this.epoch = candidate.czxid as number as Epoch;
    this.sinceMs = clock.wallMs();
    this.log = ports.log.child({ epoch: this.epoch });
    this.subjects = subjectsOf(options.cluster);
    this.acl = systemAcl(options.digest);
    this.allocator = allocators[options.allocator ?? 'fcfs']();
    this.agents = new Agents(this.allocator);
    this.writes = new Writes(client, candidate.path, (error) =>
      parts.failed(`a write was not carried out: ${error.code}: ${error.message}`),
    );
    this.orders = new Orders(transport, this.subjects, options.masterId, this.epoch);
    const { orders, writes, agents, allocator, book, metrics, log, epoch } = this;
    const common = { clock, log, epoch, book, metrics, allocator, agents, orders, writes, timing };
    this.life = new TaskLife({
      ...common,
      planted,
      inspection: ports.inspection,
      tell: (event) => this.tell(event),
      orderLaunch: (task) => this.orderLaunch(task),
      orderKill: (task) => this.orderKill(task),
    });
    const { life, subjects } = this;
    this.liveness = new Liveness({
      ...common,
      life,
      executor: options.executor ?? 'process',
      isHeard: () => transport.isConnected() && parts.mayLead(),
    });
    this.updates = new StatusUpdates({ ...common, life, planted });
    this.registration = new Registration({
      ...common,
      life,
      updates: this.updates,
      orderAgain: (agent) => this.liveness.orderAgain(agent, true),
      ended: () => this.ended,
    });
    this.relay = new OutputRelay({ ...common, timeoutMs: timing.relayTimeoutMs });
    this.coords = new CoordStates(
      { ...common, transport, subjects, gatherMs: timing.gatherMs },
      String(epoch),
    );
    this.framework = new TasksFramework(this.allocator, clock, this.sinceMs, ports.inspection);
    this.door = new Door({
      epoch,
      transport,
      log: this.log,
      afterwards: (effect) => this.writes.afterwards(effect),
      mayServe: parts.mayLead,
      routes: routesOf(this, this.subjects),
    });
    this.recovery = new Recovery({
      client,
      clock,
      log: this.log,
      done: (tasks, hasFramework) => this.recovered(tasks, hasFramework),
    });
  }

  start(): void {
    this.log.info('recovering');
    this.recovery.start();
  }

  /** At the end of each turn of the loop: places, then writes what has changed. */
  endTurn(): void {
    if (this.ended || this.messages === undefined || !this.writes.hasRoom()) return;
    this.framework.reviveIfWaiting();
    const more = launchPlaced(this);
    this.updates.acknowledgeReceived();
    const record = this.framework.takeWrite();
    if (record !== undefined) this.writes.send([[record]]);
    this.writes.send(this.book.takeChanges(this.acl));
    // An input of our own, so that the next turn goes on.
    if (more) this.clock.after(0, () => undefined);
  }

  end(): void {
    this.ended = true;
    this.recovery.cancel();
    this.messages?.unsubscribe();
    this.writes.end();
    this.door.end();
    this.coords.end();
    this.framework.stop();
    this.life.end();
  }

  clusterState(): Omit<ClusterState, 'coords'> {
    const { cluster, masterId } = this.parts.options;
    return {
      cluster,
      leader: { masterId, epoch: this.epoch, since: this.sinceMs },
      agents: this.agents.views(),
      tasks: this.book.countByState(),
    };
  }

  publishEvent(event: TaskEvent): void {
    this.parts.ports.transport.publish(
      this.subjects.taskEvents(event.taskId as TaskId),
      encode(event, 'json'),
    );
  }

  invariants(): void {
    this.allocator.invariants();
  }

  private recovered(tasks: readonly Task[], frameworkExists: boolean): void {
    for (const task of tasks) this.book.addRecovered(task);
    for (const task of tasks) this.metrics.recovered(task);
    for (const task of tasks) if (task.chart.isActive) this.awaitAgent(task);
    for (const task of tasks) if (!task.chart.isFinal) this.resume(task);
    this.life.recovered();
    this.log.info('recovered', { tasks: this.book.size, live: this.book.liveCount });
    this.framework.subscribe(frameworkExists ? undefined : this.acl);
    const { transport } = this.parts.ports;
    this.messages = transport.subscribe(
      this.subjects.toMaster(this.parts.options.masterId),
      (delivery) => this.receive(delivery),
    );
    this.scheduleTick();
    this.parts.recovered();
  }

  private awaitAgent(task: Task): void {
    const { agentId, attemptId } = task.attempt!;
    this.agents.assign(agentId, attemptId, task);
    const agent = this.agents.get(agentId)!;
    agent.removeAtMs = this.clock.monotonicMs() + this.timing.agentReregisterTimeoutMs;
  }

  private resume(task: Task): void {
    const dependencies: Task[] = [];
    const missing: TaskId[] = [];
    for (const id of new Set(task.request.dependsOn as TaskId[])) {
      const dependency = this.book.get(id);
      if (dependency === undefined) missing.push(id);
      else dependencies.push(dependency);
    }
    this.life.resume(task, dependencies, missing);
  }

  private scheduleTick(): void {
    this.clock.after(this.timing.tickMs, () => {
      if (this.ended) return;
      this.liveness.tick();
      this.life.retriesDue(this.clock.monotonicMs());
      this.relay.tick();
      this.framework.suppressIfIdle();
      const retention = { ...defaultRetention, ...this.parts.options.retention };
      removeOldTasks(this.book, this.metrics, retention, this.clock.wallMs());
      this.scheduleTick();
    });
  }

  private tell(event: TaskEvent): void {
    const bytes = encode(event, 'json');
    const subject = this.subjects.taskEvents(event.taskId as TaskId);
    this.writes.afterwards(() => this.parts.ports.transport.publish(subject, bytes));
  }

  private orderLaunch(task: Task): void {
    const { attempt } = task;
    this.writes.afterwards(() => {
      if (task.attempt !== attempt || !task.chart.isActive) return;
      task.attemptDecided = true;
      this.liveness.launch(task);
      this.relay.launched(task);
    });
  }

  private orderKill(task: Task): void {
    const { attempt } = task;
    this.writes.afterwards(() => {
      if (task.attempt === attempt && task.chart.value === 'killing') this.liveness.kill(task);
    });
  }

  private receive(delivery: Delivery): void {
    let message: unknown;
    try {
      message = unpack(delivery.payload);
    } catch (error) {
      this.log.warn('message of an agent is not readable', { error: String(error) });
      return;
    }
    const problem = problemOf(message);
    if (problem === undefined) this.dispatch(message as AgentMessage);
    else
      this.log.warn('message is not one of an agent', {
        problem,
        bytes: delivery.payload.length,
      });
  }

  private dispatch(message: AgentMessage): void {
    const { agentId } = message;
    if (message.type === 'register') {
      // Meant for a leadership of this master that is over, or one to come: the agent repeats it.
      if (message.epoch !== this.epoch) return;
      this.registration.register(agentId, message.info, message.attempts);
      return;
    }
    const agent = this.agents.get(agentId);
    if (agent === undefined || agent.standing === 'awaited' || agent.standing === 'unreachable') {
      if (message.type === 'leaving') return;
      this.orders.send(agentId, { type: 'registerAgain' });
      return;
    }
    this.liveness.heard(agent);
    switch (message.type) {
      case 'epochAccepted':
        if (message.epoch === this.epoch) this.registration.epochAccepted(agentId);
        return;
      case 'pong':
        return;
      case 'status':
        this.updates.receive(agentId, message.update);
        return;
      case 'usage':
        agent.used = { cpus: message.cpus, mem: message.memMiB };
        return;
      case 'refused':
        this.log.warn('order refused by an agent', {
          agentId,
          order: message.order,
          newer: message.epoch,
        });
        return;
      case 'draining':
        if (message.epoch === this.epoch) this.liveness.drains(agent);
        return;
      case 'leaving':
        this.liveness.leaves(agent);
        return;
      case 'outputRead':
      case 'following':
        this.relay.answered(message);
        return;
      default:
        message satisfies never;
        this.log.warn('message of an unknown kind', { agentId });
    }
  }
}
