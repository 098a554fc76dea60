/** What the attempts really use: processor time as a rate between two looks, memory as it is. */
import type { AttemptId } from '../../protocol/ids.ts';
import type { AgentMessage } from '../../protocol/orders.ts';
import type { Clock, ProcessUsage } from '../actor.ts';
import type { Attempt } from './attempt.ts';

const MIB = 1024 * 1024;

type UsageReport = Omit<
  Extract<AgentMessage, { type: 'usage' }>,
  'type' | 'epoch' | 'agentId' | 'reply'
>;

export class Monitor {
  private readonly clock: Clock;
  private readonly usageOf: (attempt: Attempt) => ProcessUsage | undefined;
  private lastLookMs: number;
  private cpuSeconds = new Map<AttemptId, number>();

  constructor(clock: Clock, usageOf: (attempt: Attempt) => ProcessUsage | undefined) {
    this.clock = clock;
    this.usageOf = usageOf;
    this.lastLookMs = clock.monotonicMs();
  }

  /** Names every attempt: there are at most `limits.attemptsPerAgent`. */
  look(live: Iterable<Attempt>): UsageReport {
    const now = this.clock.monotonicMs();
    const seconds = Math.max(0.001, (now - this.lastLookMs) / 1000);
    const before = this.cpuSeconds;
    const attempts: { attemptId: AttemptId; cpuSeconds: number; memMiB: number }[] = [];
    this.lastLookMs = now;
    this.cpuSeconds = new Map();
    let cpus = 0;
    let memMiB = 0;
    for (const attempt of live) {
      const usage = this.usageOf(attempt);
      if (usage === undefined) continue;
      const { attemptId } = attempt.spec;
      // A child's time disappears for a moment between its end and its parent's wait.
      const used = Math.max(before.get(attemptId) ?? 0, usage.cpuSeconds);
      this.cpuSeconds.set(attemptId, used);
      // Of one found after a restart of the agent, only what it uses from now on is known.
      if (before.has(attemptId)) cpus += (used - before.get(attemptId)!) / seconds;
      memMiB += usage.memBytes / MIB;
      attempts.push({
        attemptId,
        cpuSeconds: roundTo(used, 100),
        memMiB: roundTo(usage.memBytes / MIB, 10),
      });
    }
    return { cpus: roundTo(cpus, 1000), memMiB: roundTo(memMiB, 10), attempts };
  }
}

function roundTo(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
