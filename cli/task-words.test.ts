import { expect, test } from 'vitest';
import { howItEnded } from './task-words.ts';
import { taskView } from './testing/fake-cluster.ts';

const timedOut = 'REASON_MAX_COMPLETION_TIME_REACHED';

test.each([
  [{ state: 'TASK_FAILED', signal: 'SIGTERM', reason: timedOut }, 'timed out'],
  [{ state: 'TASK_FAILED', exitCode: 3, reason: timedOut }, 'timed out'],
  [{ state: 'TASK_FAILED', signal: 'SIGTERM', reason: 'REASON_COMMAND_SIGNALLED' }, 'SIGTERM'],
  [{ state: 'TASK_FAILED', exitCode: 3, reason: 'REASON_COMMAND_EXITED' }, 'exit code 3'],
  [{ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' }, 'REASON_AGENT_REMOVED'],
  [{ state: 'TASK_KILLED', reason: 'REASON_TASK_KILLED' }, 'before it was started'],
  [{ state: 'TASK_FINISHED', exitCode: 0 }, ''],
  [{ state: 'TASK_RUNNING' }, ''],
] as const)('%j is told as "%s"', (view, words) => {
  expect(howItEnded(taskView({ taskId: 't1', ...view }))).toBe(words);
});
