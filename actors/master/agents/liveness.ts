/**
 * Pings, and what follows from silence: an agent that is not heard is unreachable, and after a further time it is
 * removed and its attempts are lost. Orders of which nothing is heard are sent again.
 */
import type { AgentId } from '../../../protocol/ids.ts';
import type { TaskReason } from '../../../protocol/task-states.ts';
import type { Clock, Logger } from '../../actor.ts';
import type { Allocator } from '../allocators/contract.ts';
import type { Offers } from '../frameworks/offers.ts';
import { killGraceMsOf, type Launch } from '../launches/launch.ts';
import type { LaunchLife } from '../launches/life.ts';
import type { MasterTiming } from '../options.ts';
import type { Agent, Agents } from './agents.ts';
import { type Orders, specOf } from './orders.ts';

export interface LivenessParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timing: MasterTiming;
  readonly agents: Agents;
  readonly allocator: Allocator;
  readonly offers: Offers;
  readonly life: LaunchLife;
  readonly orders: Orders;
  readonly executor: 'process' | 'noop';
  /** Connected, and still leading as far as the clock can tell: otherwise nothing is sent and nobody is lost. */
  readonly isHeard: () => boolean;
  /** It will not come back. */
  readonly removed: (agentId: AgentId) => void;
}

export class Liveness {
  private readonly parts: LivenessParts;
  private tickedAtMs: number;
  private lookedAgainAtMs: number;

  constructor(parts: LivenessParts) {
    this.parts = parts;
    this.tickedAtMs = parts.clock.monotonicMs();
    this.lookedAgainAtMs = this.tickedAtMs;
  }

  heard(agent: Agent): void {
    agent.heardAtMs = this.parts.clock.monotonicMs();
  }

  tick(): void {
    const { clock, timing, agents } = this.parts;
    const nowMs = clock.monotonicMs();
    // While this process stood still or was cut off itself, agents were not silent: it did not hear them.
    const isCutOff = !this.parts.isHeard();
    const sinceMs = nowMs - this.tickedAtMs;
    const deafMs = isCutOff ? sinceMs : Math.max(0, sinceMs - 2 * timing.tickMs);
    this.tickedAtMs = nowMs;
    for (const agent of [...agents.all()]) {
      agent.heardAtMs += deafMs;
      agent.removeAtMs += deafMs;
      if (!isCutOff) this.lookAfter(agent, nowMs);
    }
    if (isCutOff) return;
    if (nowMs - this.lookedAgainAtMs < timing.resendMs / 2) return;
    this.lookedAgainAtMs = nowMs;
    for (const agent of agents.all()) if (agent.standing === 'active') this.orderAgain(agent);
  }

  /** Takes no launch from now on; what it has goes on, and its updates are needed. */
  drains(agent: Agent): void {
    if (agent.standing !== 'active' && agent.standing !== 'registering') return;
    this.parts.log.info('agent drains', { agentId: agent.id, attempts: agent.attempts.size });
    agent.drainingSinceMs ??= this.parts.clock.monotonicMs();
    this.withdraw(agent);
  }

  /** Stops in good order: nothing more is to be expected of it soon. */
  leaves(agent: Agent): void {
    if (agent.standing === 'awaited') return;
    this.parts.log.info('agent leaves', { agentId: agent.id, attempts: agent.attempts.size });
    if (agent.attempts.size === 0) {
      this.withdraw(agent);
      this.parts.agents.remove(agent);
    } else if (agent.standing !== 'unreachable')
      this.loseContact(agent, 'REASON_AGENT_DISCONNECTED', 'the agent has left');
  }

  /** Call when the attempt is decided. One that is to be killed meanwhile is not to begin any more. */
  launch(launch: Launch): void {
    if (launch.chart.value === 'killing') return;
    const { agentId } = launch;
    if (!this.mayOrder(agentId)) return;
    launch.orderedAtMs = this.parts.clock.monotonicMs();
    const attempt = specOf(launch, this.parts.executor);
    this.parts.orders.send(agentId, { type: 'launch', attempt });
  }

  kill(launch: Launch): void {
    const { agentId, attemptId } = launch;
    if (!this.mayOrder(agentId)) return;
    launch.orderedAtMs = this.parts.clock.monotonicMs();
    this.parts.orders.send(agentId, { type: 'kill', attemptId, graceMs: killGraceMsOf(launch) });
  }

  /** What the agent's attempts still need, where nothing was heard of it for a while. */
  orderAgain(agent: Agent, atOnce = false): void {
    const { clock, timing } = this.parts;
    const before = clock.monotonicMs() - timing.resendMs;
    for (const launch of agent.attempts.values()) {
      if (!launch.decided) continue;
      if (!atOnce && (launch.orderedAtMs ?? before) > before) continue;
      if (launch.chart.value === 'killing') this.kill(launch);
      else if (launch.updateNumber === 0) this.launch(launch);
    }
  }

  private mayOrder(agentId: AgentId): boolean {
    return this.parts.agents.isActive(agentId) && this.parts.isHeard();
  }

  private lookAfter(agent: Agent, nowMs: number): void {
    const { timing } = this.parts;
    if (agent.standing === 'awaited' || agent.standing === 'unreachable') {
      if (nowMs >= agent.removeAtMs) this.remove(agent);
      else if (agent.standing === 'unreachable') this.ping(agent, nowMs);
      return;
    }
    if (nowMs - agent.heardAtMs > timing.pingTimeoutMs)
      this.loseContact(agent, 'REASON_AGENT_DISCONNECTED', 'nothing is heard of the agent');
    else {
      this.ping(agent, nowMs);
      if (agent.standing === 'registering') this.askAgain(agent, nowMs);
      // Its word was old, or it is slow to go: as long as it drains it refuses what it is given.
      else if (nowMs - (agent.drainingSinceMs ?? nowMs) > timing.agentRemoveTimeoutMs)
        this.askAgain(agent, nowMs);
    }
  }

  /** Our answer or its own was lost: it is heard, but has not said that it keeps the epoch. */
  private askAgain(agent: Agent, nowMs: number): void {
    if (nowMs - agent.askedAtMs < this.parts.timing.resendMs) return;
    agent.askedAtMs = nowMs;
    this.parts.orders.send(agent.id, { type: 'registerAgain' });
  }

  private ping(agent: Agent, nowMs: number): void {
    if (nowMs - agent.pingedAtMs < this.parts.timing.pingIntervalMs) return;
    agent.pingedAtMs = nowMs;
    this.parts.orders.send(agent.id, { type: 'ping' });
  }

  private loseContact(agent: Agent, reason: TaskReason, message: string): void {
    const { clock, log, timing, life } = this.parts;
    log.warn('agent is unreachable', { agentId: agent.id, attempts: agent.attempts.size });
    agent.standing = 'unreachable';
    agent.removeAtMs = clock.monotonicMs() + timing.agentRemoveTimeoutMs;
    this.withdraw(agent);
    const atMs = clock.wallMs();
    for (const launch of [...agent.attempts.values()])
      if (life.knows(launch, 'AGENT_UNREACHABLE'))
        life.send(launch, 'AGENT_UNREACHABLE', { atMs, reason, message });
  }

  /** Nothing of it is offered any more. */
  private withdraw(agent: Agent): void {
    this.parts.offers.rescindOfAgent(agent.id);
    this.parts.allocator.removeAgent(agent.id);
  }

  private remove(agent: Agent): void {
    const { clock, log, agents, life, removed } = this.parts;
    log.warn('agent is removed', { agentId: agent.id, attempts: agent.attempts.size });
    const atMs = clock.wallMs();
    for (const launch of [...agent.attempts.values()])
      life.send(launch, 'ATTEMPT_LOST', {
        atMs,
        reason: 'REASON_AGENT_REMOVED',
        message: `the agent ${agent.id} did not come back`,
      });
    agents.remove(agent);
    removed(agent.id);
  }
}
