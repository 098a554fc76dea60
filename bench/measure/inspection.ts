/**
 * What it costs to look: throughput of tasks, and what the cluster's processes compute for each, with nobody looking,
 * with one actor inspected in full, and with a list of all actors, which hears of every task, launch and attempt. The
 * three take turns, and each is compared with the rounds of nobody beside it.
 */
import type { InspectStartInput } from '../../protocol/inspection-api.ts';
import { limits } from '../../protocol/limits.ts';
import { systemClock } from '../../runtime/clock.ts';
import { InspectionListener } from '../../runtime/inspection/listener.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectTransport } from '../../runtime/nats.ts';
import { systemRandom } from '../../runtime/random.ts';
import { startCluster } from '../../tests/cluster/harness.ts';
import { cpuTimeMs } from '../load/cpu-time.ts';
import { taskLoad } from '../load/task-load.ts';
import type { Figure } from '../report.ts';

/** Of the actors that there is one of, its chart moves most. */
const ONE = { kind: 'framework', id: 'tasks', detail: 'full' } as const;
const PARTS = [
  'coord-1',
  'coord-2',
  'coord-3',
  'master-1',
  'master-2',
  'agent-1',
  'agent-2',
  'agent-3',
];
const ALL = { detail: 'list' } as const;

/** Nobody inspects again when the lease is over. */
const LEASE_ENDS_MS = limits.inspectLeaseMs + 500;

interface Round {
  readonly tasksPerSecond: number;
  readonly cpuMsPerTask: number;
  readonly events: number;
}

export async function measureInspection(options: {
  rounds: number;
  tasks: number;
}): Promise<Figure[]> {
  const cluster = await startCluster({ executor: 'noop' });
  const load = { url: cluster.natsUrl, cluster: 'mz', outstanding: 256 };
  const pids = PARTS.map((part) => cluster.pidOf(part)).filter((pid) => pid !== undefined);
  const run = async (wanted: InspectStartInput | undefined): Promise<Round> => {
    const looking = wanted && (await look(cluster.natsUrl, wanted));
    const before = cpuTimeMs(pids);
    const { tasksPerSecond } = await taskLoad({ ...load, tasks: options.tasks });
    const cpuMsPerTask = (cpuTimeMs(pids) - before) / options.tasks;
    const events = (await looking?.end()) ?? 0;
    return { tasksPerSecond, cpuMsPerTask, events };
  };
  // The first tasks are slow: code is compiled, and the tree grows to what its retention holds.
  await taskLoad({ ...load, tasks: 2 * options.tasks });
  const [nobody, one, all]: [Round[], Round[], Round[]] = [[], [], []];
  for (let round = 0; round < options.rounds; round++) {
    nobody.push(await run(undefined));
    one.push(await run(ONE));
    all.push(await run(ALL));
  }
  await cluster.stop();
  const rates = (rounds: readonly Round[]) => rounds.map((round) => round.tasksPerSecond);
  const work = (rounds: readonly Round[]) => rounds.map((round) => round.cpuMsPerTask);
  // Of the round before and the one after, so that a machine that grows slower favours nobody.
  const beside = (index: number, of: (round: Round) => number) =>
    (of(nobody[index]!) + of(nobody[index + 1] ?? nobody[index]!)) / 2;
  const losses = (rounds: readonly Round[]) =>
    rounds.map((round, index) => {
      const rate = beside(index, (each) => each.tasksPerSecond);
      return (1 - round.tasksPerSecond / rate) * 100;
    });
  const moreWork = (rounds: readonly Round[]) =>
    rounds.map((round, index) => {
      const usual = beside(index, (each) => each.cpuMsPerTask);
      return (round.cpuMsPerTask / usual - 1) * 100;
    });
  return [
    { what: 'tasks, nobody inspects', values: rates(nobody), unit: '/s' },
    { what: 'tasks, one actor is inspected in full', values: rates(one), unit: '/s' },
    { what: 'tasks, a list of all actors is inspected', values: rates(all), unit: '/s' },
    {
      what: 'loss with one actor',
      values: losses(one),
      unit: '%',
      goal: { atMost: 3 },
    },
    { what: 'loss with a list of all', values: losses(all), unit: '%' },
    { what: 'processor time of the cluster for a task', values: work(nobody), unit: 'ms' },
    { what: 'more of it with one actor', values: moreWork(one), unit: '%', goal: { atMost: 3 } },
    { what: 'more of it with a list of all', values: moreWork(all), unit: '%' },
    { what: 'events heard of one', values: one.map((round) => round.events), unit: '' },
    { what: 'events heard of all', values: all.map((round) => round.events), unit: '' },
  ];
}

/** Resolves once the lease has begun; `end` tells how many events were heard, and waits for the lease's end. */
async function look(url: string, wanted: InspectStartInput) {
  const connected = await connectTransport({
    url,
    role: 'client',
    name: 'bench-inspection',
    log: createLogger({ level: 'silent', fields: {} }),
  });
  let events = 0;
  let begun: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const listener = new InspectionListener({
    transport: connected.transport,
    clock: systemClock,
    random: systemRandom,
    cluster: 'mz',
    heard: () => {
      events++;
      begun();
    },
    trouble: (message) => {
      if (message !== undefined) console.error(message);
    },
  });
  listener.watch([wanted]);
  await first;
  return {
    async end(): Promise<number> {
      listener.end();
      await connected.close();
      await new Promise((resolve) => setTimeout(resolve, LEASE_ENDS_MS));
      return events;
    },
  };
}
