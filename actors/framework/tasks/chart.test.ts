/** The remembered transitions are those of the chart itself. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { taskMachine } from '../../../machines/task.ts';
import { newTaskChart, type TaskEventType, taskChart } from './chart.ts';

const events: TaskEventType[] = [
  'DEPENDENCIES_FINISHED',
  'DEPENDENCY_FAILED',
  'LAUNCHED',
  'RETRY_DUE',
  'KILL_REQUESTED',
  'ATTEMPT_STAGING',
  'ATTEMPT_STARTING',
  'ATTEMPT_RUNNING',
  'ATTEMPT_FINISHED',
  'ATTEMPT_FAILED',
  'ATTEMPT_KILLED',
  'ATTEMPT_LOST',
  'ATTEMPT_REFUSED',
  'AGENT_UNREACHABLE',
];

test('any sequence of events leads where a running chart goes, through the tree or not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.constantFrom(...events), { maxLength: 30 }),
      (attempts, sequence) => {
        const actor = createActor(taskMachine, { input: { attempts } }).start();
        let chart = newTaskChart(attempts);
        for (const type of sequence) {
          const { value, context } = chart;
          chart = taskChart.restore({ value, context });
          if (!taskChart.knows(chart, type)) {
            expect(actor.getSnapshot().can({ type })).toBe(false);
            continue;
          }
          chart = taskChart.advance(chart, type).next;
          actor.send({ type });
          const snapshot = actor.getSnapshot();
          expect(chart.snapshot.value).toEqual(snapshot.value);
          expect(chart.snapshot.context).toEqual(snapshot.context);
          expect(chart.isFinal).toBe(snapshot.status === 'done');
          if (chart.isFinal) return;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('an event that the state does not know is our fault', () => {
  expect(() => taskChart.advance(newTaskChart(1), 'ATTEMPT_RUNNING')).toThrow(
    'task: event ATTEMPT_RUNNING is not possible in state blocked',
  );
});

test('tasks in the same state share one snapshot', () => {
  const first = taskChart.advance(newTaskChart(1), 'DEPENDENCIES_FINISHED').next;
  const second = taskChart.advance(newTaskChart(1), 'DEPENDENCIES_FINISHED').next;
  expect(second).toBe(first);
});

test.each(taskChart.phases)('%s is restored as it was kept', (value) => {
  const context = { attemptsLeft: 2, killRequested: false };
  expect(taskChart.restore({ value, context })).toMatchObject({ value, context });
});
