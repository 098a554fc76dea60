/** An agent with its machine: what runs there outlives the agent, but not the machine. */
import { AgentActor } from '../../actors/agent/agent.ts';
import type { PlantedBugs } from '../../actors/planted.ts';
import type { Resources } from '../../protocol/resources.ts';
import { inboxPrefixes } from '../../protocol/subjects.ts';
import { SimulatedDisk } from '../disk.ts';
import { isDiskFailure, SimulatedProcess } from '../process.ts';
import { MachineProcesses, type VirtualProcess } from '../processes/processes.ts';
import type { World } from '../world.ts';
import { CLUSTER, type ClusterNode, clockErrorOf, SYSTEM_DIGEST } from './node.ts';

export interface AgentNodeOptions {
  readonly world: World;
  readonly number: number;
  readonly total: Resources;
  readonly planted: PlantedBugs;
  readonly onStart: (process: VirtualProcess) => void;
  readonly onEnd: (process: VirtualProcess) => void;
}

export interface AgentNode extends ClusterNode<AgentActor> {
  readonly machine: MachineProcesses;
}

export function makeAgentNode(options: AgentNodeOptions): AgentNode {
  const { world, number, total, planted, onStart, onEnd } = options;
  const name = `agent${number}`;
  const disk = new SimulatedDisk(world.scheduler, world.random.fork(`disk ${name}`));
  const machine = new MachineProcesses({
    machine: name,
    scheduler: world.scheduler,
    random: world.random.fork(`machine ${name}`),
    trace: world.trace,
    onStart,
    onEnd,
  });
  return {
    kind: 'agent',
    name,
    disk,
    machine,
    process: new SimulatedProcess<AgentActor>({
      world,
      name,
      inboxPrefix: inboxPrefixes.agent,
      disk,
      processes: machine,
      clockError: clockErrorOf(world, name),
      mayFail: isDiskFailure,
      create: (ports) =>
        new AgentActor(ports as ConstructorParameters<typeof AgentActor>[0], {
          cluster: CLUSTER,
          hostname: name,
          name,
          total,
          attributes: { number: String(number) },
          version: 'simulated',
          digest: SYSTEM_DIGEST,
          planted,
        }),
    }),
  };
}
