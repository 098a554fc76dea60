/** A framework from outside, in one or two instances under one id, and the checkers of what becomes of its tasks. */
import type { Resources } from '../../protocol/resources.ts';
import { checkDismissals, checkFrameworkTasks } from '../checkers/framework-tasks.ts';
import type { LaunchTruth } from '../checkers/launch-truth.ts';
import type { ProcessTruth } from '../checkers/process-truth.ts';
import { CLUSTER, type ClusterNode, makeClientNode } from '../nodes/node.ts';
import type { World } from '../world.ts';
import { FrameworkClient } from './framework-client.ts';
import { FrameworkRecords } from './framework-records.ts';
import type { Workload } from './workload.ts';

/** Between two looks of the framework after what is open. */
const PROBE_MS = 500;
/** What was given up may take this long to die after the last task has been told. */
const SETTLE_MS = 30_000;

export interface FrameworkWorkloadOptions {
  readonly world: World;
  readonly launches: LaunchTruth;
  readonly processes: ProcessTruth;
  readonly agentTotal: Resources;
  /** Hosts of the agents. */
  readonly agents: readonly string[];
}

export class FrameworkWorkload implements Workload {
  readonly records: FrameworkRecords;
  readonly nodes: readonly ClusterNode<FrameworkClient>[];
  private readonly options: FrameworkWorkloadOptions;
  private readonly tearsDown: boolean;
  private stopped = false;
  private probedAtMs = 0;
  private endedAtMs: number | undefined;

  constructor(options: FrameworkWorkloadOptions) {
    const { world } = options;
    this.options = options;
    this.records = new FrameworkRecords('framework1', () => world.nowMs);
    const random = world.random.fork('framework workload');
    const common = {
      tearsDown: random.chance(0.2),
      slowestMs: random.pick([20, 80, 300]),
      tasksMax: random.pick([20, 50, 100]),
      forgetsChance: random.pick([0, 0.3, 1]),
      capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE'].filter(() => random.chance(0.5)),
    };
    this.tearsDown = common.tearsDown;
    this.nodes = Array.from({ length: random.pick([1, 2]) }, (_, index) =>
      this.makeInstance(`framework1${'ab'[index]}`, common),
    );
  }

  stopIssuing(): void {
    this.stopped = true;
    this.records.offeredWhole.clear();
    const [first, ...others] = this.nodes;
    first?.process.actor?.stopIssuing();
    for (const { process } of others) process.actor?.leave();
  }

  probe(): void {
    const { nowMs } = this.options.world;
    if (nowMs - this.probedAtMs < PROBE_MS) return;
    this.probedAtMs = nowMs;
    this.nodes[0]?.process.actor?.probe();
  }

  isDone(): boolean {
    if (this.missingParts().length > 0) return false;
    const { nowMs } = this.options.world;
    this.endedAtMs ??= nowMs;
    return nowMs - this.endedAtMs > SETTLE_MS || !this.isAnythingLeftRunning();
  }

  missing(): string {
    const state = this.nodes[0]?.process.actor?.state;
    return `${this.records.id} (${state}): ${this.missingParts().slice(0, 5).join(', ')}`;
  }

  check(): void {
    const { launches, processes, world } = this.options;
    checkFrameworkTasks(this.records, launches, processes, world.violations);
    checkDismissals(this.records, this.nodes.length, world.violations);
  }

  private missingParts(): readonly string[] {
    const { launches } = this.options;
    const kept = [...launches.ofFramework(this.records.id).values()]
      .flat()
      .filter(({ deletedMs }) => deletedMs === undefined)
      .map(({ attemptId, node }) => `${attemptId} is in the tree as ${node.chart.value}`);
    return [...kept, ...(this.tearsDown ? this.notTornDown() : this.notAtRest())];
  }

  private notTornDown(): readonly string[] {
    return this.records.isRefused ? [] : ['its id was not refused after its end'];
  }

  private notAtRest(): readonly string[] {
    const { records } = this;
    const open = records
      .open()
      .map(({ taskId, heard }) => `${taskId} is open, last told ${heard.at(-1)?.status.state}`);
    const notOffered = this.options.agents
      .filter((host) => !records.offeredWhole.has(host))
      .map((host) => `the whole of ${host} was not offered`);
    const notMet = records.isLastRequestMet ? [] : ['its last request was not met'];
    return [...open, ...notOffered, ...notMet];
  }

  private isAnythingLeftRunning(): boolean {
    const { processes } = this.options;
    return [...this.records.tasks.keys()].some((key) => processes.liveOf(key).length > 0);
  }

  private makeInstance(
    name: string,
    {
      slowestMs,
      ...common
    }: {
      readonly slowestMs: number;
      readonly tearsDown: boolean;
      readonly tasksMax: number;
      readonly forgetsChance: number;
      readonly capabilities: readonly string[];
    },
  ): ClusterNode<FrameworkClient> {
    const { world, agentTotal } = this.options;
    const random = world.random.fork(`framework workload ${name}`);
    return makeClientNode(world, name, (ports, run) => {
      const client = new FrameworkClient(ports, {
        name,
        cluster: CLUSTER,
        records: this.records,
        random: random.fork(run),
        thinkMs: [10, slowestMs],
        ...common,
        agentTotal,
        run,
      });
      if (this.stopped) client.stopIssuing();
      return client;
    });
  }
}
