/** The clients of the tree, and the checkers of what they were told. */

import type { Actor } from '../../actors/actor.ts';
import { checkAcknowledgedWrites } from '../checkers/acknowledged-writes.ts';
import { checkClientOrder } from '../checkers/client-order.ts';
import { ReplyOrderChecker } from '../checkers/reply-order.ts';
import { checkSequentialOrder } from '../checkers/sequential-order.ts';
import type { Truth } from '../checkers/truth.ts';
import { checkWatchOrder } from '../checkers/watch-order.ts';
import { CLUSTER, type ClusterNode, makeClientNode } from '../nodes/node.ts';
import type { World } from '../world.ts';
import { FinalReader } from './final-reader.ts';
import { History } from './history.ts';
import type { Workload } from './workload.ts';
import { workloadPaths, ZnodeClient } from './znode-client.ts';
import { ZookeeperClient } from './zookeeper-client.ts';

export interface ZnodeWorkloadOptions {
  readonly znodeClients: number;
  readonly zookeeperClients: number;
  /** The members that clients of ZooKeeper connect to. */
  readonly servers: readonly string[];
}

/** Of either door. */
interface TreeClient extends Actor {
  readonly state: string;
  readonly outstanding: number;
  readonly probed: boolean;
  probe(): void;
  stopIssuing(): void;
}

export class ZnodeWorkload implements Workload {
  readonly history = new History();
  readonly nodes: readonly ClusterNode<TreeClient>[];
  private readonly world: World;
  private readonly truth: Truth;
  private reader: ClusterNode<FinalReader> | undefined;
  private stopped = false;

  constructor(world: World, truth: Truth, options: ZnodeWorkloadOptions) {
    this.world = world;
    this.truth = truth;
    const random = world.random.fork('znode workload');
    const registers = random.whole(1, 3);
    const slowestMs = random.pick([20, 60, 200]);
    const outstandingMax = random.pick([1, 4, 16]);
    const sessionTimeoutMs = random.pick([2000, 4000, 10_000]);
    const overNats = Array.from({ length: options.znodeClients }, (_, index) => {
      const name = `client${index + 1}`;
      return makeClientNode(world, name, (ports, run) => {
        const client = new ZnodeClient(ports, {
          name,
          cluster: CLUSTER,
          history: this.history,
          random: random.fork(`${name} ${run}`),
          registers,
          thinkMs: [2, slowestMs],
          outstandingMax,
          sessionTimeoutMs,
          run,
        });
        if (this.stopped) client.stopIssuing();
        return client;
      });
    });
    const replies = new ReplyOrderChecker(world.violations);
    const overTcp = Array.from({ length: options.zookeeperClients }, (_, index) => {
      const name = `zookeeper${index + 1}`;
      return makeClientNode(world, name, (ports, run, life) => {
        const client = new ZookeeperClient(ports, {
          ...{ name, run, replies, registers, outstandingMax, servers: options.servers },
          dial: (server, handlers) => world.tcp.dial(name, life, server, handlers),
          history: this.history,
          random: random.fork(`${name} ${run}`),
          thinkMs: [2, slowestMs],
        });
        if (this.stopped) client.stopIssuing();
        return client;
      });
    });
    this.nodes = [...overNats, ...overTcp];
  }

  stopIssuing(): void {
    this.stopped = true;
    for (const node of this.nodes) node.process.actor?.stopIssuing();
  }

  probe(): void {
    for (const client of this.clients()) if (client.outstanding === 0) client.probe();
    const written = this.clients().every((client) => client.probed && client.outstanding === 0);
    if (written && this.reader === undefined) {
      this.reader = makeClientNode(
        this.world,
        'reader',
        (ports) => new FinalReader(ports, { cluster: CLUSTER, roots: [workloadPaths.root] }),
      );
      this.reader.process.start();
    }
  }

  isDone(): boolean {
    return this.reader?.process.actor?.result() !== undefined;
  }

  missing(): string {
    const waiting = this.nodes
      .filter(({ process }) => process.actor?.probed !== true || process.actor.outstanding > 0)
      .map(
        ({ name, process }) =>
          `${name} (${process.actor?.state}, ${process.actor?.outstanding} outstanding, final write ${process.actor?.probed === true ? 'done' : 'missing'})`,
      );
    return waiting.length > 0 ? waiting.join(', ') : 'the final reading of the tree';
  }

  check(): void {
    const final = this.reader?.process.actor?.result();
    const { violations } = this.world;
    if (final !== undefined) checkAcknowledgedWrites(this.history, final, violations);
    checkClientOrder(this.history, violations);
    checkSequentialOrder(this.history, violations);
    checkWatchOrder(this.history, this.truth.changes, violations);
  }

  private clients(): readonly TreeClient[] {
    return this.nodes.flatMap(({ process }) => process.actor ?? []);
  }
}
