/** TSD and TSR, from what happened. */
import { expect, test } from 'vitest';
import type { AttemptId, TaskId } from '../../../protocol/ids.ts';
import { NOTHING } from '../../../protocol/resources.ts';
import { submitRequest } from '../../../protocol/task-api.ts';
import { type TaskPhase, taskChart } from './chart.ts';
import { MetricsKeeper } from './metrics.ts';
import type { Task } from './task.ts';

function taskIn(value: TaskPhase, queue = 'default', more: Partial<Task> = {}): Task {
  return {
    id: 't' as TaskId,
    order: 1,
    submittedAtMs: 1000,
    request: submitRequest.parse({ name: 't', command: 'true', queue }),
    chart: taskChart.restore({
      value,
      context: { attemptsLeft: 0, killRequested: false },
    }),
    attempts: 1,
    history: [],
    openDependencies: 0,
    pins: 0,
    ...more,
  };
}
function ran(value: TaskPhase, startedAtMs: number, endedAtMs: number): Task {
  const attempt = {
    attemptId: 't.1' as AttemptId,
    agentId: 'a' as never,
    hostname: 'h',
    resources: NOTHING,
    stagedAtMs: 1000,
    startedAtMs,
    endedAtMs,
  };
  return taskIn(value, 'default', { attempt });
}
test('without anything every ratio is null: 0 ÷ 0', () => {
  expect(new MetricsKeeper().report()).toMatchObject({
    taskSchedulingDelay: { ratio: null, secondsMean: null, secondsP50: null, secondsP99: null },
    taskSuccessRate: null,
    counters: {},
    queues: {},
  });
});

test('success is what finished of what ended; the delay ratio is execution over time since submission', () => {
  const metrics = new MetricsKeeper();
  // Submitted at 1 s: waited 1 s and ran 3 s; waited 0 s and ran 4 s; never ran.
  for (const task of [ran('finished', 2000, 5000), ran('failed', 1000, 5000), taskIn('killed')])
    metrics.recovered(task);
  const report = metrics.report();
  expect(report.taskSuccessRate).toBeCloseTo(1 / 3, 5);
  expect(report.taskSchedulingDelay.ratio).toBe(7 / 8);
});

test('delays in seconds: mean and percentiles by nearest rank; clocks that disagree make no negative delay', () => {
  const metrics = new MetricsKeeper();
  const task = taskIn('running');
  for (let second = 1; second <= 100; second++) metrics.taskStarted(task, 1000 + second * 1000);
  metrics.taskStarted(task, 0);
  const { secondsMean, secondsP50, secondsP99 } = metrics.report().taskSchedulingDelay;
  expect([secondsMean, secondsP50, secondsP99]).toEqual([50, 50, 99]);
});

test('a queue is counted while it has tasks, and forgotten with its last one', () => {
  const metrics = new MetricsKeeper();
  const waiting = taskIn('queued', 'q');
  metrics.added(waiting);
  metrics.allocated(waiting, { ...NOTHING, cpus: 0.3, mem: 32 });
  expect(metrics.report().queues.q).toMatchObject({ waiting: 1, running: 0, allocatedCpus: 0.3 });
  waiting.chart = taskChart.restore({
    value: 'running',
    context: { attemptsLeft: 0, killRequested: false },
  });
  metrics.stateChanged(waiting, 'TASK_QUEUED');
  expect(metrics.report().queues.q).toMatchObject({ waiting: 0, running: 1 });
  metrics.freed(waiting, { ...NOTHING, cpus: 0.3, mem: 32 });
  metrics.removed(waiting);
  expect(metrics.report().queues).toEqual({});
});
