/** What a service is, what an instance of it is, and the task that runs one. */
import type { ResourceRequest, Resources } from '../../../protocol/resources.ts';
import type { AgentOffers } from '../sdk/agent-offers.ts';
import type { TaskInfoInput } from '../sdk/scheduler.ts';
import { taskInfo } from '../sdk/task-info.ts';

export interface ServiceSpec {
  /** Letters, digits, `-` and `_`: a name of a znode, and the beginning of every task id. */
  readonly name: string;
  /** Run by `/bin/sh -c`, with PORT0, PORT1, … of the ports that it was given. */
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of one instance; `ports` is how many. */
  readonly resources: ResourceRequest;
  /** Between SIGTERM and SIGKILL. */
  readonly killGraceSeconds: number;
}

/** What others find under `/services/<name>/<id>`. */
export interface InstanceRecord {
  /** Its task's id. */
  readonly id: string;
  readonly agentId: string;
  readonly hostname: string;
  readonly ports: readonly number[];
  readonly state: 'starting' | 'running';
}

/** Where the instances are told to the world. Both are told at once and written soon, in the end surely. */
export interface Registry {
  register(record: InstanceRecord): void;
  withdraw(id: string): void;
}

export function instanceTask(
  spec: ServiceSpec,
  id: string,
  on: AgentOffers,
  resources: Resources,
): TaskInfoInput {
  const { name, command, env, killGraceSeconds } = spec;
  const withNames = { ...env, MESOZOO_SERVICE: name, MESOZOO_INSTANCE: id };
  return taskInfo({ id, name, on, resources, command, env: withNames, killGraceSeconds });
}

export function portsOf({ ports }: Resources): number[] {
  return ports.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}
