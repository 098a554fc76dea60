/** A container's process is stopped, killed or paused: the leading coord, the leading master, an agent, NATS servers. */
import { agents, type ContainerCluster, natsServers } from '../cluster.ts';
import { exits, exitsWith, type Fault, type Harm } from './fault.ts';

const DOWN_MS = 3000;
/** Longer than an election and than a master's session. */
const PAUSED_MS = 6000;
/** Until an agent that is not heard is unreachable, and then removed (actors/master/options.ts), and some more. */
const AGENT_PAUSED_MS = 10_000 + 30_000 + 4000;

async function stopped(
  cluster: ContainerCluster,
  victims: readonly string[],
  exitCode: number,
): Promise<Harm> {
  const services = victims.map((name) => cluster.service(name));
  await Promise.all(services.map((service) => service.stop()));
  return {
    ...{ victims, lastsMs: DOWN_MS },
    heal: async () => void (await Promise.all(services.map((service) => service.start()))),
    explains: exitsWith(exitCode),
  };
}

async function killed(cluster: ContainerCluster, victim: string): Promise<Harm> {
  await cluster.service(victim).kill();
  return {
    ...{ victims: [victim], lastsMs: DOWN_MS },
    heal: () => cluster.service(victim).start(),
    explains: exitsWith(exits.killed),
  };
}

async function paused(
  cluster: ContainerCluster,
  victim: string,
  lastsMs = PAUSED_MS,
): Promise<Harm> {
  await cluster.service(victim).pause();
  return { victims: [victim], lastsMs, heal: () => cluster.service(victim).unpause() };
}

export const processFaults: readonly Fault[] = [
  {
    name: 'coord-stopped',
    what: 'the leading coord is stopped',
    deposes: 'coord',
    strike: async (cluster) => stopped(cluster, [await cluster.leadingCoord()], exits.well),
  },
  {
    name: 'coord-killed',
    what: 'the leading coord is killed',
    deposes: 'coord',
    strike: async (cluster) => killed(cluster, await cluster.leadingCoord()),
  },
  {
    name: 'coord-paused',
    what: 'the leading coord is paused',
    deposes: 'coord',
    strike: async (cluster) => paused(cluster, await cluster.leadingCoord()),
  },
  {
    name: 'master-stopped',
    what: 'the leading master is stopped',
    deposes: 'master',
    strike: async (cluster) => stopped(cluster, [await cluster.leadingMaster()], exits.well),
  },
  {
    name: 'master-killed',
    what: 'the leading master is killed',
    deposes: 'master',
    strike: async (cluster) => killed(cluster, await cluster.leadingMaster()),
  },
  {
    name: 'master-paused',
    what: 'the leading master is paused',
    deposes: 'master',
    strike: async (cluster) => paused(cluster, await cluster.leadingMaster()),
  },
  {
    name: 'agent-stopped',
    what: 'an agent is stopped',
    agentTasksEnd: 'TASK_KILLED',
    strike: (cluster, random) => stopped(cluster, [random.pick(agents)], exits.well),
  },
  {
    name: 'agent-killed',
    what: 'an agent is killed',
    agentTasksEnd: 'TASK_LOST',
    strike: (cluster, random) => killed(cluster, random.pick(agents)),
  },
  {
    name: 'agent-paused',
    what: 'an agent is paused until it has been removed, and goes on',
    agentTasksEnd: 'TASK_LOST',
    strike: (cluster, random) => paused(cluster, random.pick(agents), AGENT_PAUSED_MS),
  },
  {
    name: 'nats-stopped',
    what: 'a NATS server is stopped',
    strike: (cluster, random) => stopped(cluster, [random.pick(natsServers)], exits.natsStopped),
  },
  {
    name: 'nats-majority-stopped',
    what: 'two of the three NATS servers are stopped',
    strike: (cluster, random) =>
      stopped(cluster, random.shuffle(natsServers).slice(0, 2), exits.natsStopped),
  },
];
