/**
 * Parts of a real cluster are killed with -9 and paused under load: what was acknowledged stays, every task ends as it
 * should and runs once, and work goes on. The times are printed, not judged.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause, startCluster, type TestCluster } from './harness.ts';
import { Load, type Recovery } from './load.ts';

const PAUSE_MS = 5000;
let cluster: TestCluster;
const times: { readonly fault: string; readonly recovery: Recovery }[] = [];

beforeAll(async () => {
  cluster = await startCluster();
}, 120_000);
afterAll(async () => {
  for (const { fault, recovery } of times) {
    const [write, launch] = [recovery.writeMs, recovery.launchMs].map((ms) => Math.round(ms));
    console.log(`${fault}: next write after ${write} ms, next launch after ${launch} ms`);
  }
  await cluster.stop();
});

const victims: readonly [string, () => Promise<string> | string][] = [
  ['the leading coord', () => cluster.leadingCoord()],
  ['the leading master', () => cluster.leadingMaster()],
  ['an agent', () => 'agent-1'],
  ['nats-server', () => 'nats'],
];
const faults: readonly [string, (part: string) => Promise<void>][] = [
  ['killed with -9', async (part) => cluster.signal(part, 'SIGKILL')],
  [
    'paused',
    async (part) => {
      cluster.signal(part, 'SIGSTOP');
      setTimeout(() => cluster.signal(part, 'SIGCONT'), PAUSE_MS);
    },
  ],
];

describe('a cluster of processes', () => {
  it.each(
    faults.flatMap(([how, strike]) =>
      victims.map(([whom, find]) => [whom, how, find, strike] as const),
    ),
  )(
    'loses nothing when %s is %s under load',
    async (whom, how, find, strike) => {
      await cluster.untilWell();
      const name = `${whom}-${how}`.replace(/\W+/g, '-');
      const load = await Load.start(await cluster.client(), {
        ...{ name, directory: cluster.directory },
      });
      await pause(1000);
      const part = await find();
      const deathsBefore = cluster.deaths.length;
      const faultMs = performance.now();
      await strike(part);
      const recovery = await load.recovered(faultMs);
      times.push({ fault: `${whom} (${part}) ${how}`, recovery });
      // Beyond the end of a pause: what was given up comes back, and must change nothing.
      await pause(how === 'paused' ? PAUSE_MS : 1000);
      await load.stop();
      await cluster.untilWell();

      const died = cluster.deaths.slice(deathsBefore).map((death) => `${death.part} ${death.how}`);
      expect(died).toEqual(how === 'paused' ? [] : [`${part} SIGKILL`]);
      expect(load.acknowledgedPaths.length).toBeGreaterThan(100);
      expect(load.acknowledgedTasks.length).toBeGreaterThan(2);
      expect(await load.missingPaths()).toEqual([]);
      const finals = await load.finalStates();
      for (const [taskId, task] of finals)
        expect({ taskId, ...task }).toMatchObject({ state: 'TASK_FINISHED', exitCode: 0 });
      const runs = readFileSync(load.runsFile, 'utf8').trim().split('\n');
      expect(runs).toHaveLength(new Set(runs).size);
      expect(runs).toHaveLength(finals.size);
    },
    180_000,
  );
});
