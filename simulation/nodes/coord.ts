/** A member of the quorum with its disk. */
import { CoordActor, type CoordBounds } from '../../actors/coord/coord.ts';
import { generousSettings } from '../../actors/coord/gateway/settings.ts';
import type { PlantedBugs } from '../../actors/planted.ts';
import type { MemberId } from '../../protocol/ids.ts';
import { inboxPrefixes } from '../../protocol/subjects.ts';
import type { Truth } from '../checkers/truth.ts';
import { SimulatedDisk } from '../disk.ts';
import { isDiskFailure, SimulatedProcess } from '../process.ts';
import type { World } from '../world.ts';
import { CLUSTER, type ClusterNode, clockErrorOf, SYSTEM_DIGEST } from './node.ts';

export interface CoordNode extends ClusterNode<CoordActor> {
  readonly kind: 'coord';
  readonly disk: SimulatedDisk;
  /** What it knows is worth nothing until it votes again and has applied this slot. */
  hurtUntilSlot: number | undefined;
  /** Its disk was emptied once: it is never bootstrapped again. */
  wiped: boolean;
}

export interface CoordNodeOptions {
  readonly world: World;
  /** Small ones let snapshots, sealed segments and forgotten entries come within seconds. */
  readonly bounds: Partial<CoordBounds>;
  readonly truth: Truth;
  readonly member: number;
  readonly members: number;
  /** Begins without a bootstrap, as one that joins. */
  readonly isObserver: boolean;
  /** Whether clients of ZooKeeper connect. */
  readonly hasGateway: boolean;
  readonly planted: PlantedBugs;
}

/** The port is one for all: each member is a machine of its own. */
const zookeeper = {
  ...{ host: '127.0.0.1', port: 2181, settings: generousSettings },
  process: {
    ...{ version: '3.9.3-simulated', builtOn: 'simulated', dataDirectory: 'data', environment: [] },
    ...{ initialConfiguration: '', openFiles: () => 0, openFilesMax: 0, series: () => [] },
  },
};

export function makeCoordNode(options: CoordNodeOptions): CoordNode {
  const { world, truth, planted } = options;
  const member = options.member as MemberId;
  const members = Array.from({ length: options.members }, (_, index) => (index + 1) as MemberId);
  const name = `coord${member}`;
  const disk = new SimulatedDisk(world.scheduler, world.random.fork(`disk ${name}`));
  const node: CoordNode = {
    kind: 'coord',
    name,
    disk,
    hurtUntilSlot: undefined,
    wiped: false,
    process: new SimulatedProcess<CoordActor>({
      world,
      name,
      inboxPrefix: inboxPrefixes.coord,
      disk,
      bulk: true,
      listens: options.hasGateway,
      noEcho: true,
      clockError: clockErrorOf(world, name),
      mayFail: isDiskFailure,
      create: (ports) =>
        new CoordActor(ports as ConstructorParameters<typeof CoordActor>[0], {
          cluster: CLUSTER,
          member,
          systemDigest: SYSTEM_DIGEST,
          planted,
          bounds: options.bounds,
          ...(options.hasGateway && { zookeeper }),
          observe: { applied: (slot) => truth.applied(name, slot) },
          ...(!node.wiped &&
            !options.isObserver && { bootstrap: { clusterId: 'simulated', members } }),
        }),
    }),
  };
  return node;
}

/** What the member says of itself; undefined while it does not run. */
export function coordStatus(node: CoordNode): ReturnType<CoordActor['describe']> | undefined {
  return node.process.isAlive ? node.process.actor?.describe() : undefined;
}

/** A hurt disk counts again when its member votes and knows what it knew before. */
export function isHurt(node: CoordNode): boolean {
  if (node.hurtUntilSlot === undefined) return false;
  const status = coordStatus(node);
  const votes =
    status !== undefined && !['recovering', 'catchingUp', 'observing'].includes(status.role);
  if (votes && status.slot >= node.hurtUntilSlot) node.hurtUntilSlot = undefined;
  return node.hurtUntilSlot !== undefined;
}
