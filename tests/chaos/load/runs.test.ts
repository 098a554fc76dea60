import { describe, expect, it, test } from 'vitest';
import type { TaskView } from '../../../protocol/task-api.ts';
import { checkRuns, type Run, readRuns } from './runs.ts';

const finished = (more: object = {}) =>
  ({
    ...{ taskId: 't', state: 'TASK_FINISHED', exitCode: 0, attempts: 1, endedAtMs: 2000 },
    ...more,
  }) as TaskView;
const lost = finished({ state: 'TASK_LOST', exitCode: undefined, reason: 'REASON_AGENT_REMOVED' });
const run = (attemptId = 't.1', atMs = 1000, taskId = 't'): Run => ({ taskId, attemptId, atMs });

it('reads what the tasks wrote', () => {
  expect(readRuns('t t.1 30\nt t.2 80\n', 700)).toEqual([run(), run('t.2', 1500)]);
  expect(readRuns('', 700)).toEqual([]);
});

describe('runs are right when', () => {
  test.each<[string, TaskView, Run[], boolean]>([
    ['a task has run once and finished', finished(), [run()], false],
    ['a lost attempt was made good', finished({ attempts: 2 }), [run(), run('t.2')], true],
    ['the agent of a task is gone for good', lost, [run()], true],
    ['it was gone before the task began', lost, [], true],
  ])('%s', (_what, task, runs, mayBeLost) => {
    expect(checkRuns([task], runs, mayBeLost)).toEqual([]);
  });
});

describe('it is told that', () => {
  test.each<[string, TaskView, Run[], boolean]>([
    ['has not ended', finished({ state: 'TASK_RUNNING' }), [run()], false],
    ['ended as TASK_FAILED', finished({ state: 'TASK_FAILED' }), [run()], true],
    ['ended as TASK_FINISHED', finished({ exitCode: 1 }), [run()], false],
    ['ended as TASK_LOST', lost, [run()], false],
    ['finished without having run', finished(), [], false],
    ['an attempt ran twice', finished(), [run(), run()], false],
    ['ran as 2 attempts, 1 are known', finished(), [run(), run('t.2')], false],
    ['after it had been decided', lost, [run('t.1', 2100)], true],
    ['never acknowledged', finished(), [run(), run('other.1', 1, 'other')], false],
  ])('%s', (what, task, runs, mayBeLost) => {
    expect(checkRuns([task], runs, mayBeLost).join()).toContain(what);
  });
});
