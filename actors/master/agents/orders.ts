/** Orders to agents; each carries the epoch. */

import { pack } from '../../../protocol/codec.ts';
import type { AgentId, Epoch, MasterId } from '../../../protocol/ids.ts';
import type { AttemptSpec, MasterOrder } from '../../../protocol/orders.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import type { Transport } from '../../actor.ts';
import type { Task } from '../tasks/task.ts';

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

/** What an agent needs to run the task's present attempt. A command is run by `/bin/sh -c`. */
export function specOf(task: Task, executor: 'process' | 'noop'): AttemptSpec {
  const { request } = task;
  const attempt = task.attempt!;
  return {
    attemptId: attempt.attemptId,
    taskId: task.id,
    name: request.name,
    argv: request.argv ?? ['/bin/sh', '-c', request.command!],
    env: environmentOf(task),
    user: request.user,
    limits: request.limits,
    resources: attempt.resources,
    timeoutMs: request.timeoutSeconds === undefined ? undefined : request.timeoutSeconds * 1000,
    killGraceMs: request.killGraceSeconds * 1000,
    executor,
  };
}

/** Ports as the tools of the Mesos world expect them: `PORT0`, `PORT1`, … */
function environmentOf(task: Task): Record<string, string> {
  const attempt = task.attempt!;
  const ports = attempt.resources.ports.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  const env: Record<string, string> = {
    ...task.request.env,
    MESOZOO_TASK_ID: task.id,
    MESOZOO_ATTEMPT_ID: attempt.attemptId,
  };
  if (ports.length > 0) env.MESOZOO_PORTS = ports.join(',');
  ports.forEach((port, index) => {
    env[`PORT${index}`] = String(port);
  });
  return env;
}
