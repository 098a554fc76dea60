/** Masters, agents and the users of the scheduler, and the checkers of what becomes of their tasks. */
import type { PlantedBugs } from '../../actors/planted.ts';
import type { Resources } from '../../protocol/resources.ts';
import { isFinal } from '../../protocol/task-states.ts';
import { EpochChecker } from '../checkers/epochs.ts';
import { LaunchTruth } from '../checkers/launch-truth.ts';
import { ProcessTruth } from '../checkers/process-truth.ts';
import { TaskTruth } from '../checkers/task-truth.ts';
import { checkTasks } from '../checkers/tasks.ts';
import type { Truth } from '../checkers/truth.ts';
import type { Profile } from '../faults/profiles.ts';
import { type AgentNode, makeAgentNode } from '../nodes/agent.ts';
import { makeMasterNode } from '../nodes/master.ts';
import { CLUSTER, type ClusterNode, makeClientNode } from '../nodes/node.ts';
import type { World } from '../world.ts';
import { TaskClient } from './task-client.ts';
import { TaskRecords } from './task-records.ts';
import type { Workload } from './workload.ts';

export const AGENT: Resources = {
  cpus: 4,
  mem: 4096,
  disk: 10_000,
  gpus: 0,
  ports: [[31_000, 31_007]],
};
/** Between two questions of the clients after their tasks. */
const PROBE_MS = 500;
/** What was given up may take this long to die after the last task has been decided. */
const SETTLE_MS = 30_000;

export interface TaskWorkloadOptions {
  readonly world: World;
  readonly truth: Truth;
  readonly profile: Profile;
  readonly planted: PlantedBugs;
}

export class TaskWorkload implements Workload {
  readonly records = new TaskRecords();
  readonly nodes: readonly ClusterNode[];
  readonly processes: ProcessTruth;
  /** Of all frameworks. */
  readonly launches: LaunchTruth;
  /** Hosts of the agents. */
  readonly agents: readonly string[];
  private readonly clients: readonly ClusterNode<TaskClient>[];
  private readonly world: World;
  private readonly tree: TaskTruth;
  private stopped = false;
  private probedAtMs = 0;
  private endedAtMs: number | undefined;

  constructor(options: TaskWorkloadOptions) {
    const { world, truth, profile, planted } = options;
    this.world = world;
    const { violations } = world;
    this.tree = new TaskTruth(violations, AGENT);
    this.launches = new LaunchTruth(violations, AGENT, () => world.nowMs);
    truth.onSlot((slot) => {
      this.tree.slot(slot);
      this.launches.slot(slot);
    });
    this.processes = new ProcessTruth(violations, AGENT);
    const epochs = new EpochChecker(violations, {
      cluster: CLUSTER,
      runOf: (agent) => {
        const process = this.nodes.find(({ name }) => name === agent)?.process;
        return process?.isRunning === true ? process.runs : undefined;
      },
      after: (ms, run) => void world.scheduler.after(ms * 1000, run),
    });
    world.server.onSent = (from, { subject, payload }) => epochs.sent(from, subject, payload);
    world.server.onDelivered = (to, { subject, payload }) => epochs.delivered(to, subject, payload);
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    const masters = numbers(profile.masters).map((number) =>
      makeMasterNode(world, number, planted),
    );
    const agents = numbers(profile.agents).map(
      (number): AgentNode =>
        makeAgentNode({
          world,
          number,
          total: AGENT,
          planted,
          onStart: (process) => {
            this.processes.started(process);
            epochs.started(process);
          },
          onEnd: (process) => this.processes.ended(process),
        }),
    );
    this.agents = agents.map(({ name }) => name);
    this.clients = numbers(profile.taskClients).map((number) => this.makeClient(number));
    this.nodes = [...masters, ...agents, ...this.clients];
  }

  stopIssuing(): void {
    this.stopped = true;
    for (const { process } of this.clients) process.actor?.stopIssuing();
  }

  probe(): void {
    if (this.world.nowMs - this.probedAtMs < PROBE_MS) return;
    this.probedAtMs = this.world.nowMs;
    for (const { process } of this.clients) process.actor?.probe();
  }

  isDone(): boolean {
    if (this.waiting().length > 0) return false;
    this.endedAtMs ??= this.world.nowMs;
    const given = this.world.nowMs - this.endedAtMs;
    return given > SETTLE_MS || this.leftRunning().length === 0;
  }

  missing(): string {
    return this.waiting()
      .map(
        ({ key, taskId, state }) =>
          `${key} ${taskId ?? 'not acknowledged'} ${state ?? ''} (tree: ${taskId === undefined ? '' : this.tree.stateOf(taskId)})`,
      )
      .slice(0, 5)
      .join(', ');
  }

  check(): void {
    checkTasks(this.records, this.tree, this.processes, this.world.violations);
  }

  private waiting() {
    return [...this.records.byKey.values()].filter(
      ({ refused, state }) => refused === undefined && (state === undefined || !isFinal(state)),
    );
  }

  private leftRunning() {
    return this.records.acknowledged.filter(({ key }) => this.processes.liveOf(key).length > 0);
  }

  private makeClient(number: number): ClusterNode<TaskClient> {
    const { world } = this;
    const name = `user${number}`;
    const random = world.random.fork(`task workload ${name}`);
    const slowestMs = random.pick([100, 300, 1000]);
    const tasksMax = random.pick([5, 15, 40]);
    return makeClientNode(world, name, (ports, run) => {
      const client = new TaskClient(ports, {
        name,
        cluster: CLUSTER,
        records: this.records,
        random: random.fork(run),
        thinkMs: [10, slowestMs],
        tasksMax,
        run,
      });
      if (this.stopped) client.stopIssuing();
      return client;
    });
  }
}
