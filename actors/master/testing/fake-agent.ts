/**
 * An agent for tests of the master: keeps to protocol/orders.ts, and does with its attempts what a test says. It keeps
 * updates until they are acknowledged, and remembers every attempt that ever began to run.
 */
import { pack, unpack } from '../../../protocol/codec.ts';
import type { AgentId, AttemptId, Epoch, MasterId, TaskId } from '../../../protocol/ids.ts';
import type {
  AgentMessage,
  AttemptSpec,
  AttemptState,
  MasterOrder,
  StatusUpdate,
} from '../../../protocol/orders.ts';
import type { Resources } from '../../../protocol/resources.ts';
import { subjectsOf } from '../../../protocol/subjects.ts';
import { isFinal, type TaskReason } from '../../../protocol/task-states.ts';
import type { Ports } from '../../actor.ts';

const subjects = subjectsOf('mz');
type Body<M> = M extends unknown ? Omit<M, 'agentId' | 'reply'> : never;

interface Running {
  readonly spec: AttemptSpec;
  state: AttemptState | 'TASK_STAGING';
  number: number;
  unacknowledged: StatusUpdate[];
}

export class FakeAgent {
  readonly agentId: AgentId;
  readonly ports: Ports;
  readonly total: Resources;
  readonly attributes: Record<string, string>;
  readonly attempts = new Map<AttemptId, Running>();
  /** Every attempt that began, each time it did. */
  readonly began: AttemptId[] = [];
  readonly killed: AttemptId[] = [];
  readonly gaveUp: AttemptId[] = [];
  epoch = 0 as Epoch;
  master: MasterId | undefined;
  leaderEpoch = 0 as Epoch;
  registered = false;
  /** With which it refuses every launch. */
  refusal: TaskReason | undefined;
  /** Of the kills it was asked for. */
  readonly graces: number[] = [];
  /** What it is to kill goes on for a while. */
  slowToKill = false;
  /** What it is to give up goes on for a while. */
  slowToGiveUp = false;
  private heardAtMs = 0;
  private pingTimeoutMs = Number.POSITIVE_INFINITY;
  /** A silent agent neither hears nor says anything. */
  silent = false;
  /** What an attempt does when it is launched; nothing by default. */
  onLaunch: (attempt: AttemptSpec) => void = () => undefined;

  constructor(
    ports: Ports,
    id: string,
    total: Partial<Resources> = {},
    attributes: Record<string, string> = {},
  ) {
    this.ports = ports;
    this.agentId = id as AgentId;
    this.attributes = attributes;
    this.total = { cpus: 4, mem: 4096, disk: 1000, gpus: 0, ports: [[31000, 31009]], ...total };
    ports.transport.subscribe(subjects.toAgent(this.agentId), (delivery) => {
      if (!this.silent) this.receive(unpack(delivery.payload) as MasterOrder);
    });
    this.repeat();
  }

  /** The process ends and comes back with what it had written down. */
  restart(): void {
    this.registered = false;
  }

  status(attemptId: AttemptId, state: AttemptState, more: Partial<StatusUpdate> = {}): void {
    const attempt = this.attempts.get(attemptId);
    if (attempt === undefined) throw new Error(`no attempt ${attemptId}`);
    attempt.state = state;
    attempt.number += 1;
    const update: StatusUpdate = {
      attemptId,
      taskId: attempt.spec.taskId,
      number: attempt.number,
      state,
      atMs: this.ports.clock.wallMs(),
      ...more,
    };
    attempt.unacknowledged.push(update);
    this.send({ type: 'status', epoch: this.epoch, update });
  }

  run(attemptId: AttemptId): void {
    this.status(attemptId, 'TASK_STARTING');
    this.status(attemptId, 'TASK_RUNNING');
  }

  finish(attemptId: AttemptId): void {
    this.status(attemptId, 'TASK_FINISHED', { exitCode: 0, reason: 'REASON_COMMAND_EXITED' });
  }

  send(message: Body<AgentMessage>): void {
    if (this.master === undefined || this.silent) return;
    this.ports.transport.publish(
      subjects.toMaster(this.master),
      pack({ ...message, agentId: this.agentId, reply: subjects.toAgent(this.agentId) }),
    );
  }

  register(): void {
    this.send({
      type: 'register',
      epoch: this.leaderEpoch,
      info: {
        agentId: this.agentId,
        hostname: `${this.agentId}.host`,
        total: this.total,
        attributes: this.attributes,
        version: '1',
      },
      attempts: [...this.attempts.values()].map(({ spec, state, unacknowledged }) => ({
        attemptId: spec.attemptId,
        taskId: spec.taskId,
        state,
        resources: spec.resources,
        unacknowledged,
      })),
    });
  }

  /** Registers and sends its updates again until somebody answers. */
  private repeat(): void {
    this.ports.clock.after(500, () => {
      if (this.ports.clock.monotonicMs() - this.heardAtMs > this.pingTimeoutMs)
        this.registered = false;
      if (!this.registered) this.register();
      else
        for (const { unacknowledged } of this.attempts.values())
          for (const update of unacknowledged)
            this.send({ type: 'status', epoch: this.epoch, update });
      this.repeat();
    });
  }

  private receive(order: MasterOrder): void {
    if (order.epoch < this.epoch) {
      this.send({ type: 'refused', epoch: this.epoch, order: order.type });
      return;
    }
    this.heardAtMs = this.ports.clock.monotonicMs();
    switch (order.type) {
      case 'registered':
        this.pingTimeoutMs = order.pingTimeoutMs;
        this.epoch = order.epoch;
        this.registered = true;
        for (const attemptId of order.giveUp) this.giveUp(attemptId);
        this.send({ type: 'epochAccepted', epoch: order.epoch });
        return;
      case 'registerAgain':
        this.register();
        return;
      case 'ping':
        this.send({ type: 'pong', epoch: this.epoch });
        return;
      case 'launch':
        this.launch(order.attempt);
        return;
      case 'kill':
        this.kill(order.attemptId, order.graceMs);
        return;
      case 'giveUp':
        this.giveUp(order.attemptId);
        return;
      case 'acknowledge':
        this.acknowledged(order.attemptId, order.number);
        return;
      case 'readOutput':
        this.send({
          type: 'outputRead',
          requestId: order.requestId,
          found: this.began.includes(order.attemptId),
          data: new TextEncoder().encode('hi\n').subarray(order.offset),
          offset: order.offset,
          size: 3,
        });
        return;
      case 'follow':
        this.send({
          type: 'following',
          requestId: order.requestId,
          found: this.began.includes(order.attemptId),
          stdoutOffset: 3,
          stderrOffset: 0,
        });
        return;
      default:
        order satisfies never;
    }
  }

  private launch(spec: AttemptSpec): void {
    if (this.attempts.has(spec.attemptId) || this.began.includes(spec.attemptId)) return;
    if (this.refusal === undefined) this.began.push(spec.attemptId);
    this.attempts.set(spec.attemptId, {
      spec,
      state: 'TASK_STAGING',
      number: 0,
      unacknowledged: [],
    });
    if (this.refusal !== undefined)
      this.status(spec.attemptId, 'TASK_LOST', { reason: this.refusal });
    else this.onLaunch(spec);
  }

  /** Its task cannot be told from the id alone. */
  private killBeforeLaunch(attemptId: AttemptId): void {
    const update: StatusUpdate = {
      attemptId,
      taskId: 'unknown' as TaskId,
      number: 1,
      state: 'TASK_KILLED',
      atMs: this.ports.clock.wallMs(),
      reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
    };
    this.send({ type: 'status', epoch: this.epoch, update });
  }

  private kill(attemptId: AttemptId, graceMs: number): void {
    const attempt = this.attempts.get(attemptId);
    if (attempt === undefined && !this.began.includes(attemptId)) this.killBeforeLaunch(attemptId);
    if (attempt === undefined || isFinal(attempt.state as AttemptState)) return;
    this.graces.push(graceMs);
    if (this.slowToKill) return;
    this.killed.push(attemptId);
    this.status(attemptId, 'TASK_KILLED', { signal: 'SIGTERM' });
  }

  private giveUp(attemptId: AttemptId): void {
    this.gaveUp.push(attemptId);
    if (!this.slowToGiveUp) this.attempts.delete(attemptId);
  }

  private acknowledged(attemptId: AttemptId, number: number): void {
    const attempt = this.attempts.get(attemptId);
    if (attempt === undefined) return;
    attempt.unacknowledged = attempt.unacknowledged.filter((update) => update.number > number);
    if (attempt.unacknowledged.length === 0 && isFinal(attempt.state as AttemptState))
      this.attempts.delete(attemptId);
  }
}
