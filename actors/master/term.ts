/**
 * One leadership, from election to deposition, with everything that belongs to it: when it ends all of this is thrown
 * away, and nothing of it is told, written or ordered any more.
 */
import { assert } from '../../protocol/errors.ts';
import type { Epoch, FrameworkId, Zxid } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { ClusterState, Metrics } from '../../protocol/task-api.ts';
import type { Clock, Logger, Ports, Random, Subscription, Transport } from '../actor.ts';
import type { BundledFramework, WriteGroup } from '../bundled.ts';
import type { CoordClient } from '../coord/client/contract.ts';
import { systemAcl } from '../coord/client/system-acl.ts';
import { NO_PLANTED_BUGS } from '../planted.ts';
import { Agents } from './agents/agents.ts';
import { AgentInbox } from './agents/inbox.ts';
import { Liveness } from './agents/liveness.ts';
import { Orders } from './agents/orders.ts';
import { Registration } from './agents/registration.ts';
import { allocators } from './allocators/allocators.ts';
import type { Allocator } from './allocators/contract.ts';
import { shareOut, sumOf } from './allocators/remainders.ts';
import { BundledLink } from './frameworks/bundled-link.ts';
import { Calls, nameOfRequest } from './frameworks/calls.ts';
import { Explain } from './frameworks/explain.ts';
import { Frameworks, takesRemainders } from './frameworks/frameworks.ts';
import { Launching } from './frameworks/launching.ts';
import { mayOffer, Offers } from './frameworks/offers.ts';
import { LaunchBook } from './launches/book.ts';
import type { Launch } from './launches/launch.ts';
import { LaunchLife } from './launches/life.ts';
import { Statuses } from './launches/statuses.ts';
import { StatusUpdates } from './launches/updates.ts';
import { resourceMetrics } from './metrics.ts';
import { defaultTiming, type MasterOptions, type MasterTiming } from './options.ts';
import { Recovery } from './recovery.ts';
import { CoordStates } from './requests/coords.ts';
import { Door } from './requests/door.ts';
import { OutputRelay } from './requests/relay.ts';
import { routesOf } from './requests/routes.ts';
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

/** A framework of this process, and its link. */
interface Bundled {
  readonly framework: BundledFramework;
  readonly link: BundledLink;
}

export class Term {
  readonly epoch: Epoch;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly allocator: Allocator;
  readonly agents: Agents;
  readonly launches = new LaunchBook();
  readonly frameworks: Frameworks;
  readonly calls: Calls;
  readonly writes: Writes;
  readonly coords: CoordStates;
  readonly door: Door;
  private readonly parts: TermParts;
  private readonly timing: MasterTiming;
  private readonly subjects: Subjects;
  private readonly orders: Orders;
  private readonly offers: Offers;
  private readonly statuses: Statuses;
  private readonly life: LaunchLife;
  private readonly relay: OutputRelay;
  private readonly liveness: Liveness;
  private readonly updates: StatusUpdates;
  private readonly inbox: AgentInbox;
  private readonly recovery: Recovery;
  private readonly bundled: readonly Bundled[];
  private readonly acl: ReturnType<typeof systemAcl>;
  private readonly sinceMs: number;
  private messages: Subscription | undefined;
  private remaindersDue = false;
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
    this.transport = transport;
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
    const { orders, writes, agents, allocator, launches, log, epoch, subjects } = this;
    const afterwards = (effect: () => void) => writes.afterwards(effect);
    const isHeard = () => this.isHeard();
    this.offers = new Offers({ clock, epoch, agents, allocator, planted });
    this.statuses = new Statuses(clock, launches, planted);
    const { offers, statuses } = this;
    this.life = new LaunchLife({
      clock,
      launches,
      allocator,
      agents,
      statuses,
      planted,
      inspection: ports.inspection,
      orderKill: (launch) => this.orderKill(launch),
      forgotten: ({ framework }) => this.frameworks.launchForgotten(framework),
    });
    const { life } = this;
    this.frameworks = new Frameworks({
      clock,
      random,
      log,
      inspection: ports.inspection,
      allocator,
      offers,
      afterwards,
      isHeard,
      masterInfo: {
        id: options.masterId,
        hostname: options.hostname,
        port: options.port,
        version: options.version,
      },
      subscribed: (framework) => statuses.tellAll(framework.launches.values()),
      killLaunches: (framework) => this.calls.killAll(framework),
    });
    this.liveness = new Liveness({
      clock,
      log,
      timing,
      agents,
      allocator,
      offers,
      life,
      orders,
      executor: options.executor ?? 'process',
      isHeard,
      removed: (agentId) => {
        for (const framework of this.frameworks.all())
          framework.tell({ type: 'FAILURE', failure: { agent_id: { value: agentId } } });
      },
    });
    this.updates = new StatusUpdates({ launches, agents, life, orders, writes, planted });
    const registration = new Registration({
      clock,
      log,
      timing,
      epoch,
      agents,
      allocator,
      offers,
      life,
      orders,
      writes,
      updates: this.updates,
      orderAgain: (agent) => this.liveness.orderAgain(agent, true),
      ended: () => this.ended,
    });
    this.relay = new OutputRelay({
      clock,
      agents,
      orders,
      timeoutMs: timing.relayTimeoutMs,
      afterwards,
    });
    const { liveness, updates, relay } = this;
    this.inbox = new AgentInbox({
      log,
      epoch,
      agents,
      orders,
      liveness,
      registration,
      updates,
      relay,
    });
    this.calls = new Calls({
      clock,
      allocator,
      frameworks: this.frameworks,
      launching: new Launching({
        clock,
        agents,
        allocator,
        offers,
        launches,
        orderLaunch: (launch) => this.orderLaunch(launch),
      }),
      life,
      statuses,
      relay: this.relay,
      explain: new Explain({ agents, allocator }),
    });
    this.coords = new CoordStates(
      { transport, subjects, clock, log, gatherMs: timing.gatherMs },
      String(epoch),
    );
    this.bundled = options.bundled.map((make) => {
      const link = new BundledLink((framework, call, respond, refuse) =>
        this.calls.carryOut(
          framework,
          call,
          Object.assign((value: unknown) => respond(value), { form: 'msgpack' as const }),
          refuse,
        ),
      );
      const framework = make({
        ports: { ...ports, log },
        cluster: options.cluster,
        epoch,
        link,
        client,
        acl: this.acl,
        afterwards,
        backlog: () => writes.backlog(),
        planted,
      });
      return { framework, link };
    });
    this.door = new Door({
      epoch,
      transport,
      log: this.log,
      afterwards,
      mayServe: parts.mayLead,
      routes: [
        ...this.bundled.flatMap(({ framework }) => framework.routes),
        ...routesOf(this, subjects),
      ],
    });
    this.recovery = new Recovery({
      client,
      clock,
      log: this.log,
      frameworks: this.frameworks,
      isBundled: (id) => this.isBundled(id),
      done: (found) => this.recovered(found),
    });
  }

  start(): void {
    this.log.info('recovering');
    this.recovery.start();
  }

  /** At the end of each turn of the loop: shares out, then writes what has changed. */
  endTurn(): void {
    if (this.ended || this.messages === undefined || !this.writes.hasRoom()) return;
    this.frameworks.settle();
    this.handOn();
    for (const { framework } of this.bundled) framework.beforeWrites();
    // One turn places what one multi holds.
    const { placements, more } = this.allocator.allocate(limits.multiOperations);
    this.offers.ofPlacements(
      placements,
      ({ frameworkId }) => this.frameworks.get(frameworkId)!,
      nameOfRequest,
    );
    // What no request waits for. From time to time, so that what comes free at about the same time makes one offer.
    if (this.remaindersDue && !more) this.offerRemainders();
    this.handOn();
    for (const { framework } of this.bundled) framework.beforeWrites();
    this.updates.acknowledgeReceived();
    this.writes.send(this.takeChanges());
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
    for (const { framework } of this.bundled) framework.end();
    this.life.end();
    this.frameworks.end();
  }

  /** Connected, and still leading as far as the clock can tell. */
  isHeard(): boolean {
    return this.transport.isConnected() && this.parts.mayLead();
  }

  clusterState(): Omit<ClusterState, 'coords'> {
    const { cluster, masterId } = this.parts.options;
    return {
      cluster,
      leader: { masterId, epoch: this.epoch, since: this.sinceMs },
      agents: this.agents.views(),
      frameworks: this.frameworks.views(),
      tasks: this.mainFramework().countByState(),
    };
  }

  metrics(): Metrics {
    return { ...resourceMetrics(this.agents.views()), ...this.mainFramework().metrics() };
  }

  invariants(): void {
    this.allocator.invariants();
  }

  /** The one that runs what is submitted on NATS. */
  private mainFramework(): BundledFramework {
    const first = this.bundled[0];
    assert(first !== undefined, 'a master hosts the framework of the task requests');
    return first.framework;
  }

  private isBundled(id: FrameworkId): boolean {
    return this.bundled.some(({ framework }) => framework.id === id);
  }

  private handOn(): void {
    for (const { link } of this.bundled) link.handOn();
  }

  /**
   * What a framework of this process has noted of a launch is decided before the launch itself: one that is noted and
   * is not to be found was never ordered, and one that is found was noted.
   */
  private takeChanges(): Iterable<WriteGroup> {
    const frameworks = this.frameworks.takeChanges(this.acl);
    return oneAfterAnother([
      ...this.bundled.map(({ framework }) => framework.takeChanges()),
      frameworks.records,
      this.launches.takeChanges(this.acl),
      frameworks.ends,
    ]);
  }

  private recovered(found: readonly Launch[]): void {
    for (const launch of found) this.take(launch);
    this.recoverBundled(0);
  }

  private take(launch: Launch): void {
    const { agentId, attemptId } = launch;
    this.launches.addRecovered(launch);
    if (launch.chart.isFinal) this.launches.remove(launch);
    else if (launch.chart.isActive) {
      this.agents.assign(agentId, attemptId, launch);
      const agent = this.agents.get(agentId)!;
      agent.removeAtMs = this.clock.monotonicMs() + this.timing.agentReregisterTimeoutMs;
      launch.framework.took(launch.resources);
    }
  }

  /** One after the other. */
  private recoverBundled(index: number): void {
    const next = this.bundled[index];
    if (next === undefined) this.begin();
    else
      next.framework.recover(() => {
        if (!this.ended) this.recoverBundled(index + 1);
      });
  }

  private begin(): void {
    this.log.info('recovered', { launches: this.launches.size });
    this.frameworks.begin();
    this.life.recovered();
    for (const { framework, link } of this.bundled)
      this.frameworks.subscribe(
        framework.info,
        (found) => {
          link.framework = found;
          return link;
        },
        framework.id,
        () => undefined,
        (error) => this.parts.failed(error.message),
      );
    this.messages = this.transport.subscribe(
      this.subjects.toMaster(this.parts.options.masterId),
      (delivery) => this.inbox.receive(delivery),
    );
    this.scheduleTick();
    this.parts.recovered();
  }

  private scheduleTick(): void {
    this.clock.after(this.timing.tickMs, () => {
      if (this.ended) return;
      this.liveness.tick();
      this.statuses.tick();
      this.relay.tick();
      this.frameworks.tick();
      this.offers.tick();
      this.remaindersDue = true;
      for (const { framework } of this.bundled) framework.tick();
      this.scheduleTick();
    });
  }

  private offerRemainders(): void {
    this.remaindersDue = false;
    const takers = [...this.frameworks.all()].filter(
      (framework) => takesRemainders(framework) && mayOffer(framework),
    );
    if (takers.length === 0) return;
    const totals = [...this.agents.all()].flatMap(({ info }) => info?.total ?? []);
    const given = shareOut(takers, this.allocator.remainders(), sumOf(totals));
    this.offers.ofRemainders(given);
  }

  private orderLaunch(launch: Launch): void {
    this.writes.afterwards(() => {
      if (!launch.chart.isActive) return;
      launch.decided = true;
      this.liveness.launch(launch);
    });
  }

  private orderKill(launch: Launch): void {
    this.writes.afterwards(() => {
      if (launch.chart.value === 'killing') this.liveness.kill(launch);
    });
  }
}

function* oneAfterAnother(all: readonly Iterable<WriteGroup>[]): Generator<WriteGroup> {
  for (const groups of all) yield* groups;
}
