/**
 * One fault under load: znode writers and task submitters go on from before it until the cluster is well again, then
 * everything that was acknowledged is looked for.
 */
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { ClusterState, TaskView } from '../../protocol/task-api.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { SeededRandom } from '../../simulation/random.ts';
import { pause } from '../cluster/harness.ts';
import { Load } from '../cluster/load.ts';
import type { ContainerCluster, Death } from './cluster.ts';
import type { Fault, Harm } from './faults/fault.ts';
import { type AgentLoss, checkRuns, notingCommand, readRuns } from './load/runs.ts';
import type { Series } from './load/series.ts';
import { SessionWriters } from './load/session-writers.ts';

const RUNS = '/runs';
const TASK_SECONDS = 0.3;
const WRITE_PAUSE_MS = 5;
const SESSION_WRITERS = 3;
const WARM_UP_MS = 1000;
const GO_ON_MS = 1000;
/** For everything that must come by itself: writes and launches after the fault, ends of tasks. */
const PATIENCE_MS = 90_000;

export interface RoundResult {
  readonly fault: string;
  readonly victims: readonly string[];
  /** On the clock of `performance.now()`. */
  readonly strikeMs: number;
  readonly healedMs: number;
  /** The longest times without a successful write, and without the start of a task. */
  readonly withoutWriteMs: number;
  readonly withoutStartMs: number;
  readonly acknowledgedWrites: number;
  readonly acknowledgedTasks: number;
  /** Another master leads, or the same one anew. */
  readonly masterChanged: boolean;
  /** In sentences; empty when everything is as it must be. */
  readonly violations: readonly string[];
}

export interface RoundOptions {
  readonly cluster: ContainerCluster;
  readonly fault: Fault;
  /** Tells apart the rounds of one cluster. */
  readonly name: string;
  readonly random: SeededRandom;
  readonly series: Series;
  /** Ends the fault before its time; what follows is done all the same. */
  readonly hurry?: AbortSignal;
}

/** Rejects when the cluster cannot be brought under load, or does not become well again. */
export async function playRound(options: RoundOptions): Promise<RoundResult> {
  const { cluster, fault, series } = options;
  const before = await cluster.untilWell();
  series.forgetTimes();
  const loads = await startLoads(options);
  await pause(WARM_UP_MS);
  const deathsBefore = cluster.deaths.length;
  const strikeMs = performance.now();
  const harm = await fault.strike(cluster, options.random);
  await pauseOrHurry(harm.lastsMs, options.hurry);
  const violations = (await harm.check?.()) ?? [];
  const healedAtMs = Date.now();
  await harm.heal();
  const healedMs = performance.now();
  await within(loads.bare.recovered(healedMs), 'writes and launches after the fault');
  await cluster.untilWell();
  await pause(GO_ON_MS);
  await Promise.all([loads.bare.stop(), loads.sessions.stop()]);
  const gaps = series.longestGaps(strikeMs, performance.now());
  const after = await cluster.untilWell();
  const masterChanged = after.leader.epoch !== before.leader.epoch;

  const isDeposed = { coord: ballotOf(after) > ballotOf(before), master: masterChanged };
  if (fault.deposes !== undefined && !isDeposed[fault.deposes])
    violations.push(`${harm.victims[0]} leads as before: nothing was done to it`);
  violations.push(...deathsNotExplained(cluster.deaths.slice(deathsBefore), harm));
  violations.push(
    ...(await checkWrites(loads)),
    ...(await checkTasks(options, loads.bare, lossOf(fault, harm, healedAtMs))),
  );
  const acknowledged = {
    acknowledgedWrites: loads.bare.acknowledgedPaths.length + loads.sessions.acknowledged,
    acknowledgedTasks: loads.bare.acknowledgedTasks.length,
  };
  await loads.end();
  return {
    ...{ fault: fault.name, victims: harm.victims, strikeMs, healedMs, violations },
    ...{ withoutWriteMs: gaps.writeMs, withoutStartMs: gaps.startMs },
    ...{ ...acknowledged, masterChanged },
  };
}

/** Each leading coord has a greater one. */
function ballotOf({ coords }: ClusterState): number {
  return Math.max(...coords.map(({ ballot }) => ballot));
}

interface Loads {
  readonly bare: Load;
  readonly sessions: SessionWriters;
  /** Removes what they wrote, so that a long run needs no more room than a short one. */
  end(): Promise<void>;
}

async function startLoads({ cluster, name, series }: RoundOptions): Promise<Loads> {
  const client = await cluster.client(`load-${name}`);
  const { transport, close } = await cluster.transport(`sessions-${name}`);
  const ports = {
    ...{ clock: systemClock, random: systemRandom, transport },
    log: createLogger({ level: 'silent', fields: {} }),
  };
  const bare = await Load.start(client, {
    ...{ name, directory: RUNS, pauseMs: WRITE_PAUSE_MS, observer: series },
    task: (submitter, runsFile) => ({
      command: notingCommand(runsFile, TASK_SECONDS),
      // Of one half: a lost attempt may be made good by another one.
      ...(submitter % 2 === 1 && { retry: { attempts: 3 } }),
    }),
  });
  const sessions = await SessionWriters.start(ports, {
    ...{ name, writers: SESSION_WRITERS, pauseMs: WRITE_PAUSE_MS, observer: series },
  });
  return {
    ...{ bare, sessions },
    async end() {
      await Promise.all([bare.removePaths(), sessions.remove()]);
      await cluster.service('disks').run(`rm -f ${bare.runsFile}`);
      await Promise.all([client.close(), close()]);
    },
  };
}

async function checkWrites({ bare, sessions }: Loads): Promise<string[]> {
  const missing = await bare.missingPaths();
  const wrong = await sessions.check();
  if (missing.length > 0)
    wrong.push(`${missing.length} acknowledged znodes are lost (${missing[0]}, …)`);
  if (bare.acknowledgedPaths.length === 0) wrong.push('not one write was acknowledged');
  return wrong;
}

async function checkTasks(
  { cluster }: RoundOptions,
  load: Load,
  loss: AgentLoss | undefined,
): Promise<string[]> {
  const finals = await within(load.finalStates(), 'ends of all tasks');
  const tasks = [...finals.values()] as unknown as TaskView[];
  if (tasks.length === 0) return ['not one task was acknowledged'];
  const content = await cluster.service('disks').run(`cat ${load.runsFile}`);
  const bootMs = Date.now() - uptime() * 1000;
  return checkRuns(tasks, readRuns(content, bootMs), loss);
}

function lossOf(fault: Fault, harm: Harm, backAtMs: number): AgentLoss | undefined {
  const { agentTasksEnd: state } = fault;
  return state && { agent: String(harm.victims[0]), state, backAtMs };
}

function deathsNotExplained(deaths: readonly Death[], harm: Harm): string[] {
  return deaths
    .filter((death) => !(harm.victims.includes(death.service) && harm.explains?.(death)))
    .map(({ service, exitCode }) => `${service} has ended with exit code ${exitCode}`);
}

async function pauseOrHurry(ms: number, hurry: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(ms, undefined, hurry && { signal: hurry });
  } catch (error) {
    if (hurry?.aborted !== true) throw error;
  }
}

async function within<Result>(promise: Promise<Result>, what: string): Promise<Result> {
  const done = new AbortController();
  const late = setTimeout(PATIENCE_MS, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
  });
  // Abandoned with the timer, once the other has won.
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
  }
}
