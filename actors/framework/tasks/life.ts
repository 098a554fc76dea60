/**
 * Lives the tasks: sends a fact to a task's chart, carries out the actions that the chart names, and notes what is
 * to be written and told.
 */

import { taskMachine } from '../../../machines/task.ts';
import type { TaskId } from '../../../protocol/ids.ts';
import type { TaskEvent } from '../../../protocol/task-api.ts';
import type { TaskReason, TaskState } from '../../../protocol/task-states.ts';
import type { Clock } from '../../actor.ts';
import { ShownGroup } from '../../inspected-group.ts';
import type { Inspection } from '../../inspection.ts';
import type { TaskBook } from './book.ts';
import { type TaskAction, type TaskEventType, taskChart } from './chart.ts';
import type { MetricsKeeper } from './metrics.ts';
import { addHistory, type Task } from './task.ts';

/** Before a refused attempt is placed again: an agent that refuses everything must not keep the master busy. */
const AFTER_REFUSAL_MS = 500;

/** What is known about a change, apart from the change itself. */
export interface Fact {
  readonly atMs: number;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

export interface LifeParts {
  readonly clock: Clock;
  readonly book: TaskBook;
  readonly metrics: MetricsKeeper;
  readonly inspection?: Inspection | undefined;
  /** Asks for its resources, until it leaves. */
  readonly joinLine: (task: Task) => void;
  readonly leaveLine: (task: Task) => void;
  /** Publishes after everything so far is decided. */
  readonly tell: (event: TaskEvent) => void;
  readonly orderLaunch: (task: Task) => void;
  readonly orderKill: (task: Task) => void;
}

export class TaskLife {
  private readonly parts: LifeParts;
  /** Monotonic time at which each retry is due. */
  private readonly retries = new Map<Task, number>();
  /** Ended tasks whose dependents were not told yet: a list, since chains may be long. */
  private readonly concluded: Task[] = [];
  private telling = false;
  private shown: ShownGroup<Task> | undefined;

  constructor(parts: LifeParts) {
    this.parts = parts;
  }

  /** The book has all tasks that were there before: from now on they can be inspected. */
  recovered(): void {
    const { inspection, book } = this.parts;
    if (inspection === undefined) return;
    const shown = new ShownGroup<Task>(inspection, {
      kind: 'task',
      machine: taskMachine,
      book,
      // As exact as the history, which notes states as Mesos knows them: a retry is queued, too.
      describe: ({ id, chart, history, submittedAtMs }) => ({
        id,
        snapshot: chart.snapshot,
        sinceMs: history.at(-1)?.atMs ?? submittedAtMs,
      }),
    });
    this.shown = shown;
    book.removed = (task) => shown.gone(task);
  }

  /** The leadership is over. */
  end(): void {
    this.shown?.leave();
  }

  knows(task: Task, event: TaskEventType): boolean {
    return taskChart.knows(task.chart, event);
  }

  /** Throws InvariantError when the task's state does not know the event. */
  send(task: Task, event: TaskEventType, fact: Fact): void {
    const before = task.chart;
    const { next, actions } = taskChart.advance(before, event);
    task.chart = next;
    if (next.state !== before.state) {
      this.note(task, fact);
      this.parts.metrics.stateChanged(task, before.state);
    }
    this.parts.book.changed(task, before.state);
    this.shown?.changed(task, event);
    if (before.value === 'blocked') this.unpin(task);
    for (const action of actions) this.carryOut(action, task, event);
    this.tellDependents();
  }

  /** A new task, whose dependencies are known: goes into the book and, when nothing holds it up, into the line. */
  accept(task: Task, dependencies: readonly Task[], fact: Fact): void {
    this.parts.book.addNew(task);
    this.shown?.began(task);
    this.parts.metrics.added(task);
    this.wait(task, dependencies);
    const failed = dependencies.find((dependency) => hasFailed(dependency));
    if (failed !== undefined) this.failFor(task, failed, fact.atMs);
    else if (task.openDependencies === 0) this.send(task, 'DEPENDENCIES_FINISHED', fact);
    else this.note(task, fact);
  }

  /** A task read from the tree: takes up what its state implies. */
  resume(task: Task, dependencies: readonly Task[], missing: readonly TaskId[]): void {
    const now = this.parts.clock.wallMs();
    const { value } = task.chart;
    if (value === 'queued') this.carryOut('joinLine', task);
    if (value === 'retrying') this.scheduleRetry(task, Math.max(0, (task.retryAtMs ?? now) - now));
    if (value !== 'blocked') return;
    this.wait(task, dependencies);
    const failed = dependencies.find((dependency) => hasFailed(dependency));
    if (failed !== undefined) this.failFor(task, failed, now);
    else if (missing.length > 0)
      this.send(task, 'DEPENDENCY_FAILED', {
        atMs: now,
        reason: 'REASON_DEPENDENCY_FAILED',
        message: `the dependency ${missing[0]} does not exist`,
      });
    else if (task.openDependencies === 0) this.send(task, 'DEPENDENCIES_FINISHED', { atMs: now });
  }

  /** The task is to be killed already: sooner now. */
  shortenKill(task: Task, graceMs: number): void {
    task.attempt!.killGraceMs = graceMs;
    this.parts.book.changed(task, task.chart.state);
    this.parts.orderKill(task);
  }

  retriesDue(nowMs: number): void {
    for (const [task, dueMs] of this.retries)
      if (dueMs <= nowMs) this.send(task, 'RETRY_DUE', { atMs: this.parts.clock.wallMs() });
  }

  private carryOut(action: TaskAction, task: Task, event?: TaskEventType): void {
    const { parts } = this;
    switch (action) {
      case 'joinLine':
        parts.joinLine(task);
        return;
      case 'leaveLine':
        parts.leaveLine(task);
        return;
      case 'scheduleRetry':
        this.scheduleRetry(
          task,
          event === 'ATTEMPT_REFUSED' ? AFTER_REFUSAL_MS : task.request.retry.delaySeconds * 1000,
        );
        return;
      case 'cancelRetry':
        this.retries.delete(task);
        task.retryAtMs = undefined;
        return;
      case 'orderLaunch':
        parts.orderLaunch(task);
        return;
      case 'orderKill':
        parts.orderKill(task);
        return;
      case 'freeResources':
        parts.metrics.freed(task, task.attempt!.resources);
        return;
      case 'concludeTask':
        this.conclude(task);
        return;
      default:
        action satisfies never;
    }
  }

  private scheduleRetry(task: Task, delayMs: number): void {
    task.retryAtMs = this.parts.clock.wallMs() + delayMs;
    this.retries.set(task, this.parts.clock.monotonicMs() + delayMs);
  }

  private conclude(task: Task): void {
    this.parts.metrics.concluded(task);
    if (task.dependents !== undefined) this.concluded.push(task);
  }

  private tellDependents(): void {
    if (this.telling) return;
    this.telling = true;
    for (let ended = this.concluded.pop(); ended !== undefined; ended = this.concluded.pop()) {
      const { dependents } = ended;
      ended.dependents = undefined;
      for (const task of dependents ?? []) this.dependencyEnded(task, ended);
    }
    this.telling = false;
  }

  private dependencyEnded(task: Task, dependency: Task): void {
    if (task.chart.value !== 'blocked') return;
    const atMs = this.parts.clock.wallMs();
    if (hasFailed(dependency)) this.failFor(task, dependency, atMs);
    else if (--task.openDependencies === 0) this.send(task, 'DEPENDENCIES_FINISHED', { atMs });
  }

  private failFor(task: Task, dependency: Task, atMs: number): void {
    this.send(task, 'DEPENDENCY_FAILED', {
      atMs,
      reason: 'REASON_DEPENDENCY_FAILED',
      message: `the dependency ${dependency.id} ended as ${dependency.chart.state}`,
    });
  }

  private wait(task: Task, dependencies: readonly Task[]): void {
    for (const dependency of dependencies) {
      dependency.pins += 1;
      if (dependency.chart.isFinal) continue;
      dependency.dependents ??= new Set();
      dependency.dependents.add(task);
      task.openDependencies += 1;
    }
  }

  /** A new leader must find the dependencies of what is blocked: until then they are kept. */
  private unpin(task: Task): void {
    for (const id of new Set(task.request.dependsOn)) {
      const dependency = this.parts.book.get(id as TaskId);
      if (dependency !== undefined) dependency.pins -= 1;
    }
  }

  /** Writes the present state into the history and tells it. */
  private note(task: Task, fact: Fact): void {
    const { state, isFinal, isActive } = task.chart;
    const attemptId = isActive || isFinal ? task.attempt?.attemptId : undefined;
    addHistory(task, {
      state,
      atMs: fact.atMs,
      reason: fact.reason,
      message: fact.message,
      attemptId,
    });
    task.reason = fact.reason;
    task.message = fact.message;
    if (isFinal) {
      task.endedAtMs = fact.atMs;
      task.exitCode = fact.exitCode;
      task.signal = fact.signal;
    }
    this.parts.tell({
      taskId: task.id,
      name: task.request.name,
      state,
      atMs: fact.atMs,
      reason: fact.reason,
      message: fact.message,
      attemptId,
      agentId: attemptId && task.attempt?.agentId,
      exitCode: fact.exitCode,
      signal: fact.signal,
    });
  }
}

function hasFailed(dependency: Task): boolean {
  const state: TaskState = dependency.chart.state;
  return dependency.chart.isFinal && state !== 'TASK_FINISHED';
}
