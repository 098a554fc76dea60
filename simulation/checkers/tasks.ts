/**
 * What became of each acknowledged task, compared with what really ran: one final state, a true one, told truly, and
 * nothing left running of a task that has ended.
 */
import { isFinal } from '../../protocol/task-states.ts';
import type { VirtualProcess } from '../processes/processes.ts';
import type { Violations } from '../violations.ts';
import type { TaskRecord, TaskRecords } from '../workload/task-records.ts';
import { falseEnd } from './ends.ts';
import type { ProcessTruth } from './process-truth.ts';
import type { TaskTruth } from './task-truth.ts';

export function checkTasks(
  records: TaskRecords,
  tree: TaskTruth,
  processes: ProcessTruth,
  violations: Violations,
): void {
  for (const text of records.contradictions) violations.report('one-final-state', text);
  const byId = new Map<string, TaskRecord>();
  for (const record of records.acknowledged) {
    byId.set(record.taskId!, record);
    checkTask(record, tree, processes.byKey.get(record.key) ?? [], violations);
  }
  checkDependencies(records, byId, processes, violations);
  for (const { taskId, state } of records.finalEvents) {
    const true_ = tree.stateOf(taskId);
    if (true_ !== state)
      violations.report(
        'one-final-state',
        `task ${taskId} was told to be ${state} and is ${true_}`,
      );
  }
}

function checkTask(
  record: TaskRecord,
  tree: TaskTruth,
  runs: readonly VirtualProcess[],
  violations: Violations,
): void {
  const what = `task ${record.taskId} (${record.key})`;
  const state = tree.stateOf(record.taskId!);
  const final = (text: string) => violations.report('one-final-state', `${what} ${text}`);
  if (state === undefined) final('was acknowledged, but the tree does not have it');
  else if (!isFinal(state)) final(`was acknowledged and has not ended: ${state}`);
  else if (record.state !== state) final(`is ${state}, but get told ${record.state}`);
  const attempts = record.request.retry?.attempts ?? 1;
  if (runs.length > attempts)
    violations.report(
      'no-second-live-attempt',
      `${what} was started ${runs.length} times, but has ${attempts} attempts`,
    );
  const live = runs.filter((run) => run.end === undefined);
  if (state !== undefined && isFinal(state) && live.length > 0)
    violations.report(
      'no-second-live-attempt',
      `${what} is ${state}, but ${live.map((run) => `${run.sandbox} on ${run.machine}`).join(', ')} still runs`,
    );
  const problem = falseEnd(
    {
      state,
      reason: record.reason,
      exitCode: record.taskExitCode,
      mayBeKilled: record.killAsked || record.request.timeoutSeconds !== undefined,
    },
    runs,
  );
  if (problem !== undefined) final(problem);
  if (state === 'TASK_ERROR' && (record.request.dependsOn ?? []).length === 0)
    final('ended in an error, but depends on nothing');
}

/** A task starts only after everything that it depends on has finished. */
function checkDependencies(
  records: TaskRecords,
  byId: ReadonlyMap<string, TaskRecord>,
  processes: ProcessTruth,
  violations: Violations,
): void {
  for (const record of records.acknowledged)
    for (const dependency of record.request.dependsOn ?? []) {
      const first = processes.byKey.get(record.key)?.[0];
      const key = byId.get(dependency)?.key;
      if (first === undefined || key === undefined) continue;
      const finished = (processes.byKey.get(key) ?? []).some(
        (run) =>
          run.end?.kind === 'exited' && run.end.exitCode === 0 && run.endedMs! <= first.startedMs,
      );
      if (!finished)
        violations.report(
          'one-final-state',
          `task ${record.taskId} was started at ${first.startedMs} ms, before its dependency ${dependency} had finished`,
        );
    }
}
