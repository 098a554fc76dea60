/** Whether a request may and could be met by an agent: constraints and resources, in yes and no and in words. */
import {
  countPorts,
  isNegative,
  type ResourceRequest,
  type Resources,
  scalarNames,
  subtractResources,
} from '../../../protocol/resources.ts';
import { type AllocatorAgent, attemptsPerAgentMax, type WaitingRequest } from './contract.ts';

type Constraint = WaitingRequest['constraints'][number];

export function satisfies(
  agent: AllocatorAgent,
  constraints: WaitingRequest['constraints'],
): boolean {
  return constraints.every((constraint) => holds(agent, constraint));
}

function holds(agent: AllocatorAgent, constraint: Constraint): boolean {
  const value = attributeOf(agent, constraint.attribute);
  if (constraint.exists !== undefined && (value !== undefined) !== constraint.exists) return false;
  if (constraint.equals !== undefined && value !== constraint.equals) return false;
  if (constraint.in !== undefined && (value === undefined || !constraint.in.includes(value)))
    return false;
  return true;
}

function attributeOf(agent: AllocatorAgent, name: string): string | undefined {
  if (name === 'hostname') return agent.hostname;
  if (name === 'agentId') return agent.agentId;
  return Object.hasOwn(agent.attributes, name) ? agent.attributes[name] : undefined;
}

export function fits(available: Resources, request: ResourceRequest): boolean {
  return (
    scalarNames.every((name) => available[name] >= request[name]) &&
    (request.ports === 0 || countPorts(available.ports) >= request.ports)
  );
}

/** What an agent lacks, in words; empty when the request could run there at once. */
export function lacks(
  agent: AllocatorAgent,
  available: Resources,
  attempts: number,
  request: {
    readonly resources: ResourceRequest;
    readonly constraints: WaitingRequest['constraints'];
  },
): readonly string[] {
  const words: string[] = [];
  for (const constraint of request.constraints) {
    if (!holds(agent, constraint))
      words.push(`constraint ${JSON.stringify(constraint)} does not hold`);
  }
  for (const name of scalarNames) {
    const wanted = request.resources[name];
    if (agent.total[name] < wanted)
      words.push(`${name}: ${wanted} wanted, ${agent.total[name]} in total`);
    else if (available[name] < wanted)
      words.push(`${name}: ${wanted} wanted, ${available[name]} available`);
  }
  const ports = request.resources.ports;
  if (countPorts(agent.total.ports) < ports)
    words.push(`ports: ${ports} wanted, ${countPorts(agent.total.ports)} in total`);
  else if (countPorts(available.ports) < ports)
    words.push(`ports: ${ports} wanted, ${countPorts(available.ports)} available`);
  if (attempts >= attemptsPerAgentMax)
    words.push(`attempts: it has ${attempts}, and is given ${attemptsPerAgentMax} at the most`);
  return words;
}

/** What is left; nothing of a scalar where more is allocated than there is (an agent that came back smaller). */
export function availableOf(total: Resources, allocated: Resources): Resources {
  const left = subtractResources(total, allocated);
  if (!isNegative(left)) return left;
  return {
    ...left,
    cpus: Math.max(0, left.cpus),
    mem: Math.max(0, left.mem),
    disk: Math.max(0, left.disk),
    gpus: Math.max(0, left.gpus),
  };
}
