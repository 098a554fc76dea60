/** What checkers found, in the order in which they found it. */
import type { Trace } from './trace.ts';

export type CheckerName =
  | 'one-value-per-slot'
  | 'equal-trees'
  | 'acknowledged-writes-present'
  | 'session-order'
  | 'reply-order'
  | 'sequential-order'
  | 'linearizable-reads'
  | 'watch-before-reply'
  | 'resources-once'
  | 'one-final-state'
  | 'no-second-live-attempt'
  | 'old-epoch-without-effect'
  /** A launched task stays in the tree, and ended once it has ended, until its framework has acknowledged the end. */
  | 'launch-kept'
  | 'statuses-in-order'
  /** A framework is told that another instance has taken over only when there is one. */
  | 'subscription-kept'
  | 'liveness'
  /** An actor stopped with an exception that no fault explains: an assertion of its own, for example. */
  | 'actor-crash';

export interface Violation {
  readonly checker: CheckerName;
  readonly atMs: number;
  readonly text: string;
}

/** Beyond this many nothing new is learned. */
const KEPT = 100;

export class Violations {
  readonly found: Violation[] = [];
  private readonly trace: Trace;
  private readonly nowMs: () => number;

  constructor(trace: Trace, nowMs: () => number) {
    this.trace = trace;
    this.nowMs = nowMs;
  }

  report(checker: CheckerName, text: string): void {
    if (this.found.length >= KEPT) return;
    this.found.push({ checker, atMs: this.nowMs(), text });
    this.trace.record('checker', 'VIOLATION', `${checker}: ${text}`);
  }

  get any(): boolean {
    return this.found.length > 0;
  }
}
