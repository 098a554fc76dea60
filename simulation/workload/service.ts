/**
 * A framework of users: a service that is to be kept at its number of instances, by a process that crashes like any
 * other and begins again under the same id. In the end there are as many as are wanted, no two of one name, and they
 * are where the world was told that they are.
 */
import type { Actor, Ports } from '../../actors/actor.ts';
import { NatsLink } from '../../actors/framework/sdk/nats-link.ts';
import { ServiceKeeper } from '../../actors/framework/services/keeper.ts';
import type { InstanceRecord, ServiceSpec } from '../../actors/framework/services/spec.ts';
import type { ProcessTruth } from '../checkers/process-truth.ts';
import { CLUSTER, type ClusterNode, makeClientNode } from '../nodes/node.ts';
import type { VirtualProcess } from '../processes/processes.ts';
import type { SeededRandom } from '../random.ts';
import type { World } from '../world.ts';
import { taskEnvironment } from './task-client.ts';
import type { Workload } from './workload.ts';

const KEY = 'service';
const CPUS = 0.25;
const MEM_MIB = 32;
/** Longer than any run: an instance that nobody knows of any more does not go away by itself. */
const RUN_SECONDS = 86_400;
const INSTANCES_MAX = 4;
const RESCALE_MS = [1000, 6000] as const;

const spec: ServiceSpec = {
  name: 'web',
  command: `sleep ${RUN_SECONDS}`,
  env: {
    [taskEnvironment.key]: KEY,
    [taskEnvironment.cpus]: String(CPUS),
    [taskEnvironment.mem]: String(MEM_MIB),
  },
  resources: { cpus: CPUS, mem: MEM_MIB, disk: 0, gpus: 0, ports: 1 },
  killGraceSeconds: 1,
};

/** What outlives the service's process. */
interface Lasting {
  readonly registered: Map<string, InstanceRecord>;
  wanted: number;
  issuing: boolean;
  /** Why the master has ended the framework, which nobody asked for. */
  over: string | undefined;
}

class ServiceProcess implements Actor {
  private readonly ports: Ports;
  private readonly lasting: Lasting;
  private readonly random: SeededRandom;
  private link: NatsLink | undefined;
  private keeper: ServiceKeeper | undefined;

  constructor(ports: Ports, lasting: Lasting, random: SeededRandom) {
    this.ports = ports;
    this.lasting = lasting;
    this.random = random;
  }

  get ids(): readonly string[] {
    return this.keeper?.ids ?? [];
  }

  start(): void {
    const { clock, random, log } = this.ports;
    const { registered } = this.lasting;
    this.link = new NatsLink(this.ports, {
      cluster: CLUSTER,
      info: {
        ...{ user: '', name: 'service', id: { value: 'service-web' }, failover_timeout: 86_400 },
        capabilities: [{ type: 'PARTITION_AWARE' }],
      },
    });
    this.keeper = new ServiceKeeper(this.link, {
      ...{ clock, random, log, spec, records: new Map(registered) },
      registry: {
        register: (record) => void registered.set(record.id, record),
        withdraw: (id) => void registered.delete(id),
      },
      over: (message) => {
        this.lasting.over ??= message;
      },
    });
    this.keeper.scaleTo(this.lasting.wanted);
    this.link.open();
    this.rescale();
  }

  endTurn(): void {
    // Calls leave as they are made.
  }

  stop(done: () => void): void {
    this.keeper?.stop();
    this.link?.close();
    done();
  }

  private rescale(): void {
    this.ports.clock.after(this.random.between(...RESCALE_MS), () => {
      if (this.lasting.issuing) {
        this.lasting.wanted = Math.floor(this.random.between(0, INSTANCES_MAX + 1));
        this.keeper?.scaleTo(this.lasting.wanted);
      }
      this.rescale();
    });
  }
}

export class ServiceWorkload implements Workload {
  readonly node: ClusterNode<ServiceProcess>;
  private readonly world: World;
  private readonly processes: ProcessTruth;
  private readonly lasting: Lasting = {
    registered: new Map(),
    wanted: INSTANCES_MAX,
    issuing: true,
    over: undefined,
  };

  constructor(world: World, processes: ProcessTruth) {
    this.world = world;
    this.processes = processes;
    const random = world.random.fork('service workload');
    this.node = makeClientNode(
      world,
      'service',
      (ports, run) => new ServiceProcess(ports, this.lasting, random.fork(run)),
    );
  }

  stopIssuing(): void {
    this.lasting.issuing = false;
  }

  probe(): void {
    const { over } = this.lasting;
    if (over !== undefined)
      this.world.violations.report('liveness', `the service's framework was ended: ${over}`);
  }

  isDone(): boolean {
    const { registered, wanted } = this.lasting;
    const running = [...registered.values()].filter(({ state }) => state === 'running');
    return (
      registered.size === wanted &&
      same(this.live().map(nameOf), [...(this.node.process.actor?.ids ?? [])]) &&
      same(
        this.live().map((process) => `${nameOf(process)} ${process.machine}`),
        running.map(({ id, hostname }) => `${id} ${hostname}`),
      )
    );
  }

  missing(): string {
    const { wanted, registered } = this.lasting;
    return `${wanted} instances of the service: there run ${this.live().map(nameOf)}, registered are ${[...registered.keys()]}, it knows of ${this.node.process.actor?.ids}`;
  }

  check(): void {
    const started = new Map<string, VirtualProcess>();
    for (const process of this.processes.byKey.get(KEY) ?? []) {
      const twin = started.get(nameOf(process));
      if (twin !== undefined)
        this.world.violations.report(
          'no-second-live-attempt',
          `the instance ${nameOf(process)} was started on ${twin.machine} and on ${process.machine}`,
        );
      started.set(nameOf(process), process);
    }
  }

  private live(): readonly VirtualProcess[] {
    return this.processes.liveOf(KEY);
  }
}

function nameOf(process: VirtualProcess): string {
  return process.spec.env.MESOZOO_INSTANCE ?? process.sandbox;
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
}
