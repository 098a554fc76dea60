/** A master. */
import { TasksFramework } from '../../actors/framework/tasks/tasks-framework.ts';
import { MasterActor } from '../../actors/master/master.ts';
import type { PlantedBugs } from '../../actors/planted.ts';
import type { MasterId } from '../../protocol/ids.ts';
import { inboxPrefixes } from '../../protocol/subjects.ts';
import { SimulatedProcess } from '../process.ts';
import type { World } from '../world.ts';
import { CLUSTER, type ClusterNode, clockErrorOf, SYSTEM_DIGEST } from './node.ts';

export function makeMasterNode(
  world: World,
  number: number,
  planted: PlantedBugs,
): ClusterNode<MasterActor> {
  const name = `master${number}`;
  return {
    kind: 'master',
    name,
    process: new SimulatedProcess<MasterActor>({
      world,
      name,
      inboxPrefix: inboxPrefixes.master,
      clockError: clockErrorOf(world, name),
      create: (ports, run) =>
        new MasterActor(ports, {
          cluster: CLUSTER,
          masterId: `${name}-${run}` as MasterId,
          hostname: name,
          ip: '127.0.0.1',
          port: 5040 + 10 * number,
          version: 'simulated',
          digest: SYSTEM_DIGEST,
          bundled: [(parts) => new TasksFramework(parts)],
          planted,
        }),
    }),
  };
}
