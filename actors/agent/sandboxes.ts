/** Sandboxes of ended attempts are kept for their output, up to an age and a number, then removed. */
import type { Clock, Processes } from '../actor.ts';

/** Removing one may mean many files: a few at a time. */
const REMOVED_AT_ONCE = 20;

export class Sandboxes {
  private readonly processes: Processes;
  private readonly clock: Clock;
  private readonly limits: { readonly retentionMs: number; readonly kept: number };
  /** By name: when it ended, on the monotonic clock. The oldest first. */
  private readonly ended = new Map<string, number>();

  constructor(
    processes: Processes,
    clock: Clock,
    limits: { readonly retentionMs: number; readonly kept: number },
  ) {
    this.processes = processes;
    this.clock = clock;
    this.limits = limits;
  }

  keep(sandbox: string): void {
    this.ended.delete(sandbox);
    this.ended.set(sandbox, this.clock.monotonicMs());
  }

  /** From time to time. */
  tidy(): void {
    const oldest = this.clock.monotonicMs() - this.limits.retentionMs;
    let removed = 0;
    for (const [sandbox, endedAtMs] of this.ended) {
      const due = endedAtMs < oldest || this.ended.size > this.limits.kept;
      if (!due || removed === REMOVED_AT_ONCE) return;
      this.ended.delete(sandbox);
      this.processes.removeSandbox(sandbox);
      removed++;
    }
  }
}
