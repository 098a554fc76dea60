/**
 * The metrics of the task requests, kept up incrementally; a new leader begins with what it found in
 * the tree.
 *
 * TSD, the task scheduling delay, as a ratio: time of execution ÷ time since submission, summed over the tasks that
 * have ended after running (1: no task waited at all). Beside it the delay in seconds from submission to start; its
 * percentiles are those of the last tasks that started.
 */

import type { Resources } from '../../../protocol/resources.ts';
import type { Metrics } from '../../../protocol/task-api.ts';
import type { TaskState } from '../../../protocol/task-states.ts';
import type { Task } from './task.ts';

/** Delays kept for the percentiles. */
const DELAYS_MAX = 4096;

interface QueueCounts {
  tasks: number;
  allocatedCpus: number;
  allocatedMem: number;
  waiting: number;
  running: number;
  ended: number;
  finished: number;
  started: number;
  delaySeconds: number;
}

export class MetricsKeeper {
  private readonly counters = new Map<string, number>();
  private readonly queues = new Map<string, QueueCounts>();
  private readonly delays: number[] = [];
  private delayNext = 0;
  private started = 0;
  private delaySecondsSum = 0;
  private executionMs = 0;
  private sinceSubmissionMs = 0;
  private endedCount = 0;
  private finishedCount = 0;

  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  added(task: Task): void {
    const queue = this.queueOf(task);
    queue.tasks += 1;
    this.classify(queue, task.chart.state, 1);
  }

  recovered(task: Task): void {
    this.added(task);
    if (task.chart.isActive && task.attempt !== undefined)
      this.allocated(task, task.attempt.resources);
    if (task.chart.isFinal) this.concluded(task);
  }

  removed(task: Task): void {
    const queue = this.queueOf(task);
    queue.tasks -= 1;
    if (queue.tasks === 0) this.queues.delete(task.request.queue);
  }

  stateChanged(task: Task, before: TaskState): void {
    const queue = this.queueOf(task);
    this.classify(queue, before, -1);
    this.classify(queue, task.chart.state, 1);
    this.count(task.chart.state);
  }

  allocated(task: Task, resources: Resources): void {
    const queue = this.queueOf(task);
    queue.allocatedCpus += resources.cpus;
    queue.allocatedMem += resources.mem;
  }

  freed(task: Task, resources: Resources): void {
    const queue = this.queueOf(task);
    queue.allocatedCpus -= resources.cpus;
    queue.allocatedMem -= resources.mem;
  }

  /** The first attempt of the task has started. */
  taskStarted(task: Task, atMs: number): void {
    // Two machines' clocks: what began before it was submitted began at once.
    const seconds = Math.max(0, atMs - task.submittedAtMs) / 1000;
    const queue = this.queueOf(task);
    queue.started += 1;
    queue.delaySeconds += seconds;
    this.started += 1;
    this.delaySecondsSum += seconds;
    this.delays[this.delayNext] = seconds;
    this.delayNext = (this.delayNext + 1) % DELAYS_MAX;
  }

  concluded(task: Task): void {
    const queue = this.queueOf(task);
    queue.ended += 1;
    this.endedCount += 1;
    if (task.chart.state === 'TASK_FINISHED') {
      queue.finished += 1;
      this.finishedCount += 1;
    }
    const { startedAtMs, endedAtMs } = task.attempt ?? {};
    if (startedAtMs === undefined || endedAtMs === undefined) return;
    this.executionMs += Math.max(0, endedAtMs - startedAtMs);
    this.sinceSubmissionMs += Math.max(0, endedAtMs - task.submittedAtMs);
  }

  report(): Omit<Metrics, 'resourceAllocationRatio' | 'resourceUtilization'> {
    const sorted = [...this.delays].sort((a, b) => a - b);
    return {
      taskSchedulingDelay: {
        ratio: ratio(this.executionMs, this.sinceSubmissionMs),
        secondsMean: ratio(this.delaySecondsSum, this.started),
        secondsP50: percentile(sorted, 0.5),
        secondsP99: percentile(sorted, 0.99),
      },
      taskSuccessRate: ratio(this.finishedCount, this.endedCount),
      counters: Object.fromEntries(this.counters),
      queues: Object.fromEntries(
        [...this.queues].map(([name, queue]) => [
          name,
          {
            allocatedCpus: round(queue.allocatedCpus),
            allocatedMem: round(queue.allocatedMem),
            waiting: queue.waiting,
            running: queue.running,
            successRate: ratio(queue.finished, queue.ended),
            delaySecondsMean: ratio(queue.delaySeconds, queue.started),
          },
        ]),
      ),
    };
  }

  private classify(queue: QueueCounts, state: TaskState, change: number): void {
    const kind = kinds.get(state);
    if (kind !== undefined) queue[kind] += change;
  }

  private queueOf(task: Task): QueueCounts {
    let queue = this.queues.get(task.request.queue);
    if (queue === undefined) {
      queue = {
        tasks: 0,
        allocatedCpus: 0,
        allocatedMem: 0,
        waiting: 0,
        running: 0,
        ended: 0,
        finished: 0,
        started: 0,
        delaySeconds: 0,
      };
      this.queues.set(task.request.queue, queue);
    }
    return queue;
  }
}

const kinds: ReadonlyMap<TaskState, 'waiting' | 'running'> = new Map([
  ['TASK_BLOCKED', 'waiting'],
  ['TASK_QUEUED', 'waiting'],
  ['TASK_STAGING', 'running'],
  ['TASK_STARTING', 'running'],
  ['TASK_RUNNING', 'running'],
  ['TASK_KILLING', 'running'],
  ['TASK_UNREACHABLE', 'running'],
]);

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : round(part / whole);
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** The nearest rank. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
