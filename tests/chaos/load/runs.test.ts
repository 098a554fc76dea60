import { describe, expect, it, test } from 'vitest';
import type { TaskView } from '../../../protocol/task-api.ts';
import { type AgentLoss, checkRuns, type Run, readRuns } from './runs.ts';

const finished = (more: object = {}) =>
  ({
    ...{ taskId: 't', state: 'TASK_FINISHED', exitCode: 0, attempts: 1, endedAtMs: 2000 },
    ...more,
  }) as TaskView;
const lost = finished({ state: 'TASK_LOST', exitCode: undefined, reason: 'REASON_AGENT_REMOVED' });
const run = (attemptId = 't.1', atMs = 1000, taskId = 't'): Run => ({
  ...{ taskId, attemptId, atMs, agent: 'agent-1' },
});
const loss: AgentLoss = { agent: 'agent-1', state: 'TASK_LOST', backAtMs: 9000 };

it('reads what the tasks wrote', () => {
  expect(readRuns('t t.1 agent-1 30\nt t.2 agent-1 80\n', 700)).toEqual([run(), run('t.2', 1500)]);
  expect(readRuns('', 700)).toEqual([]);
});

describe('runs are right when', () => {
  test.each<[string, TaskView, Run[], AgentLoss?]>([
    ['a task has run once and finished', finished(), [run()]],
    ['a lost attempt was made good', finished({ attempts: 2 }), [run(), run('t.2')], loss],
    ['the agent of a task is gone for good', lost, [run()], loss],
    ['it was gone before the task began', lost, [], loss],
    ['a first step was frozen with the agent', lost, [run('t.1', 9300)], loss],
  ])('%s', (_what, task, runs, agent) => {
    expect(checkRuns([task], runs, agent)).toEqual([]);
  });
});

describe('it is told that', () => {
  test.each<[string, TaskView, Run[], AgentLoss?]>([
    ['has not ended', finished({ state: 'TASK_RUNNING' }), [run()]],
    ['ended as TASK_FAILED', finished({ state: 'TASK_FAILED' }), [run()], loss],
    ['ended as TASK_FINISHED', finished({ exitCode: 1 }), [run()]],
    ['ended as TASK_LOST', lost, [run()]],
    ['ended as TASK_LOST', lost, [run()], { ...loss, state: 'TASK_KILLED' }],
    ['finished without having run', finished(), []],
    ['an attempt ran twice', finished(), [run(), run()]],
    ['ran as 2 attempts, 1 are known', finished(), [run(), run('t.2')]],
    ['after it had been decided', lost, [run('t.1', 2100)], loss],
    ['after it had been decided', lost, [run('t.1', 10_100)], loss],
    ['after it had been decided', lost, [run('t.1', 9300)], { ...loss, agent: 'agent-2' }],
    ['never acknowledged', finished(), [run(), run('other.1', 1, 'other')]],
  ])('%s', (what, task, runs, agent) => {
    expect(checkRuns([task], runs, agent).join()).toContain(what);
  });
});
