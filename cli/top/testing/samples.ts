/** What a cluster of some size would tell. */
import type {
  AgentView,
  ClusterState,
  FrameworkView,
  Metrics,
  TaskView,
} from '../../../protocol/task-api.ts';
import { type TaskState, taskStates } from '../../../protocol/task-states.ts';
import { taskView } from '../../testing/fake-cluster.ts';
import type { Model } from '../frame.ts';
import type { Sample } from '../sample.ts';
import { firstView } from '../view.ts';

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export function agents(count: number): AgentView[] {
  return Array.from({ length: count }, (_, index) => ({
    agentId: `agent-${index}-3e92f5d396224484`,
    hostname: `machine-${index}.example`,
    state: index % 5 === 4 ? 'unreachable' : 'active',
    total: { cpus: 64, mem: 262_144, disk: 0, gpus: 0, ports: [] },
    available: { cpus: 64 - index, mem: 262_144 - 1024 * index, disk: 0, gpus: 0, ports: [] },
    used: { cpus: index / 2, mem: 512 * index },
    attributes: {},
    attempts: count - index,
    registeredAtMs: 0,
  }));
}

export function frameworks(count: number): FrameworkView[] {
  return Array.from({ length: count }, (_, index) => ({
    frameworkId: index === 0 ? 'tasks' : `services-${index}`,
    name: index === 0 ? 'tasks' : 'services',
    state: 'subscribed.suppressed',
    tasks: index,
    offers: 0,
    allocated: { cpus: index / 2, mem: 64, disk: 0, gpus: 0, ports: [] },
  }));
}

export function state(agentCount: number, counts: Partial<Record<TaskState, number>> = {}) {
  const none = Object.fromEntries(taskStates.map((each) => [each, 0]));
  return {
    cluster: 'mz',
    frameworks: [] as FrameworkView[],
    leader: { masterId: 'master-1-7f281730', epoch: 31, since: NOW_MS - 61_000 },
    agents: agents(agentCount),
    tasks: { ...none, ...counts } as ClusterState['tasks'],
    coords: [1, 2, 3].map((id) => ({
      id,
      role: id === 2 ? 'leading' : 'following',
      ballot: 513,
      decidedUpTo: 100,
      zxid: 99,
    })),
  };
}

export function metrics(
  queueNames: readonly string[],
  counters: Record<string, number> = {},
): Metrics {
  return {
    resourceAllocationRatio: { cpus: 0, mem: 0, disk: 0 },
    resourceUtilization: { cpus: 0, mem: 0 },
    taskSchedulingDelay: { ratio: 1, secondsMean: 0.1, secondsP50: 0.1, secondsP99: 2 },
    taskSuccessRate: 0.5,
    counters,
    queues: Object.fromEntries(
      queueNames.map((name, index) => [
        name,
        {
          allocatedCpus: index,
          allocatedMem: 64,
          waiting: index % 3,
          running: index,
          successRate: null,
          delaySecondsMean: index === 0 ? null : 3,
        },
      ]),
    ),
  };
}

export function tasks(count: number): TaskView[] {
  return Array.from({ length: count }, (_, index) =>
    taskView({
      taskId: `report-${index}-50cf2c2f40`,
      name: `report-${index}`,
      state: index % 2 === 0 ? 'TASK_QUEUED' : 'TASK_RUNNING',
      submittedAtMs: NOW_MS - 1000 * index,
    }),
  );
}

export function sample(given: Partial<Sample> = {}): Sample {
  return {
    atMs: 100_000,
    wallMs: NOW_MS,
    isConnected: true,
    state: state(3, { TASK_QUEUED: 2, TASK_RUNNING: 3, TASK_FAILED: 1 }),
    metrics: metrics(['default']),
    coordsAnswer: true,
    masters: [
      {
        ...{ znode: '/mesos/a', id: 'master-1-7f281730', hostname: 'vm', port: 5050 },
        ...{ version: '0.1.0', leads: true },
      },
    ],
    tasks: tasks(3),
    ...given,
  };
}

export function model(given: Partial<Sample> = {}, more: Partial<Model> = {}): Model {
  const seen = sample(given);
  return {
    cluster: 'mz',
    sample: seen,
    known: seen.state === undefined ? undefined : seen,
    silentSinceMs: seen.state === undefined ? 97_000 : undefined,
    rates: { submittedPerSecond: 1.26, endedPerSecond: 0.5, decidedPerSecond: 12 },
    view: firstView,
    ...more,
  };
}
