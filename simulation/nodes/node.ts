/** What all nodes of a simulated cluster have in common. */
import type { Actor, Ports } from '../../actors/actor.ts';
import { inboxPrefixes } from '../../protocol/subjects.ts';
import type { ClockError } from '../clock.ts';
import type { SimulatedDisk } from '../disk.ts';
import type { Life } from '../life.ts';
import { SimulatedProcess } from '../process.ts';
import type { World } from '../world.ts';

export const CLUSTER = 'mz';
export const SYSTEM_DIGEST = 'system:simulated_secret';

export type NodeKind = 'coord' | 'master' | 'agent' | 'client';

export interface ClusterNode<A extends Actor = Actor> {
  readonly kind: NodeKind;
  readonly name: string;
  readonly process: SimulatedProcess<A>;
  /** Where it has one: emptied or damaged disks are a fault of their own. */
  readonly disk?: SimulatedDisk;
}

/** Quartz is good to 1 in 10,000; the wall clocks of neighbours differ by seconds. */
export function clockErrorOf(world: World, name: string): ClockError {
  const random = world.random.fork(`clock ${name}`);
  return {
    rate: 1 + random.between(-0.0005, 0.0005),
    wallOffsetMs: Math.round(random.between(-3000, 3000)),
  };
}

/** A process of a user: workloads. */
export function makeClientNode<A extends Actor>(
  world: World,
  name: string,
  create: (ports: Ports, run: number, life: Life) => A,
): ClusterNode<A> {
  return {
    kind: 'client',
    name,
    process: new SimulatedProcess<A>({
      world,
      name,
      inboxPrefix: inboxPrefixes.client,
      clockError: clockErrorOf(world, name),
      create,
    }),
  };
}
