/** Task requests with the no-op executor, from the submission to the final state that is durable in the tree. */
import { startCluster } from '../../tests/cluster/harness.ts';
import { taskLoad } from '../load/task-load.ts';
import type { Figure } from '../report.ts';

export async function measureTasks(options: { rounds: number; tasks: number }): Promise<Figure[]> {
  const cluster = await startCluster({ executor: 'noop' });
  const load = { url: cluster.natsUrl, cluster: 'mz', outstanding: 256 };
  await taskLoad({ ...load, tasks: 2000 });
  const results = [];
  for (let round = 0; round < options.rounds; round++)
    results.push(await taskLoad({ ...load, tasks: options.tasks }));
  await cluster.stop();
  return [
    {
      what: 'tasks, no-op executor, 256 outstanding: submission to final state',
      values: results.map((result) => result.tasksPerSecond),
      unit: '/s',
      goal: { atLeast: 1000 },
    },
    {
      what: 'tasks: p50 of submission to final state',
      values: results.map((result) => result.latency.percentile(0.5)),
      unit: 'ms',
    },
    {
      what: 'tasks: p99',
      values: results.map((result) => result.latency.percentile(0.99)),
      unit: 'ms',
    },
    {
      what: 'tasks that did not finish',
      values: results.map((result) => options.tasks - (result.states.TASK_FINISHED ?? 0)),
      unit: '',
    },
  ];
}
