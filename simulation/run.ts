/**
 * One seed: builds the world, lets faults happen under load, puts everything right, waits for the good end that must
 * then come, and asks every checker.
 */
import { NO_PLANTED_BUGS, type PlantedBug } from '../actors/planted.ts';
import { decode } from '../protocol/codec.ts';
import { SessionOrderChecker } from './checkers/session-order.ts';
import { Truth } from './checkers/truth.ts';
import { FaultInjector } from './faults/injector.ts';
import { type ProfileName, profiles } from './faults/profiles.ts';
import type { Message } from './network/server.ts';
import { type CoordNode, coordStatus, makeCoordNode } from './nodes/coord.ts';
import { CLUSTER, type ClusterNode } from './nodes/node.ts';
import type { Violation } from './violations.ts';
import { FrameworkWorkload } from './workload/frameworks.ts';
import { ObserversWorkload } from './workload/observers.ts';
import { ServiceWorkload } from './workload/service.ts';
import { AGENT, TaskWorkload } from './workload/tasks.ts';
import type { Workload } from './workload/workload.ts';
import { ZnodeWorkload } from './workload/znodes.ts';
import { World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly planted?: PlantedBug;
  /** Gets the trace line by line. */
  readonly print?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly slots: number;
  readonly operations: number;
  readonly tasks: number;
  /** Tasks of the framework from outside. */
  readonly launches: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** Between two looks at whether all is done. */
const LOOK_MS = 50;

export function run(options: RunOptions): RunResult {
  const simulation = new Simulation(options);
  simulation.run();
  return simulation.result();
}

class Simulation {
  private readonly options: RunOptions;
  private readonly world: World;
  private readonly truth: Truth;
  private readonly coords: readonly CoordNode[];
  private readonly workloads: Workload[] = [];
  private readonly nodes: readonly ClusterNode[];
  private readonly injector: FaultInjector;
  private readonly znodes: ZnodeWorkload;
  private readonly tasks: TaskWorkload | undefined;
  private readonly framework: FrameworkWorkload | undefined;

  constructor(options: RunOptions) {
    this.options = options;
    const profile = profiles[options.profile];
    this.world = new World({
      seed: options.seed,
      isLoose,
      describe,
      ...(options.print && { print: options.print }),
    });
    const { world } = this;
    const random = world.random.fork('run');
    const planted =
      options.planted === undefined ? NO_PLANTED_BUGS : new Set<PlantedBug>([options.planted]);
    this.truth = new Truth(world.violations);
    const sessionOrder = new SessionOrderChecker(world.violations);
    this.truth.onSlot((slot) => sessionOrder.slot(slot));
    const members = random.pick(profile.coords);
    const { znodeClients, zookeeperClients = 0 } = profile;
    const bounds = {
      segmentBytes: random.pick([2000, 20_000, 1_000_000]),
      aheadBytes: 3000,
      snapshotSlots: random.pick([10, 50, 200, 100_000]),
      snapshotChunkBytes: random.pick([100, 2000, 256 * 1024]),
      keptSlots: random.pick([1, 20, 4096]),
      memoryBytes: 2048,
    };
    this.coords = Array.from({ length: members + (profile.observers ?? 0) }, (_, index) =>
      makeCoordNode({
        ...{ world, truth: this.truth, bounds, member: index + 1, members, planted },
        ...{ isObserver: index >= members, hasGateway: zookeeperClients > 0 },
      }),
    );
    const voters = this.coords.slice(0, members);
    const observers = this.coords.slice(members);
    if (observers.length > 0)
      this.workloads.push(new ObserversWorkload({ world, members: voters, observers }));
    this.znodes = new ZnodeWorkload(world, this.truth, {
      ...{ znodeClients, zookeeperClients },
      servers: this.coords.map(({ name }) => name),
    });
    this.workloads.push(this.znodes);
    const scheduling =
      profile.taskClients === 0
        ? undefined
        : new TaskWorkload({ world, truth: this.truth, profile, planted });
    if (scheduling !== undefined) this.workloads.push(scheduling);
    const framework =
      scheduling === undefined || profile.framework !== true
        ? undefined
        : new FrameworkWorkload({
            world,
            launches: scheduling.launches,
            processes: scheduling.processes,
            agents: scheduling.agents,
            agentTotal: AGENT,
          });
    if (framework !== undefined) this.workloads.push(framework);
    const service =
      scheduling === undefined || profile.service !== true
        ? undefined
        : new ServiceWorkload(world, scheduling.processes);
    if (service !== undefined) this.workloads.push(service);
    this.nodes = [
      ...this.coords,
      ...this.znodes.nodes,
      ...(scheduling?.nodes ?? []),
      ...(framework?.nodes ?? []),
      ...(service === undefined ? [] : [service.node]),
    ];
    this.tasks = scheduling;
    this.framework = framework;
    this.injector = new FaultInjector({
      world,
      truth: this.truth,
      profile,
      coords: voters,
      observers,
      nodes: this.nodes,
    });
  }

  run(): void {
    const { world } = this;
    const profile = profiles[this.options.profile];
    const random = world.random.fork('plan');
    for (const node of this.nodes)
      world.scheduler.after(random.between(0, 300_000), () => node.process.start());
    world.runForMs(random.between(100, 2000), () => this.isOver);
    this.injector.start();
    world.runForMs(random.between(...profile.activeMs), () => this.isOver);
    this.injector.heal();
    for (const workload of this.workloads) workload.stopIssuing();
    this.waitForTheEnd(profile.quietMs);
    if (this.isOver) return;
    for (const workload of this.workloads) workload.check();
  }

  result(): RunResult {
    return {
      seed: this.options.seed,
      profile: this.options.profile,
      violations: this.world.violations.found,
      traceHash: this.world.trace.hash(),
      steps: this.world.scheduler.steps,
      virtualMs: Math.round(this.world.nowMs),
      slots: this.truth.lastSlot,
      operations: this.znodes.history.entries.length,
      tasks: this.tasks?.records.acknowledged.length ?? 0,
      launches: this.framework?.records.tasks.size ?? 0,
      faults: Object.fromEntries(this.injector.counts),
    };
  }

  private get isOver(): boolean {
    return this.world.violations.any;
  }

  private waitForTheEnd(quietMs: number): void {
    const { world } = this;
    const endMs = world.nowMs + quietMs;
    const done = () => this.workloads.every((workload) => workload.isDone()) && this.coordsAgree();
    while (!this.isOver && world.nowMs < endMs) {
      for (const workload of this.workloads) workload.probe();
      if (done()) return;
      world.runForMs(LOOK_MS, () => this.isOver);
    }
    if (this.isOver) return;
    // What did not come to an end may say more than that: a task without a final state, for example.
    for (const workload of this.workloads) if (!workload.isDone()) workload.check();
    const missing = this.workloads
      .filter((workload) => !workload.isDone())
      .map((workload) => workload.missing());
    if (!this.coordsAgree()) missing.push(`coords at different slots: ${this.describeCoords()}`);
    world.violations.report(
      'liveness',
      `${quietMs} ms after everything was put right, this is missing: ${missing.join('; ')} [${this.describeCoords()}]`,
    );
  }

  /** All have applied everything; Truth has compared the trees by then. */
  private coordsAgree(): boolean {
    return this.coords.every((node) => {
      const status = coordStatus(node);
      return (
        status !== undefined &&
        ['following', 'leading', 'observing'].includes(status.role) &&
        status.slot === this.truth.lastSlot
      );
    });
  }

  private describeCoords(): string {
    return this.coords
      .map((node) => {
        const status = coordStatus(node);
        return status === undefined
          ? `${node.name} dead`
          : `${node.name} ${status.role} at slot ${status.slot} of ${this.truth.lastSlot}`;
      })
      .join(', ');
  }
}

/** Messages between actors are matched by ballot, slot, epoch, attempt and update: they may come anyhow. */
function isLoose(subject: string): boolean {
  const [cluster, kind] = subject.split('.', 2);
  return cluster === CLUSTER && (kind === 'quorum' || kind === 'master' || kind === 'agent');
}

/** For readers of a trace: the payload as far as it is our own MessagePack or JSON. */
function describe({ payload }: Message): string {
  try {
    return JSON.stringify(decode(payload).value, (_, value) =>
      value instanceof Uint8Array ? `<${value.length} bytes>` : value,
    ).slice(0, 400);
  } catch {
    return `<${payload.length} bytes>`;
  }
}
