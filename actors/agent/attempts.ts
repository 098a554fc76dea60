/**
 * The attempts of this agent: admits them within its resources, notes each on disk before it is started, and makes
 * a status update of everything that becomes of it. Each attempt's chart owns its state; here are its effects.
 */
import { attemptMachine } from '../../machines/attempt.ts';
import { assert } from '../../protocol/errors.ts';
import type { AttemptId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { AttemptReport, AttemptSpec } from '../../protocol/orders.ts';
import {
  addResources,
  contains,
  NOTHING,
  type Resources,
  subtractResources,
} from '../../protocol/resources.ts';
import type { Clock, Logger, ProcessEnd, ProcessUsage } from '../actor.ts';
import type { Inspection } from '../inspection.ts';
import { Lifecycle } from '../lifecycle.ts';
import { type Attempt, holds, isLive, statusOfEnd } from './attempt.ts';
import type { Journal } from './checkpoint/journal.ts';
import {
  type CheckpointedAttempt,
  hasEnded,
  type JournalRecord,
  type Replayed,
  recordsOf,
  type StopCause,
} from './checkpoint/records.ts';
import type { Executor, Executors, LastingExecutor, Launched } from './executors/contract.ts';
import { Forgotten } from './forgotten.ts';
import {
  doesNotFit,
  inWords,
  lostBeforeReport,
  neverRanHere,
  overLongSince,
  statusOfNeverStarted,
  unknownSpec,
} from './refusals.ts';
import type { Status, StatusUpdates } from './status-updates.ts';

/** Timers of the real clock hold no more than 2^31 ms. */
const DEADLINE_STEP_MS = 2 ** 30;
/** Also for a process that is so young that it cannot be seen yet. */
const DEADLINE_AGAIN_MS = 100;
const REASON_MESSAGE_MAX = 1024;

export interface AttemptsOptions {
  readonly total: Resources;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Journal;
  readonly updates: StatusUpdates;
  readonly executors: Executors;
  readonly inspection?: Inspection | undefined;
  /** Not while the agent may have missed that an attempt was given up: see `Registration.mayLaunch`. */
  mayLaunch(): boolean;
  /** What is held, or whether anything lives, may have changed. */
  changed(): void;
  /** Gone for good; its sandbox is kept for a while. */
  forgotten(attempt: Attempt): void;
}

export class Attempts {
  private readonly options: AttemptsOptions;
  private readonly attempts = new Map<AttemptId, Attempt>();
  private readonly forgotten: Forgotten;
  /** Ordered before a restart or before the agent stood still, and surely not started. */
  private readonly waitingForResume = new Set<AttemptId>();
  private readonly machine: typeof attemptMachine;
  private held: Resources = NOTHING;
  private leaving = false;

  constructor(options: AttemptsOptions) {
    this.options = options;
    this.forgotten = new Forgotten(options.journal);
    const of = (effect: (attempt: Attempt) => void) => {
      return ({ context }: { context: { attemptId: string } }) =>
        effect(this.attempts.get(context.attemptId as AttemptId)!);
    };
    this.machine = attemptMachine.provide({
      actions: {
        launch: of((attempt) => this.startProcess(attempt)),
        reportStarting: of((attempt) => this.note(attempt, { state: 'TASK_STARTING' })),
        reportRunning: of((attempt) => this.note(attempt, { state: 'TASK_RUNNING' })),
        reportKilling: of((attempt) => this.note(attempt, { state: 'TASK_KILLING' })),
        reportEnd: of((attempt) => this.reportEnd(attempt)),
        terminate: of((attempt) => this.signal(attempt, 'SIGTERM')),
        forceKill: of((attempt) => this.signal(attempt, 'SIGKILL')),
        forget: of((attempt) => this.forget(attempt)),
      },
    });
  }

  // ── What masters order ────────────────────────────────────────────────────────────────────────────────────

  launch(spec: AttemptSpec): void {
    if (this.attempts.has(spec.attemptId)) {
      this.options.updates.repeat(spec.attemptId);
      return;
    }
    if (this.forgotten.has(spec.attemptId)) {
      this.options.log.info('repeated launch of an ended attempt ignored', {
        attemptId: spec.attemptId,
      });
      return;
    }
    if (this.isFull(spec.attemptId)) return;
    const refusal = this.refusal(spec);
    if (refusal !== undefined) {
      const { attemptId } = spec;
      this.options.log.warn('launch refused', { attemptId, message: refusal.message });
      this.refuse(spec, refusal);
      return;
    }
    const attempt = this.admit(spec, false);
    this.hold(spec.resources);
    const record = { kind: 'attempt', spec, refused: false } as const;
    if (this.options.executors[spec.executor].instant) {
      this.options.journal.add(record);
      this.begin(attempt);
    } else this.options.journal.add(record, () => this.beginOrWait(attempt));
  }

  kill(attemptId: AttemptId, graceMs: number): void {
    const attempt = this.attempts.get(attemptId);
    if (attempt !== undefined) {
      if (isLive(attempt)) this.stop(attempt, 'ordered', graceMs);
      else this.options.updates.repeat(attemptId);
      return;
    }
    if (this.isFull(attemptId)) return;
    if (this.forgotten.has(attemptId)) {
      // Whoever asks is waiting for an end that it has not been told of.
      this.refuse(unknownSpec(attemptId), overLongSince);
      return;
    }
    // Its launch order was lost, or is still under way: it must not run when it comes.
    this.refuse(unknownSpec(attemptId), {
      state: 'TASK_KILLED',
      reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
      message: 'Killed before it was launched',
    });
  }

  /** Its task was decided without it: killed, and nothing more is said of it. */
  giveUp(attemptId: AttemptId): void {
    const attempt = this.attempts.get(attemptId);
    if (attempt === undefined) {
      this.forgotten.add(attemptId);
      return;
    }
    this.options.updates.forget(attemptId);
    if (attempt.stopping?.cause === 'givenUp') return;
    this.noteStopping(attempt, 'givenUp', attempt.spec.killGraceMs);
    attempt.lifecycle.send({ type: 'GIVEN_UP', graceMs: attempt.spec.killGraceMs });
  }

  settled(attemptId: AttemptId): void {
    this.attempts.get(attemptId)?.lifecycle.send({ type: 'ACKNOWLEDGED' });
  }

  // ── The agent's own start and end ─────────────────────────────────────────────────────────────────────────

  /** Goes on with what a former run left. What had not been started waits for `resume`. */
  recover(replayed: Replayed): void {
    this.forgotten.restore(replayed.forgotten);
    for (const [attemptId, left] of replayed.attempts) {
      this.options.updates.restore(attemptId, left.spec.taskId, left.updates, left.lastUpdate);
      this.recoverAttempt(left);
    }
  }

  /**
   * Launches what was ordered but not started before a restart, or before the agent stood still: only once a master has
   * said, at registration, which attempts are given up, since their tasks may have been decided in the meantime.
   */
  resume(): void {
    for (const attemptId of this.waitingForResume) {
      this.options.log.info('launching what was ordered before', { attemptId });
      const attempt = this.attempts.get(attemptId);
      if (attempt !== undefined) this.begin(attempt);
    }
    this.waitingForResume.clear();
  }

  /** The agent stops: everything is ended, nothing new is admitted. */
  endAll(graceMsMax: number): void {
    this.leaving = true;
    for (const attempt of this.attempts.values())
      if (isLive(attempt))
        this.stop(attempt, 'agentStops', Math.min(graceMsMax, attempt.spec.killGraceMs));
  }

  /** At the end of a turn, before the journal's commit. */
  endTurn(): void {
    this.forgotten.endTurn();
  }

  // ── Questions ─────────────────────────────────────────────────────────────────────────────────────────────

  get available(): Resources {
    return subtractResources(this.options.total, this.held);
  }

  get size(): number {
    return this.attempts.size;
  }

  has(attemptId: AttemptId): boolean {
    return this.attempts.has(attemptId);
  }

  isLive(attemptId: AttemptId): boolean {
    const attempt = this.attempts.get(attemptId);
    return attempt !== undefined && isLive(attempt);
  }

  *live(): Iterable<Attempt> {
    for (const attempt of this.attempts.values()) if (isLive(attempt)) yield attempt;
  }

  reports(): AttemptReport[] {
    const reports: AttemptReport[] = [];
    for (const attempt of this.attempts.values()) {
      // Given up before: it is on its way out, and nobody asks for it.
      if (attempt.stopping?.cause === 'givenUp') continue;
      const { attemptId, taskId, resources } = attempt.spec;
      reports.push({
        attemptId,
        taskId,
        state: this.options.updates.last(attemptId)?.state ?? 'TASK_STAGING',
        resources,
        unacknowledged: this.options.updates.unacknowledged(attemptId),
      });
    }
    return reports;
  }

  *records(): Iterable<JournalRecord> {
    yield this.forgotten.record();
    for (const attempt of this.attempts.values()) yield* recordsOf(this.checkpointOf(attempt));
  }

  /** What `held` must be, counted anew: for `invariants`. */
  private heldAnew(): Resources {
    let held = NOTHING;
    for (const attempt of this.attempts.values()) held = addResources(held, holds(attempt));
    return held;
  }

  /** Throws InvariantError when the sum of what is held is wrong. */
  invariants(): void {
    const counted = this.heldAnew();
    assert(
      contains(this.held, counted) && contains(counted, this.held),
      `held ${inWords(this.held)}, but the attempts hold ${inWords(counted)}`,
    );
  }

  usageOf(attempt: Attempt): ProcessUsage | undefined {
    const executor = this.executorOf(attempt);
    if (executor.instant || attempt.started === undefined) return undefined;
    return executor.usage(attempt.started.identity);
  }

  // ── Effects of the chart ──────────────────────────────────────────────────────────────────────────────────

  private startProcess(attempt: Attempt): void {
    this.lastingOf(attempt).launch(attempt.spec, (result) => this.launched(attempt, result));
  }

  private launched(attempt: Attempt, result: Launched): void {
    if ('failure' in result) {
      attempt.end =
        attempt.stopping === undefined
          ? {
              state: 'TASK_FAILED',
              reason: 'REASON_LAUNCH_FAILED',
              message: result.failure.slice(0, REASON_MESSAGE_MAX),
            }
          : statusOfNeverStarted(attempt);
      attempt.lifecycle.send({ type: 'LAUNCH_FAILED' });
      return;
    }
    const { attemptId } = attempt.spec;
    attempt.started = { identity: result, atMs: this.options.clock.wallMs() };
    this.options.journal.add({ kind: 'started', attemptId, ...attempt.started });
    this.watch(attempt);
    attempt.lifecycle.send({ type: 'STARTED' });
  }

  private watch(attempt: Attempt): void {
    const { started, spec } = attempt;
    if (started === undefined) return;
    this.lastingOf(attempt).watch(spec, started.identity, (end) => this.ended(attempt, end));
    if (spec.timeoutMs !== undefined) this.armDeadline(attempt, started.atMs + spec.timeoutMs);
  }

  private ended(attempt: Attempt, end: ProcessEnd): void {
    attempt.end = statusOfEnd(end, attempt.stopping?.cause);
    attempt.lifecycle.send({ type: 'EXITED' });
  }

  private reportEnd(attempt: Attempt): void {
    const { attemptId, resources, executor } = attempt.spec;
    attempt.deadline?.cancel();
    if (!attempt.refused) this.release(resources);
    const status = attempt.end ?? statusOfNeverStarted(attempt);
    if (executor !== 'noop')
      this.options.log.info('attempt ended', { attemptId, state: status.state });
    this.note(attempt, status);
    this.options.changed();
  }

  /** Only when it is on disk why: else an agent that is killed now would take the end for the task's own. */
  private signal(attempt: Attempt, signal: 'SIGTERM' | 'SIGKILL'): void {
    if (attempt.started === undefined || attempt.stopping?.saved !== true) return;
    this.lastingOf(attempt).signal(attempt.started.identity, signal);
  }

  private stoppingSaved(attempt: Attempt): void {
    if (attempt.lifecycle.matches('terminating')) this.signal(attempt, 'SIGTERM');
    else if (attempt.lifecycle.matches('killing')) this.signal(attempt, 'SIGKILL');
  }

  private forget(attempt: Attempt): void {
    const { attemptId } = attempt.spec;
    this.attempts.delete(attemptId);
    this.options.updates.forget(attemptId);
    this.forgotten.add(attemptId);
    this.options.forgotten(attempt);
    this.options.changed();
  }

  // ── Inside ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Even a refusal is one attempt more in the next registration. The master orders again what was not answered. */
  private isFull(attemptId: AttemptId): boolean {
    if (this.attempts.size < limits.attemptsPerAgent) return false;
    const { size } = this.attempts;
    this.options.log.warn('order for one attempt too many left unanswered', { attemptId, size });
    return true;
  }

  private refusal(spec: AttemptSpec): Status | undefined {
    if (this.leaving) return neverRanHere;
    if (!contains(this.available, spec.resources))
      return doesNotFit(
        `the agent has less than was asked for: available ${inWords(this.available)}, asked ${inWords(spec.resources)}`,
      );
    return undefined;
  }

  /** It is on disk: for how long that took, or the agent stood still, is not known. */
  private beginOrWait(attempt: Attempt): void {
    if (this.options.mayLaunch()) this.begin(attempt);
    else this.waitingForResume.add(attempt.spec.attemptId);
  }

  /** It is on disk, or need not be; too late if it is to be killed already. */
  private begin(attempt: Attempt): void {
    const executor = this.executorOf(attempt);
    if (!executor.instant) {
      attempt.lifecycle.offer({ type: 'CHECKPOINTED' });
      return;
    }
    if (!attempt.lifecycle.matches('checkpointing')) return;
    attempt.end = statusOfEnd(executor.run(attempt.spec), undefined);
    attempt.lifecycle.send({ type: 'EXITED' });
  }

  /** Never started: one that does not fit, or that was to be killed before it was known. */
  private refuse(spec: AttemptSpec, status: Status): void {
    const attempt = this.admit(spec, true);
    attempt.end = status;
    this.options.journal.add({ kind: 'attempt', spec, refused: true });
    attempt.lifecycle.send({ type: 'REFUSED' });
  }

  private admit(spec: AttemptSpec, refused: boolean, state?: 'running' | 'ended'): Attempt {
    const input = { attemptId: spec.attemptId, graceMs: spec.killGraceMs };
    const attempt: Attempt = {
      spec,
      refused,
      lifecycle: new Lifecycle(this.machine, {
        id: `attempt.${spec.attemptId}`,
        clock: this.options.clock,
        inspection: this.options.inspection,
        input,
        ...(state !== undefined && {
          snapshot: this.machine.resolveState({
            value: state,
            context: { ...input, givenUp: false },
          }),
        }),
      }),
    };
    this.attempts.set(spec.attemptId, attempt);
    return attempt;
  }

  /** The first cause is the one that is told. */
  private stop(attempt: Attempt, cause: StopCause, graceMs: number): void {
    if (attempt.stopping === undefined) this.noteStopping(attempt, cause, graceMs);
    // Not taken when it is being killed already, and no sooner by this.
    attempt.lifecycle.offer({ type: 'KILL_ASKED', graceMs });
  }

  private noteStopping(attempt: Attempt, cause: StopCause, graceMs: number): void {
    const stopping = { cause, graceMs, saved: false };
    attempt.stopping = stopping;
    const { attemptId } = attempt.spec;
    this.options.journal.add({ kind: 'stopping', attemptId, cause, graceMs }, () => {
      stopping.saved = true;
      if (attempt.stopping === stopping) this.stoppingSaved(attempt);
    });
  }

  private note(attempt: Attempt, status: Status): void {
    const { attemptId, taskId } = attempt.spec;
    if (attempt.stopping?.cause === 'givenUp') return;
    if (this.options.updates.last(attemptId)?.state === status.state) return;
    this.options.updates.note(attemptId, taskId, status);
  }

  private armDeadline(attempt: Attempt, atMs: number): void {
    const delayMs = Math.max(0, atMs - this.options.clock.wallMs());
    attempt.deadline = this.options.clock.after(Math.min(delayMs, DEADLINE_STEP_MS), () => {
      if (delayMs > DEADLINE_STEP_MS) this.armDeadline(attempt, atMs);
      else if (isLive(attempt)) this.deadlineReached(attempt);
    });
  }

  /**
   * An agent that stood still (SIGSTOP, a suspended machine) runs its timers before it is told which processes have
   * ended meanwhile: what has nothing left to be killed is about to be told of, and ended in its time.
   */
  private deadlineReached(attempt: Attempt): void {
    if (this.usageOf(attempt) !== undefined)
      this.stop(attempt, 'timedOut', attempt.spec.killGraceMs);
    else
      attempt.deadline = this.options.clock.after(DEADLINE_AGAIN_MS, () => {
        if (isLive(attempt)) this.deadlineReached(attempt);
      });
  }

  private recoverAttempt(left: CheckpointedAttempt): void {
    const { spec, refused, stopping } = left;
    if (refused || hasEnded(left)) {
      const attempt = this.admit(spec, refused, 'ended');
      attempt.stopping = stopping && { ...stopping, saved: true };
      // Its last update had not been made, or had been acknowledged, when the agent was killed.
      if (!hasEnded(left)) this.note(attempt, lostBeforeReport);
      else if (left.updates.length === 0) attempt.lifecycle.send({ type: 'ACKNOWLEDGED' });
      if (stopping?.cause === 'givenUp')
        attempt.lifecycle.offer({ type: 'GIVEN_UP', graceMs: stopping.graceMs });
      return;
    }
    const started = left.started ?? this.findStarted(spec);
    const attempt = this.admit(spec, false, started === undefined ? undefined : 'running');
    attempt.stopping = stopping && { ...stopping, saved: true };
    attempt.started = started;
    this.hold(spec.resources);
    if (started !== undefined) {
      if (left.lastUpdate === undefined || left.lastUpdate.state === 'TASK_STARTING')
        this.note(attempt, { state: 'TASK_RUNNING' });
      this.watch(attempt);
    } else if (stopping === undefined) {
      this.waitingForResume.add(spec.attemptId);
    }
    if (stopping === undefined) return;
    const { cause, graceMs } = stopping;
    attempt.lifecycle.send({ type: cause === 'givenUp' ? 'GIVEN_UP' : 'KILL_ASKED', graceMs });
  }

  /** The agent may have been killed between the launch and its note. */
  private findStarted(spec: AttemptSpec): Attempt['started'] {
    const executor = this.options.executors[spec.executor];
    const identity = executor.instant ? undefined : executor.find(spec);
    if (identity === undefined) return undefined;
    const started = { identity, atMs: this.options.clock.wallMs() };
    this.options.journal.add({ kind: 'started', attemptId: spec.attemptId, ...started });
    return started;
  }

  private checkpointOf(attempt: Attempt): CheckpointedAttempt {
    const { spec, refused, started, stopping } = attempt;
    const lastUpdate = this.options.updates.last(spec.attemptId);
    return {
      spec,
      refused,
      started,
      stopping: stopping && { cause: stopping.cause, graceMs: stopping.graceMs },
      updates: this.options.updates.pending(spec.attemptId),
      ...(lastUpdate !== undefined && { lastUpdate }),
    };
  }

  private executorOf(attempt: Attempt): Executor {
    return this.options.executors[attempt.spec.executor];
  }

  private lastingOf(attempt: Attempt): LastingExecutor {
    const executor = this.executorOf(attempt);
    assert(!executor.instant, `${attempt.spec.attemptId} has no process`);
    return executor;
  }

  private hold(resources: Resources): void {
    this.held = addResources(this.held, resources);
    this.options.changed();
  }

  private release(resources: Resources): void {
    this.held = subtractResources(this.held, resources);
  }
}
