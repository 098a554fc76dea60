/** A task as the framework holds it, and as the tree keeps it. */
import type { AgentId, AttemptId, TaskId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { AclEntry } from '../../../protocol/operations.ts';
import { treePaths } from '../../../protocol/paths.ts';
import type {
  AttemptView,
  HistoryEntry,
  TaskRequest,
  TaskView,
} from '../../../protocol/task-api.ts';
import type { TaskReason, TaskState } from '../../../protocol/task-states.ts';
import type { WriteGroup } from '../../bundled.ts';
import { type TaskChart, type TaskPhase, taskChart } from './chart.ts';

/** One try: the last one of the task. */
export interface Attempt extends AttemptView {
  readonly attemptId: AttemptId & string;
  readonly agentId: AgentId & string;
  startedAtMs?: number;
  endedAtMs?: number;
  exitCode?: number;
  signal?: string;
  /** Of the kill that was asked for. */
  killGraceMs?: number;
}

export interface Task {
  readonly id: TaskId;
  /** Grows with each submission, across leaders. */
  readonly order: number;
  readonly submittedAtMs: number;
  readonly request: TaskRequest;
  chart: TaskChart;
  attempts: number;
  attempt?: Attempt;
  readonly history: HistoryEntry[];
  /** Wall time at which a retry is due. */
  retryAtMs?: number;
  endedAtMs?: number;
  reason?: TaskReason;
  message?: string;
  exitCode?: number;
  signal?: string;

  // What follows is not in the tree.
  /** Tasks that wait for this one to end. */
  dependents?: Set<Task>;
  openDependencies: number;
  /** Blocked tasks that depend on this one, ended or not: it stays in the tree for them. */
  pins: number;
}

/** Data of `/mesozoo/tasks/<bucket>/<id>`: written once. */
export interface TaskNode {
  readonly order: number;
  readonly submittedAtMs: number;
  readonly request: TaskRequest;
}

/** Data of `/mesozoo/tasks/<bucket>/<id>/state`: rewritten. */
export interface TaskStateNode {
  readonly state: TaskState;
  readonly chart: {
    readonly value: TaskPhase;
    readonly attemptsLeft: number;
    readonly killRequested: boolean;
  };
  readonly attempts: number;
  readonly attempt?: Attempt;
  readonly history: readonly HistoryEntry[];
  readonly retryAtMs?: number;
  readonly endedAtMs?: number;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Of an ended task, so that a new leader reads the many that have ended with one read each. */
  readonly task?: TaskNode;
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

function encodeTaskNode(task: Task): Uint8Array {
  return textEncoder.encode(JSON.stringify(nodeOf(task)));
}

function nodeOf({ order, submittedAtMs, request }: Task): TaskNode {
  return { order, submittedAtMs, request };
}

function encodeTaskState(task: Task): Uint8Array {
  const { value, context } = task.chart;
  const node: TaskStateNode = {
    state: task.chart.state,
    chart: { value, ...context },
    attempts: task.attempts,
    attempt: task.attempt,
    history: task.history,
    retryAtMs: task.retryAtMs,
    endedAtMs: task.endedAtMs,
    reason: task.reason,
    message: task.message,
    exitCode: task.exitCode,
    signal: task.signal,
    task: task.chart.isFinal ? nodeOf(task) : undefined,
  };
  return textEncoder.encode(JSON.stringify(node));
}

/** Throws SyntaxError for data that no master has written. */
export function decodeTaskState(state: Uint8Array): TaskStateNode {
  return JSON.parse(textDecoder.decode(state)) as TaskStateNode;
}

/** Throws SyntaxError for data that no master has written. */
export function decodeTaskNode(node: Uint8Array): TaskNode {
  return JSON.parse(textDecoder.decode(node)) as TaskNode;
}

/** Throws InvariantError for a state that the chart does not have. */
export function recoveredTask(id: TaskId, node: TaskNode, kept: TaskStateNode): Task {
  const { order, submittedAtMs, request } = node;
  const { value, attemptsLeft, killRequested } = kept.chart;
  return {
    id,
    order,
    submittedAtMs,
    request,
    chart: taskChart.restore({ value, context: { attemptsLeft, killRequested } }),
    attempts: kept.attempts,
    attempt: kept.attempt,
    history: [...kept.history],
    retryAtMs: kept.retryAtMs,
    endedAtMs: kept.endedAtMs,
    reason: kept.reason,
    message: kept.message,
    exitCode: kept.exitCode,
    signal: kept.signal,
    openDependencies: 0,
    pins: 0,
  };
}

export function creationOf(task: Task, acl: AclEntry[]): WriteGroup {
  return [
    { op: 'create', path: treePaths.task(task.id), data: encodeTaskNode(task), acl },
    { op: 'create', path: treePaths.taskState(task.id), data: encodeTaskState(task), acl },
  ];
}

export function replacementOf(task: Task): WriteGroup {
  return [
    { op: 'set', path: treePaths.task(task.id), data: encodeTaskNode(task) },
    { op: 'set', path: treePaths.taskState(task.id), data: encodeTaskState(task) },
  ];
}

export function updateOf(task: Task): WriteGroup {
  return [{ op: 'set', path: treePaths.taskState(task.id), data: encodeTaskState(task) }];
}

export function removalOf(id: TaskId): WriteGroup {
  return [
    { op: 'delete', path: treePaths.taskState(id) },
    { op: 'delete', path: treePaths.task(id) },
  ];
}

/** Of its present attempt. */
export function killGraceMsOf(task: Task): number {
  return task.attempt?.killGraceMs ?? task.request.killGraceSeconds * 1000;
}

export function addHistory(task: Task, entry: HistoryEntry): void {
  task.history.push(entry);
  // The first entry stays: when the task was accepted.
  if (task.history.length > limits.taskHistory) task.history.splice(1, 1);
}

export function viewOf(task: Task): TaskView {
  return {
    taskId: task.id,
    name: task.request.name,
    state: task.chart.state,
    request: task.request,
    submittedAtMs: task.submittedAtMs,
    endedAtMs: task.endedAtMs,
    reason: task.reason,
    message: task.message,
    exitCode: task.exitCode,
    signal: task.signal,
    attempt: task.attempt && attemptViewOf(task.attempt),
    attempts: task.attempts,
    history: task.history,
  };
}

function attemptViewOf(attempt: Attempt): AttemptView {
  const { killGraceMs, ...view } = attempt;
  return view;
}
