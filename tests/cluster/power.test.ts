/** Every process of the cluster is killed at the same moment, under load, and all of them are started again. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pause, startCluster, type TestCluster } from './harness.ts';
import { Load } from './load.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 120_000);
afterAll(() => cluster.stop());

it('what was acknowledged is there after everything was killed at once', async () => {
  const load = await Load.start(await cluster.client(), {
    ...{ name: 'power', directory: cluster.directory },
  });
  await pause(1500);
  const faultMs = performance.now();
  await cluster.crashAndRestart();
  const { writeMs, launchMs } = await load.recovered(faultMs);
  console.log(
    `everything killed and started again: next write after ${Math.round(writeMs)} ms, next launch after ${Math.round(launchMs)} ms`,
  );
  await load.stop();
  expect(load.acknowledgedPaths.length).toBeGreaterThan(100);
  expect(await load.missingPaths()).toEqual([]);
  const finals = await load.finalStates();
  for (const [taskId, task] of finals)
    expect({ taskId, ...task }).toMatchObject({ state: 'TASK_FINISHED', exitCode: 0 });
  const runs = readFileSync(load.runsFile, 'utf8').trim().split('\n');
  expect(runs).toHaveLength(new Set(runs).size);
  expect(runs).toHaveLength(finals.size);
  expect(cluster.deaths).toEqual([]);
}, 180_000);
