/**
 * Status updates of agents: written, then acknowledged; repeats are acknowledged again and change nothing.
 *
 * An update is matched by its attempt and number. One of an attempt that is not its task's live attempt any more is
 * acknowledged too, so that the agent forgets it, and what still runs there is given up.
 */
import { assert } from '../../../protocol/errors.ts';
import type { AgentId, AttemptId } from '../../../protocol/ids.ts';
import type { AttemptState, StatusUpdate } from '../../../protocol/orders.ts';
import { isFinal, refusalReasons } from '../../../protocol/task-states.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Agents } from '../agents/agents.ts';
import type { Orders } from '../agents/orders.ts';
import type { MetricsKeeper } from '../metrics/metrics.ts';
import type { Writes } from '../writes.ts';
import type { TaskBook } from './book.ts';
import type { TaskEventType } from './chart.ts';
import type { TaskLife } from './life.ts';
import type { Task } from './task.ts';

/** Undefined: the chart does not change (an agent may kill by itself, when the time is up). */
const eventOf: Readonly<Record<AttemptState, TaskEventType | undefined>> = {
  TASK_STARTING: 'ATTEMPT_STARTING',
  TASK_RUNNING: 'ATTEMPT_RUNNING',
  TASK_KILLING: undefined,
  TASK_FINISHED: 'ATTEMPT_FINISHED',
  TASK_FAILED: 'ATTEMPT_FAILED',
  TASK_KILLED: 'ATTEMPT_KILLED',
  TASK_LOST: 'ATTEMPT_LOST',
};

/** The agent did not start it, and says so with the attempt's first word. */
export function isRefusal({ number, state, reason }: StatusUpdate): boolean {
  return (
    number === 1 && state === 'TASK_LOST' && reason !== undefined && refusalReasons.includes(reason)
  );
}

/** Kept for each entry of a task's history: what an agent says must not outgrow a znode. */
const MESSAGE_CHARACTERS = 2048;

function withShortMessage(update: StatusUpdate): StatusUpdate {
  const { message } = update;
  if (message === undefined || message.length <= MESSAGE_CHARACTERS) return update;
  return { ...update, message: `${message.slice(0, MESSAGE_CHARACTERS - 1)}…` };
}

export class StatusUpdates {
  /** Of this turn: one acknowledgement covers an attempt's updates up to its number. */
  private acknowledgements = new Map<AttemptId, { agentId: AgentId; number: number }>();
  private readonly parts: {
    readonly book: TaskBook;
    readonly agents: Agents;
    readonly life: TaskLife;
    readonly orders: Orders;
    readonly writes: Writes;
    readonly metrics: MetricsKeeper;
    readonly planted: PlantedBugs;
  };

  constructor(parts: StatusUpdates['parts']) {
    this.parts = parts;
  }

  receive(agentId: AgentId, update: StatusUpdate): void {
    const task = this.liveTask(agentId, update);
    if (task === undefined) {
      this.acknowledge(agentId, update);
      if (isFinal(update.state)) this.parts.agents.strayEnded(agentId, update.attemptId);
      else this.giveUp(agentId, update);
      return;
    }
    if (update.number > task.attempt!.updateNumber) this.take(task, update);
    this.acknowledge(agentId, update);
  }

  /** The task whose live attempt this is. */
  private liveTask(agentId: AgentId, update: StatusUpdate): Task | undefined {
    return this.parts.agents.get(agentId)?.attempts.get(update.attemptId);
  }

  private take(task: Task, received: StatusUpdate): void {
    const update = withShortMessage(received);
    const attempt = task.attempt!;
    attempt.updateNumber = update.number;
    const started = update.state === 'TASK_RUNNING' || update.state === 'TASK_FINISHED';
    if (started && attempt.startedAtMs === undefined) {
      attempt.startedAtMs = update.atMs;
      const { retry } = task.request;
      // Refused attempts do not count: they were given back.
      if (task.chart.attemptsLeft === retry.attempts - 1)
        this.parts.metrics.taskStarted(task, update.atMs);
    }
    if (isFinal(update.state)) {
      attempt.endedAtMs = update.atMs;
      attempt.exitCode = update.exitCode;
      attempt.signal = update.signal;
    }
    const event = isRefusal(update) ? 'ATTEMPT_REFUSED' : eventOf[update.state];
    if (event !== undefined && this.parts.life.knows(task, event))
      this.parts.life.send(task, event, update);
    else {
      // A task that is being killed stays so when its attempt reports that it has started.
      assert(!isFinal(update.state), `task ${task.id} does not know ${update.state}`);
      this.parts.book.changed(task, task.chart.state);
    }
  }

  /** At the end of a turn: what was received in it is acknowledged once it is decided. */
  acknowledgeReceived(): void {
    if (this.acknowledgements.size === 0) return;
    const { acknowledgements } = this;
    this.acknowledgements = new Map();
    this.parts.writes.afterwards(() => {
      for (const [attemptId, { agentId, number }] of acknowledgements)
        this.parts.orders.send(agentId, { type: 'acknowledge', attemptId, number });
    });
  }

  private acknowledge(agentId: AgentId, { attemptId, number }: StatusUpdate): void {
    if (this.parts.planted.has('update-forgotten-before-acknowledgement'))
      this.parts.orders.send(agentId, { type: 'acknowledge', attemptId, number });
    const before = this.acknowledgements.get(attemptId)?.number ?? 0;
    this.acknowledgements.set(attemptId, { agentId, number: Math.max(before, number) });
  }

  private giveUp(agentId: AgentId, { attemptId }: StatusUpdate): void {
    this.parts.writes.afterwards(() =>
      this.parts.orders.send(agentId, { type: 'giveUp', attemptId }),
    );
  }
}
