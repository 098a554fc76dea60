/**
 * Registration: what an agent reports against what the tree says.
 *
 * - Reported, but not live here: its task was decided without it. It is given up.
 * - Live in the tree, not reported, no update written: the launch never arrived, or is on its way. It is launched
 *   again under the same attempt id: the agent had not checkpointed it, so it has not run; an agent that has ended it
 *   keeps its id until the last update is acknowledged, and after that it is not live in the tree any more.
 * - Live in the tree, not reported, but started: the agent has lost it (its checkpoint is gone). A report may be old,
 *   since the network repeats and delays: the agent is asked to register again, and what is missing twice is lost.
 */
import type { AgentId, AttemptId, Epoch } from '../../../protocol/ids.ts';
import type { AgentInfo, AttemptReport } from '../../../protocol/orders.ts';
import { isFinal } from '../../../protocol/task-states.ts';
import type { Clock, Logger } from '../../actor.ts';
import type { Allocator } from '../allocators/contract.ts';
import type { Offers } from '../frameworks/offers.ts';
import type { LaunchEventType } from '../launches/chart.ts';
import type { Launch } from '../launches/launch.ts';
import type { LaunchLife } from '../launches/life.ts';
import { isRefusal, type StatusUpdates } from '../launches/updates.ts';
import type { MasterTiming } from '../options.ts';
import type { Writes } from '../writes.ts';
import type { Agent, Agents } from './agents.ts';
import type { Orders } from './orders.ts';

export interface RegistrationParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timing: MasterTiming;
  readonly epoch: Epoch;
  readonly agents: Agents;
  readonly allocator: Allocator;
  readonly offers: Offers;
  readonly life: LaunchLife;
  readonly updates: StatusUpdates;
  readonly orders: Orders;
  readonly writes: Writes;
  /** Sends what the agent's attempts still need: launches that were not heard of, kills. */
  readonly orderAgain: (agent: Agent) => void;
  /** Whether the leadership is over. */
  readonly ended: () => boolean;
}

export class Registration {
  private readonly parts: RegistrationParts;

  constructor(parts: RegistrationParts) {
    this.parts = parts;
  }

  register(agentId: AgentId, info: AgentInfo, attempts: readonly AttemptReport[]): void {
    const { agents, allocator, offers, clock, log } = this.parts;
    const agent = agents.obtain(agentId);
    log.info('agent registers', { agentId, hostname: info.hostname, was: agent.standing });
    offers.rescindOfAgent(agentId);
    allocator.removeAgent(agentId);
    agent.standing = 'registering';
    agent.info = info;
    agent.registeredAtMs = clock.wallMs();
    agent.registration += 1;
    agent.heardAtMs = clock.monotonicMs();
    agent.askedAtMs = agent.heardAtMs;
    agent.removeAtMs = Number.POSITIVE_INFINITY;
    agent.drainingSinceMs = undefined;
    agent.strays = new Map();
    const giveUp = this.takeReports(agent, attempts);
    this.missing(agent, attempts);
    this.askAgain(agent);
    this.confirm(agent, giveUp);
  }

  /** The agent keeps our epoch from now on: it can be used. */
  epochAccepted(agentId: AgentId): void {
    const { agents, allocator, log } = this.parts;
    const agent = agents.get(agentId);
    if (agent?.standing !== 'registering' || agent.info === undefined) return;
    agent.standing = 'active';
    // Unless it has begun to stop meanwhile.
    if (agent.drainingSinceMs === undefined) {
      const { hostname, attributes, total } = agent.info;
      const offered = { agentId, hostname, attributes, total };
      const attempts = agent.attempts.size + agent.strays.size;
      allocator.addAgent(offered, agents.held(agent), attempts);
    }
    log.info('agent is active', { agentId, attempts: agent.attempts.size });
    this.parts.orderAgain(agent);
  }

  /** What the agent must give up. */
  private takeReports(agent: Agent, attempts: readonly AttemptReport[]): readonly AttemptId[] {
    const giveUp: AttemptId[] = [];
    for (const report of attempts) {
      const launch = agent.attempts.get(report.attemptId);
      if (launch === undefined) {
        giveUp.push(report.attemptId);
        if (report.state === 'TASK_STAGING' || !isFinal(report.state))
          agent.strays.set(report.attemptId, report.resources);
        continue;
      }
      this.seenAgain(launch, report);
      for (const update of report.unacknowledged) this.parts.updates.receive(agent.id, update);
    }
    return giveUp;
  }

  private seenAgain(launch: Launch, report: AttemptReport): void {
    // A refused attempt was never there again.
    if (launch.chart.value !== 'unreachable' || report.unacknowledged.some(isRefusal)) return;
    const event = returned[report.state];
    this.parts.life.send(launch, event, {
      atMs: this.parts.clock.wallMs(),
      reason: 'REASON_AGENT_REREGISTERED',
    });
  }

  private missing(agent: Agent, attempts: readonly AttemptReport[]): void {
    const reported = new Set(attempts.map((report) => report.attemptId));
    const missing = new Set<AttemptId>();
    const atMs = this.parts.clock.wallMs();
    for (const [attemptId, launch] of [...agent.attempts]) {
      if (reported.has(attemptId)) continue;
      if (launch.updateNumber === 0) {
        if (launch.chart.value === 'unreachable')
          this.parts.life.send(launch, 'ATTEMPT_STAGING', {
            atMs,
            reason: 'REASON_AGENT_REREGISTERED',
          });
      } else if (agent.missing.has(attemptId)) this.lose(agent, launch, atMs);
      else missing.add(attemptId);
    }
    agent.missing = missing;
  }

  private lose(agent: Agent, launch: Launch, atMs: number): void {
    const { attemptId } = launch;
    this.parts.log.warn('attempt unknown to its agent', { agentId: agent.id, attemptId });
    this.parts.life.send(launch, 'ATTEMPT_LOST', {
      atMs,
      reason: 'REASON_ATTEMPT_UNKNOWN',
      message: `the agent ${agent.id} does not know the attempt any more`,
    });
    this.parts.writes.afterwards(() =>
      this.parts.orders.send(agent.id, { type: 'giveUp', attemptId }),
    );
  }

  /** For another report, while this one leaves something open; ever more seldom. */
  private askAgain(agent: Agent): void {
    const { agents, clock, orders, timing } = this.parts;
    const isOpen = () => agent.missing.size > 0 || agent.strays.size > 0;
    if (!isOpen()) {
      agent.asked = 0;
      return;
    }
    const delayMs = timing.pingIntervalMs * 2 ** Math.min(agent.asked++, 5);
    const { registration } = agent;
    clock.after(delayMs, () => {
      if (this.parts.ended() || agents.get(agent.id) !== agent) return;
      if (agent.registration === registration && isOpen())
        orders.send(agent.id, { type: 'registerAgain' });
    });
  }

  private confirm(agent: Agent, giveUp: readonly AttemptId[]): void {
    const { pingIntervalMs, pingTimeoutMs } = this.parts.timing;
    // What is given up must have been decided.
    this.parts.writes.afterwards(() =>
      this.parts.orders.send(agent.id, {
        type: 'registered',
        pingIntervalMs,
        pingTimeoutMs,
        giveUp,
      }),
    );
  }
}

/** What an unreachable attempt turned out to be; its end, if it has one, follows with the updates. */
const returned: Readonly<Record<AttemptReport['state'], LaunchEventType>> = {
  TASK_STAGING: 'ATTEMPT_STAGING',
  TASK_STARTING: 'ATTEMPT_STARTING',
  TASK_RUNNING: 'ATTEMPT_RUNNING',
  TASK_KILLING: 'ATTEMPT_RUNNING',
  TASK_FINISHED: 'ATTEMPT_RUNNING',
  TASK_FAILED: 'ATTEMPT_RUNNING',
  TASK_KILLED: 'ATTEMPT_RUNNING',
  TASK_LOST: 'ATTEMPT_RUNNING',
};
