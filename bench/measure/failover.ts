/** After kill -9: time until the next successful write, and until the next task runs. */
import type { NatsConnection } from 'nats';
import { ask, pause, startCluster, type TestCluster } from '../../tests/cluster/harness.ts';
import type { Figure } from '../report.ts';

export async function measureFailover(options: { rounds: number }): Promise<Figure[]> {
  const cluster = await startCluster();
  const client = await cluster.client();
  await ask(client, 'mz.znode.create', { path: '/failover', data: '0' });
  const writes: number[] = [];
  const launches: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    writes.push(await gap(cluster, await cluster.leadingCoord(), () => write(client)));
    launches.push(await gap(cluster, await cluster.leadingMaster(), () => launch(client)));
  }
  await cluster.stop();
  return [
    {
      what: 'leading coord killed: longest time without a successful write',
      values: writes,
      unit: 's',
      goal: { atMost: 1 },
    },
    {
      what: 'leading master killed: until the next task has run',
      values: launches,
      unit: 's',
      goal: { atMost: 3 },
    },
  ];
}

/** Four workers repeat `succeed`; the longest time between two successes around the kill, in seconds. */
async function gap(
  cluster: TestCluster,
  part: string,
  succeed: () => Promise<void>,
): Promise<number> {
  await cluster.untilWell();
  let last = performance.now();
  let longest = 0;
  let going = true;
  const worker = async () => {
    while (going) {
      try {
        await succeed();
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      } catch {
        await pause(5);
      }
    }
  };
  const workers = Array.from({ length: 4 }, worker);
  await pause(1000);
  longest = 0;
  cluster.signal(part, 'SIGKILL');
  await pause(500);
  const killedAt = last;
  while (last === killedAt && performance.now() - killedAt < 30_000) await pause(10);
  await pause(1500);
  going = false;
  await Promise.all(workers);
  await cluster.untilWell();
  return longest / 1000;
}

async function write(client: NatsConnection): Promise<void> {
  const answer = await ask(client, 'mz.znode.set', { path: '/failover', data: 'x' }, 250);
  if (answer.error !== undefined) throw new Error('refused');
}

async function launch(client: NatsConnection): Promise<void> {
  const { taskId, error } = await ask(
    client,
    'mz.task.submit',
    { name: 'failover', command: 'true' },
    500,
  );
  if (error !== undefined) throw new Error('refused');
  for (;;) {
    const task = await ask(client, 'mz.task.get', { taskId }, 500);
    if (task.state === 'TASK_FINISHED') return;
    await pause(20);
  }
}
