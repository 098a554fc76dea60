/**
 * Status updates of agents: written, then acknowledged; repeats are acknowledged again and change nothing.
 *
 * An update is matched by its attempt and number. One of an attempt that is not live any more is
 * acknowledged too, so that the agent forgets it, and what still runs there is given up.
 */
import { assert } from '../../../protocol/errors.ts';
import type { AgentId, AttemptId } from '../../../protocol/ids.ts';
import type { AttemptState, StatusUpdate } from '../../../protocol/orders.ts';
import { isFinal, refusalReasons } from '../../../protocol/task-states.ts';
import type { PlantedBugs } from '../../planted.ts';
import type { Agents } from '../agents/agents.ts';
import type { Orders } from '../agents/orders.ts';
import type { Writes } from '../writes.ts';
import type { LaunchBook } from './book.ts';
import type { LaunchEventType } from './chart.ts';
import type { Launch } from './launch.ts';
import type { LaunchLife } from './life.ts';

/** Undefined: the chart does not change (an agent may kill by itself, when the time is up). */
const eventOf: Readonly<Record<AttemptState, LaunchEventType | undefined>> = {
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

/** What an agent says must not outgrow a znode. */
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
    readonly launches: LaunchBook;
    readonly agents: Agents;
    readonly life: LaunchLife;
    readonly orders: Orders;
    readonly writes: Writes;
    readonly planted: PlantedBugs;
  };

  constructor(parts: StatusUpdates['parts']) {
    this.parts = parts;
  }

  receive(agentId: AgentId, update: StatusUpdate): void {
    const launch = this.parts.agents.get(agentId)?.attempts.get(update.attemptId);
    if (launch === undefined) {
      this.acknowledge(agentId, update);
      if (isFinal(update.state)) this.parts.agents.strayEnded(agentId, update.attemptId);
      else this.giveUp(agentId, update);
      return;
    }
    if (update.number > launch.updateNumber) this.take(launch, update);
    this.acknowledge(agentId, update);
  }

  private take(launch: Launch, received: StatusUpdate): void {
    const update = withShortMessage(received);
    launch.updateNumber = update.number;
    const event = eventOf[update.state];
    if (event !== undefined && this.parts.life.knows(launch, event))
      this.parts.life.send(launch, event, { ...update, source: 'SOURCE_EXECUTOR' });
    else {
      // A task that is being killed stays so when its attempt reports that it has started.
      assert(!isFinal(update.state), `attempt ${launch.attemptId} does not know ${update.state}`);
      this.parts.launches.changed(launch);
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
