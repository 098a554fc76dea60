/**
 * Runs the chart of machines/task.ts for very many tasks. A snapshot is an immutable value and a transition a pure
 * function of snapshot and event; the context holds no more than what the guards read, so there are few different
 * snapshots. Each is made once and shared, and each transition is computed by XState once (about 35 µs) and then
 * remembered. A finished task is a snapshot and nothing more.
 */
import { type EventFromLogic, type SnapshotFrom, transition } from 'xstate';
import { taskMachine } from '../../../machines/task.ts';
import { assert, InvariantError } from '../../../protocol/errors.ts';
import { type TaskState, taskStates } from '../../../protocol/task-states.ts';

export type TaskEventType = EventFromLogic<typeof taskMachine>['type'];
type MachineSnapshot = SnapshotFrom<typeof taskMachine>;

/** Names of the chart's actions that have an effect outside of it. */
export type TaskAction =
  | 'joinLine'
  | 'leaveLine'
  | 'scheduleRetry'
  | 'cancelRetry'
  | 'orderLaunch'
  | 'orderKill'
  | 'freeResources'
  | 'concludeTask';
const taskActions: ReadonlySet<string> = new Set<TaskAction>([
  'joinLine',
  'leaveLine',
  'scheduleRetry',
  'cancelRetry',
  'orderLaunch',
  'orderKill',
  'freeResources',
  'concludeTask',
]);

/** The innermost state and the context: what a state znode keeps. */
export interface PersistedChart {
  readonly value: TaskPhase;
  readonly attemptsLeft: number;
  readonly killRequested: boolean;
}
const waiting = ['blocked', 'queued', 'retrying'] as const;
const active = ['staging', 'starting', 'running', 'killing', 'unreachable'] as const;
const ended = ['finished', 'failed', 'killed', 'error', 'lost'] as const;
export const taskPhases = [...waiting, ...active, ...ended];
export type TaskPhase = (typeof taskPhases)[number];

export interface ChartSnapshot extends PersistedChart {
  /** In Mesos' words. */
  readonly state: TaskState;
  readonly isActive: boolean;
  readonly isFinal: boolean;
  readonly snapshot: MachineSnapshot;
  readonly transitions: Map<TaskEventType, Transition>;
}
interface Transition {
  /** Undefined where the state does not know the event. */
  readonly next: ChartSnapshot | undefined;
  readonly actions: readonly TaskAction[];
}

const known = new Map<string, ChartSnapshot>();

export function newTaskChart(attempts: number): ChartSnapshot {
  return restoreTaskChart({ value: 'blocked', attemptsLeft: attempts, killRequested: false });
}

export function restoreTaskChart(persisted: PersistedChart): ChartSnapshot {
  const { value, attemptsLeft, killRequested } = persisted;
  const key = `${value} ${attemptsLeft} ${killRequested}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  assert(taskPhases.includes(value), `a task's chart has no state ${value}`);
  return remember(
    key,
    taskMachine.resolveState({
      value: wholeValue(value) as never,
      context: { attemptsLeft, killRequested },
    }),
  );
}

/** Throws InvariantError when the present state does not know the event. */
export function advance(
  chart: ChartSnapshot,
  event: TaskEventType,
): { readonly next: ChartSnapshot; readonly actions: readonly TaskAction[] } {
  const { next, actions } = transitionOf(chart, event);
  if (next === undefined)
    throw new InvariantError(`task: event ${event} is not possible in state ${chart.value}`);
  return { next, actions };
}

export function knows(chart: ChartSnapshot, event: TaskEventType): boolean {
  return transitionOf(chart, event).next !== undefined;
}

function transitionOf(chart: ChartSnapshot, event: TaskEventType): Transition {
  let found = chart.transitions.get(event);
  if (found === undefined) {
    found = compute(chart, event);
    chart.transitions.set(event, found);
  }
  return found;
}

function compute(chart: ChartSnapshot, event: TaskEventType): Transition {
  if (!chart.snapshot.can({ type: event })) return { next: undefined, actions: [] };
  const [snapshot, executable] = transition(taskMachine, chart.snapshot, { type: event });
  const { attemptsLeft, killRequested } = snapshot.context;
  const key = `${innermost(snapshot.value)} ${attemptsLeft} ${killRequested}`;
  const actions = executable.map((action) => action.type);
  for (const action of actions) assert(taskActions.has(action), `unknown action ${action}`);
  return { next: known.get(key) ?? remember(key, snapshot), actions: actions as TaskAction[] };
}

function remember(key: string, snapshot: MachineSnapshot): ChartSnapshot {
  const value = innermost(snapshot.value);
  const state = taskStates.find((name) => snapshot.hasTag(name as never));
  assert(state !== undefined, `the state ${value} of the task chart has no tag`);
  const chart: ChartSnapshot = {
    value,
    attemptsLeft: snapshot.context.attemptsLeft,
    killRequested: snapshot.context.killRequested,
    state,
    isActive: (active as readonly string[]).includes(value),
    isFinal: snapshot.status === 'done',
    snapshot,
    transitions: new Map(),
  };
  known.set(key, chart);
  return chart;
}

function innermost(value: unknown): TaskPhase {
  return (typeof value === 'string' ? value : Object.values(value as object)[0]) as TaskPhase;
}

function wholeValue(phase: TaskPhase): unknown {
  if ((waiting as readonly string[]).includes(phase)) return { waiting: phase };
  return (active as readonly string[]).includes(phase) ? { active: phase } : phase;
}
