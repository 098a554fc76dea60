/**
 * What runs attempts. The agent decides when; an executor does it, finds it again after a restart of the agent, and
 * tells how it ended. It keeps no state of its own that a restart would lose.
 */
import type { AttemptSpec } from '../../../protocol/orders.ts';
import type { ProcessEnd, ProcessIdentity, ProcessUsage } from '../../actor.ts';

export type Launched = ProcessIdentity | { readonly failure: string };

/** Runs something outside of the agent, which outlives it. Callbacks are never called inside the call that was given them. */
export interface LastingExecutor {
  readonly instant: false;
  /** Called only when the spec is on disk, and once for each attempt. */
  launch(spec: AttemptSpec, started: (result: Launched) => void): void;
  /**
   * For an attempt whose `launch` may or may not have been called by a former run of the agent. After `undefined` it
   * is certain that nothing of it has run or will ever run, until `launch` is called again.
   */
  find(spec: AttemptSpec): ProcessIdentity | undefined;
  /** `ended` is called once, also for what ended before the call. */
  watch(spec: AttemptSpec, identity: ProcessIdentity, ended: (end: ProcessEnd) => void): void;
  /** To all that the attempt consists of; nothing happens when it is gone. */
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void;
  usage(identity: ProcessIdentity): ProcessUsage | undefined;
}

/** Is over when the call returns, and leaves nothing behind: it may run again after a restart without harm. */
export interface InstantExecutor {
  readonly instant: true;
  run(spec: AttemptSpec): ProcessEnd;
}

export type Executor = LastingExecutor | InstantExecutor;
export type Executors = Readonly<Record<AttemptSpec['executor'], Executor>>;
