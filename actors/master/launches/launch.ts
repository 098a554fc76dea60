/** A launched task as the leading master holds it, and as the tree keeps it until its framework has acknowledged its end. */
import { createHash } from 'node:crypto';
import type { TaskInfo, TaskStatus } from '../../../protocol/framework-api.ts';
import type { AgentId, AttemptId, FrameworkId, TaskId } from '../../../protocol/ids.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { treePaths } from '../../../protocol/paths.ts';
import type { Resources } from '../../../protocol/resources.ts';
import type { WriteGroup } from '../../bundled.ts';
import type { Framework } from '../frameworks/framework.ts';
import { type LaunchChart, type LaunchPhase, launchChart } from './chart.ts';

export interface Launch {
  readonly framework: Framework;
  /** What agents know it by: unlike a task id it is never used twice. */
  readonly attemptId: AttemptId;
  readonly info: TaskInfo;
  readonly agentId: AgentId;
  readonly resources: Resources;
  readonly stagedAtMs: number;
  chart: LaunchChart;
  /** Of the agent's last status update that was taken. */
  updateNumber: number;
  /** Of the kill that was asked for. */
  killGraceMs?: number;
  /** How many statuses there were: what the next uuid is made from. */
  statuses: number;
  /** Statuses that the framework has not acknowledged, the oldest first. */
  readonly pending: TaskStatus[];

  // What follows is not in the tree.
  /** Wall time at which it came into its state under this leader. */
  sinceMs?: number;
  /** Whether the tree has it: no order goes out before. */
  decided: boolean;
  /** Monotonic time of the last launch or kill order that was sent. */
  orderedAtMs?: number;
  /** Monotonic time at which the framework was told the oldest of `pending`. */
  toldAtMs?: number;
}

/** Data of `/mesozoo/frameworks/<framework>/tasks/<attempt>`. */
export interface LaunchNode {
  readonly info: TaskInfo;
  readonly agentId: AgentId;
  readonly resources: Resources;
  readonly stagedAtMs: number;
  readonly chart: { readonly value: LaunchPhase; readonly killRequested: boolean };
  readonly updateNumber: number;
  readonly killGraceMs?: number;
  readonly statuses: number;
  readonly pending: readonly TaskStatus[];
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

export function encodeLaunch(launch: Launch): Uint8Array {
  const { info, agentId, resources, stagedAtMs, chart } = launch;
  const node: LaunchNode = {
    info,
    agentId,
    resources,
    stagedAtMs,
    chart: { value: chart.value, killRequested: chart.context.killRequested },
    updateNumber: launch.updateNumber,
    killGraceMs: launch.killGraceMs,
    statuses: launch.statuses,
    pending: launch.pending,
  };
  return textEncoder.encode(JSON.stringify(node));
}

/** Throws SyntaxError for data that no master has written, InvariantError for a state that the chart does not have. */
export function decodeLaunch(framework: Framework, attemptId: AttemptId, data: Uint8Array): Launch {
  const { chart, pending, ...node } = JSON.parse(textDecoder.decode(data)) as LaunchNode;
  const { value, killRequested } = chart;
  return {
    ...node,
    framework,
    attemptId,
    chart: launchChart.restore({ value, context: { killRequested } }),
    pending: [...pending],
    decided: true,
  };
}

export function creationOf(launch: Launch, acl: AclEntry[]): WriteGroup {
  return [{ op: 'create', path: pathOf(launch), data: encodeLaunch(launch), acl }];
}

export function updateOf(launch: Launch): WriteGroup {
  return [{ op: 'set', path: pathOf(launch), data: encodeLaunch(launch) }];
}

export function removalOf(launch: Launch): WriteGroup {
  return [{ op: 'delete', path: pathOf(launch) }];
}

function pathOf({ framework, attemptId }: Launch): string {
  return treePaths.launch(framework.id, attemptId);
}

/** The first part of an attempt's id: for the bundled framework the task that is tried. */
export function taskOfAttempt(attemptId: AttemptId): TaskId {
  return attemptId.slice(0, attemptId.indexOf('.')) as TaskId;
}

/** Ids in the form of an attempt's belong to the bundled frameworks, which see to it that they are used once. */
const attemptForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}\.[A-Za-z0-9]{1,16}\.[A-Za-z0-9]{1,16}$/;

/** Undefined where a bundled framework's task id cannot be an attempt's. */
export function attemptIdOf(
  framework: { readonly id: FrameworkId; readonly isBundled: boolean },
  taskId: string,
  atMs: number,
  count: number,
): AttemptId | undefined {
  if (framework.isBundled) return attemptForm.test(taskId) ? (taskId as AttemptId) : undefined;
  const hash = createHash('sha256').update(taskId).digest('hex').slice(0, 16);
  const time = Math.floor(atMs).toString(36);
  return `${framework.id.slice(0, 100)}-${hash}.${time}${count.toString(36)}.1` as AttemptId;
}

/** Of the n-th status of an attempt: the same under every leader, so that a late acknowledgement still counts. */
export function uuidOf(attemptId: AttemptId, number: number): string {
  const hash = createHash('sha256').update(`${attemptId} ${number}`).digest();
  return hash.subarray(0, 16).toString('base64');
}

const DEFAULT_GRACE_MS = 3_000;

/** Between SIGTERM and SIGKILL. */
export function killGraceMsOf({ killGraceMs, info }: Launch): number {
  return killGraceMs ?? graceOf(info.kill_policy) ?? DEFAULT_GRACE_MS;
}

export function graceOf(policy: TaskInfo['kill_policy']): number | undefined {
  const nanoseconds = policy?.grace_period?.nanoseconds;
  return nanoseconds === undefined ? undefined : nanoseconds / 1e6;
}
