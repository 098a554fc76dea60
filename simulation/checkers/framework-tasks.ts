/**
 * What a framework was told of each of its tasks, compared with the tree and with what really ran: every status that
 * was decided was told, in order, under one uuid; the launch was kept until the end was acknowledged; the end is a true
 * one; and nothing was said to be unknown that was there.
 */
import type { TaskStatus } from '../../protocol/framework-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import type { VirtualProcess } from '../processes/processes.ts';
import type { Violations } from '../violations.ts';
import {
  type FrameworkRecords,
  type FrameworkTask,
  refusalOf,
} from '../workload/framework-records.ts';
import { falseEnd } from './ends.ts';
import type { KnownLaunch, LaunchTruth } from './launch-truth.ts';
import type { ProcessTruth } from './process-truth.ts';

export function checkFrameworkTasks(
  records: FrameworkRecords,
  tree: Pick<LaunchTruth, 'ofFramework'>,
  processes: Pick<ProcessTruth, 'byKey'>,
  violations: Violations,
): void {
  const launches = tree.ofFramework(records.id);
  for (const task of records.tasks.values()) {
    const known = launches.get(task.taskId) ?? [];
    const [launch] = known;
    if (known.length > 1)
      violations.report(
        'launch-kept',
        `task ${task.taskId} was launched ${known.length} times: ${known.map(({ attemptId }) => attemptId).join(', ')}`,
      );
    // Nobody waits any more for what ends with its framework.
    const wasCut = (launch?.deletedMs ?? 0) >= (records.tornDownFromMs ?? Number.POSITIVE_INFINITY);
    checkRefusal(task, launch, violations);
    checkStatuses(task, launch, wasCut, violations);
    checkProcesses(task, launch, processes, violations);
    if (launch === undefined || wasCut) continue;
    checkKept(task, launch, violations);
    checkEnd(task, processes, violations);
  }
}

/** Where there is one instance only nobody can have taken over from it. */
export function checkDismissals(
  { id, dismissals }: FrameworkRecords,
  instances: number,
  violations: Violations,
): void {
  if (instances === 1 && dismissals.length > 0)
    violations.report(
      'subscription-kept',
      `the only instance of ${id} was dismissed: ${dismissals.join(', ')}`,
    );
}

/** The framework gives up what the master says it does not have: it must be gone, or never have been there. */
function checkRefusal(
  task: FrameworkTask,
  launch: KnownLaunch | undefined,
  violations: Violations,
): void {
  const refusal = refusalOf(task);
  if (refusal === undefined || launch === undefined) return;
  if (launch.deletedMs !== undefined && launch.deletedMs <= refusal.atMs) return;
  const { state, reason } = refusal.status;
  violations.report(
    'one-final-state',
    `task ${task.taskId} was told ${state} for ${reason} at ${refusal.atMs} ms, but ${launch.attemptId} was launched at ${launch.createdMs} ms and is ${launch.node.chart.value}`,
  );
}

function checkStatuses(
  task: FrameworkTask,
  launch: KnownLaunch | undefined,
  wasCut: boolean,
  violations: Violations,
): void {
  const report = (text: string) =>
    violations.report('statuses-in-order', `task ${task.taskId} ${text}`);
  const decided = launch?.statuses ?? [];
  const told = firstTellings(task);
  for (const status of told) {
    const written = decided.find(({ uuid }) => uuid === status.uuid);
    if (written === undefined) report(`was told ${describe(status)}, which was not decided`);
    else if (describe(written) !== describe(status))
      report(`was told ${describe(status)}, but ${describe(written)} was decided`);
  }
  const skips = decided.filter(({ uuid }) => !told.some((status) => status.uuid === uuid));
  if (skips.length > 0 && !wasCut && launch?.crowded === false)
    report(`was not told ${skips.map(describe).join(', ')}`);
  const inOrder = decided.filter(({ uuid }) => told.some((status) => status.uuid === uuid));
  if (told.length === inOrder.length && told.some(({ uuid }, at) => uuid !== inOrder[at]?.uuid))
    report(
      `was told ${told.map(describe).join(', ')}, but they were decided as ${inOrder.map(describe).join(', ')}`,
    );
}

/** Each status that is an event, as it was told first. */
function firstTellings({ heard }: FrameworkTask): readonly TaskStatus[] {
  const first = new Map<string, TaskStatus>();
  for (const { status } of heard)
    if (status.uuid !== undefined && !first.has(status.uuid)) first.set(status.uuid, status);
  return [...first.values()];
}

/** It leaves the tree when its framework has acknowledged the end, not sooner. */
function checkKept(task: FrameworkTask, launch: KnownLaunch, violations: Violations): void {
  if (launch.deletedMs === undefined) return;
  const end = launch.statuses.at(-1);
  const sentMs =
    end?.uuid !== undefined && isFinal(end.state) ? task.acknowledgedAtMs.get(end.uuid) : undefined;
  if (sentMs === undefined || sentMs > launch.deletedMs)
    violations.report(
      'launch-kept',
      `the launch ${launch.attemptId} of task ${task.taskId} left the tree as ${launch.node.chart.value} at ${launch.deletedMs} ms; its end was acknowledged ${sentMs === undefined ? 'never' : `at ${sentMs} ms`}`,
    );
}

function checkProcesses(
  { taskId }: FrameworkTask,
  launch: KnownLaunch | undefined,
  processes: Pick<ProcessTruth, 'byKey'>,
  violations: Violations,
): void {
  const runs = processes.byKey.get(taskId) ?? [];
  const places = (some: readonly VirtualProcess[]) =>
    some.map(({ sandbox, machine }) => `${sandbox} on ${machine}`).join(', ');
  if (runs.length > 1)
    violations.report(
      'no-second-live-attempt',
      `task ${taskId} was started ${runs.length} times: ${places(runs)}`,
    );
  const live = runs.filter(({ end }) => end === undefined);
  if (live.length > 0)
    violations.report(
      'no-second-live-attempt',
      `task ${taskId} is over, but ${places(live)} still runs`,
    );
  if (launch === undefined && runs.length > 0)
    violations.report('one-final-state', `task ${taskId} was never launched, but ran`);
}

function checkEnd(
  task: FrameworkTask,
  processes: Pick<ProcessTruth, 'byKey'>,
  violations: Violations,
): void {
  const { taskId, heard } = task;
  const runs = processes.byKey.get(taskId) ?? [];
  const final = (text: string) => violations.report('one-final-state', `task ${taskId} ${text}`);
  const ends = heard.filter(
    ({ status }) =>
      isFinal(status.state) &&
      (status.uuid !== undefined || status.reason === 'REASON_RECONCILIATION'),
  );
  const states = new Set(ends.map(({ status }) => status.state));
  if (states.size !== 1)
    final(`was launched and told ${states.size === 0 ? 'no end' : [...states].join(' and ')}`);
  const end = ends.find(({ status }) => status.uuid !== undefined)?.status;
  const problem = falseEnd(
    {
      state: end?.state,
      reason: end?.reason,
      exitCode: end?.exit_code,
      mayBeKilled: task.killAsked || task.isTimed,
    },
    runs,
  );
  if (problem !== undefined) final(problem);
}

function describe({ state, source, reason, uuid, timestamp, exit_code }: TaskStatus): string {
  return JSON.stringify({ state, source, reason, uuid, timestamp, exit_code });
}
