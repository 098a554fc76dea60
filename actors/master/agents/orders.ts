/** Orders to agents; each carries the epoch. */

import { pack } from '../../../protocol/codec.ts';
import type { TaskInfo } from '../../../protocol/framework-api.ts';
import type { AgentId, Epoch, MasterId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { AttemptSpec, MasterOrder } from '../../../protocol/orders.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import type { ProcessLimits } from '../../../protocol/task-api.ts';
import type { Transport } from '../../actor.ts';
import { killGraceMsOf, type Launch, taskOfAttempt } from '../launches/launch.ts';

type WithoutSender<Order> = Order extends unknown ? Omit<Order, 'masterId' | 'epoch'> : never;
export type OrderBody = WithoutSender<MasterOrder>;

export class Orders {
  private readonly transport: Transport;
  private readonly subjects: Subjects;
  private readonly masterId: MasterId;
  private readonly epoch: Epoch;

  constructor(transport: Transport, subjects: Subjects, masterId: MasterId, epoch: Epoch) {
    this.transport = transport;
    this.subjects = subjects;
    this.masterId = masterId;
    this.epoch = epoch;
  }

  send(agentId: AgentId, order: OrderBody): void {
    const { masterId, epoch } = this;
    this.transport.publish(this.subjects.toAgent(agentId), pack({ ...order, masterId, epoch }));
  }
}

/** What an agent needs to run it. A shell command is run by `/bin/sh -c`; of other arguments the first is argv[0], as in Mesos. */
export function specOf(launch: Launch, executor: 'process' | 'noop'): AttemptSpec {
  const { attemptId, info, resources } = launch;
  const command = info.command!;
  const program = command.value!;
  return {
    attemptId,
    taskId: taskOfAttempt(attemptId),
    name: info.name,
    argv: command.shell
      ? ['/bin/sh', '-c', program]
      : [program, ...(command.arguments ?? []).slice(1)],
    env: environmentOf(launch),
    user: command.user,
    limits: limitsOf(info),
    resources,
    timeoutMs:
      info.max_completion_time === undefined
        ? undefined
        : info.max_completion_time.nanoseconds / 1e6,
    killGraceMs: killGraceMsOf(launch),
    executor,
  };
}

const MIB = 1024 * 1024;

/** The hard bound, as the soft one is the process's own to change. */
function limitsOf(info: TaskInfo): ProcessLimits | undefined {
  const rlimits = info.container?.rlimit_info?.rlimits;
  if (rlimits === undefined || rlimits.length === 0) return undefined;
  const bound = (type: string) => {
    const found = rlimits.find((one) => one.type === type);
    return found?.hard ?? found?.soft;
  };
  // What is above all that there is bounds nothing.
  const whole = (value: number | undefined, max: number) =>
    value === undefined || value > max ? undefined : Math.max(1, Math.floor(value));
  const mebibytes = (bytes: number | undefined) =>
    whole(bytes === undefined ? undefined : bytes / MIB, limits.memMiBMax);
  return {
    openFiles: whole(bound('RLMT_NOFILE'), limits.openFilesMax),
    addressSpaceMiB: mebibytes(bound('RLMT_AS')),
    fileSizeMiB: mebibytes(bound('RLMT_FSIZE')),
  };
}

/** Ports as the tools of the Mesos world expect them: `PORT0`, `PORT1`, … */
function environmentOf({ framework, attemptId, info, resources }: Launch): Record<string, string> {
  const ports = resources.ports.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  const env: Record<string, string> = {};
  for (const { name, value } of info.command?.environment?.variables ?? []) env[name] = value ?? '';
  env.MESOZOO_TASK_ID = framework.isBundled ? taskOfAttempt(attemptId) : info.task_id.value;
  env.MESOZOO_ATTEMPT_ID = attemptId;
  if (ports.length > 0) env.MESOZOO_PORTS = ports.join(',');
  ports.forEach((port, index) => {
    env[`PORT${index}`] = String(port);
  });
  return env;
}
