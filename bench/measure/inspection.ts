/**
 * What it costs to look: throughput of tasks, and what the cluster's processes compute for each, with nobody looking,
 * with one actor inspected in full, and with a list of all actors, which hears of every task, launch and attempt. The
 * three take turns.
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
import { median } from '../load/histogram.ts';
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
  const [nobody, one, all]: [Round[], Round[], Round[]] = [[], [], []];
  const cluster = await startCluster({ executor: 'noop' });
  try {
    const pids = PARTS.map((part) => cluster.pidOf(part)).filter((pid) => pid !== undefined);
    const run = (wanted?: InspectStartInput) =>
      oneRound(cluster.natsUrl, pids, options.tasks, wanted);
    // The first tasks are slow: code is compiled, and the tree grows to what its retention holds.
    await run();
    await run();
    for (let round = 0; round < options.rounds; round++) {
      nobody.push(await run());
      one.push(await run(ONE));
      all.push(await run(ALL));
    }
  } finally {
    await cluster.stop();
  }
  const rates = (rounds: readonly Round[]) => rounds.map((round) => round.tasksPerSecond);
  const work = (rounds: readonly Round[]) => rounds.map((round) => round.cpuMsPerTask);
  // Of the medians: a round that the machine was busy in with something else decides nothing.
  const loss = (rounds: readonly Round[]) => [
    (1 - median(rates(rounds)) / median(rates(nobody))) * 100,
  ];
  const moreWork = (rounds: readonly Round[]) => [
    (median(work(rounds)) / median(work(nobody)) - 1) * 100,
  ];
  return [
    { what: 'tasks, nobody inspects', values: rates(nobody), unit: '/s' },
    { what: 'tasks, one actor is inspected in full', values: rates(one), unit: '/s' },
    { what: 'tasks, a list of all actors is inspected', values: rates(all), unit: '/s' },
    {
      what: 'loss with one actor',
      values: loss(one),
      unit: '%',
      goal: { atMost: 3 },
    },
    { what: 'loss with a list of all', values: loss(all), unit: '%' },
    { what: 'processor time of the cluster for a task', values: work(nobody), unit: 'ms' },
    { what: 'more of it with one actor', values: moreWork(one), unit: '%' },
    { what: 'more of it with a list of all', values: moreWork(all), unit: '%' },
    { what: 'events heard of one', values: one.map((round) => round.events), unit: '' },
    { what: 'events heard of all', values: all.map((round) => round.events), unit: '' },
  ];
}

async function oneRound(
  url: string,
  pids: readonly number[],
  tasks: number,
  wanted: InspectStartInput | undefined,
): Promise<Round> {
  const looking = wanted && (await look(url, wanted));
  const before = cpuTimeMs(pids);
  const { tasksPerSecond } = await taskLoad({ url, cluster: 'mz', tasks, outstanding: 256 });
  const cpuMsPerTask = (cpuTimeMs(pids) - before) / tasks;
  const events = (await looking?.end()) ?? 0;
  return { tasksPerSecond, cpuMsPerTask, events };
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
