/**
 * Walks a chart through everything that can happen to it: from each situation that can be reached (state and context)
 * every event with every sample payload, and every delay that is running there.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  type EventObject,
  initialTransition,
  transition,
} from 'xstate';
import type { Chart } from './catalogue.ts';

/** What an event, or a delay that has passed, does in one situation. */
export interface Step {
  /** Of the innermost state, as a path: `active.running`. */
  readonly from: string;
  /** Name of the event, or `after <delay>`. */
  readonly event: string;
  /**
   * `refused`: no transition; `ignored`: the chart says that nothing happens. Both are impossible to `send` and are
   * not taken by `offer` (actors/lifecycle.ts). `stays`: actions only. Otherwise the innermost state that follows,
   * or two, where the first is left at once.
   */
  readonly to: string;
  /** Entered anew although it was there already. */
  readonly again: boolean;
  /** The guard that held, where the chart chooses. */
  readonly guard: string | undefined;
  /** Names in the order in which they are carried out: exits, of the transition, entries. */
  readonly actions: readonly string[];
}

export interface Walk {
  readonly steps: readonly Step[];
  /** Innermost states that were reached. */
  readonly reached: ReadonlySet<string>;
}

const SITUATIONS_MAX = 10_000;

export function walk(chart: Chart): Walk {
  const { machine } = chart;
  const waiting = chart.inputs.map((input) => initialTransition(machine, input as never)[0]);
  const seen = new Set(waiting.map(situationOf));
  const reached = new Set<string>();
  const steps: Step[] = [];
  for (let snapshot = waiting.shift(); snapshot !== undefined; snapshot = waiting.shift()) {
    reached.add(pathOf(snapshot));
    if (snapshot.status !== 'active') continue;
    for (const event of eventsIn(chart, snapshot)) {
      const { step, next } = take(machine, snapshot, event);
      steps.push(step);
      const situation = situationOf(next);
      if (seen.has(situation)) continue;
      seen.add(situation);
      if (seen.size > SITUATIONS_MAX) throw new Error(`${chart.name} has no end of situations`);
      waiting.push(next);
    }
  }
  return { steps, reached };
}

function situationOf(snapshot: AnyMachineSnapshot): string {
  return JSON.stringify([snapshot.value, snapshot.context]);
}

function eventsIn(chart: Chart, snapshot: AnyMachineSnapshot): EventObject[] {
  const plain = Object.keys(chart.events).flatMap((type) =>
    (chart.samples?.[type] ?? [{}]).map((payload) => ({ type, ...payload })),
  );
  const delayed = nodesOf(snapshot)
    .flatMap((node) => node.after)
    .map(({ eventType }) => ({ type: eventType }));
  return [...plain, ...delayed];
}

function take(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: EventObject,
): { step: Step; next: AnyMachineSnapshot } {
  const [taken] = machine.getTransitionData(snapshot, event) ?? [];
  const [next, done] = transition(machine, snapshot, event);
  const step = {
    from: pathOf(snapshot),
    event: eventName(event.type),
    to: outcomeOf(taken, next),
    again: taken?.reenter === true && pathOf(next) === pathOf(snapshot),
    guard: guardName(taken?.guard),
    actions:
      taken === undefined
        ? []
        : inOrder(
            done.map(({ type }) => type).filter(isNamed),
            taken.actions.map(nameOfAction).filter(isNamed),
            exitsOf(snapshot, next, taken),
          ),
  };
  return { step, next };
}

function outcomeOf(taken: AnyTransitionDefinition | undefined, next: AnyMachineSnapshot): string {
  if (taken === undefined) return 'refused';
  if (taken.target === undefined) return taken.actions.length > 0 ? 'stays' : 'ignored';
  const [target] = taken.target as readonly AnyStateNode[];
  const leaf = initialLeafOf(target!).path.join('.');
  return leaf === pathOf(next) ? leaf : `${leaf} → ${pathOf(next)}`;
}

export function initialLeafOf(node: AnyStateNode): AnyStateNode {
  if (Object.keys(node.states).length === 0) return node;
  return initialLeafOf((node.initial.target as readonly AnyStateNode[])[0]!);
}

/**
 * Actions that only assign are not among those that were done: they are put in where they happened, after the exits.
 */
function inOrder(
  done: readonly string[],
  ofTransition: readonly string[],
  exits: number,
): string[] {
  const rest = done.slice(exits);
  const custom = ofTransition.filter((name) => rest.includes(name)).length;
  return [...done.slice(0, exits), ...ofTransition, ...rest.slice(custom)];
}

function exitsOf(
  before: AnyMachineSnapshot,
  after: AnyMachineSnapshot,
  taken: AnyTransitionDefinition,
): number {
  const stay = new Set(nodesOf(after));
  const again = new Set(taken.reenter ? taken.target : []);
  return nodesOf(before)
    .filter((node) => !stay.has(node) || again.has(node))
    .flatMap((node) => node.exit.map(nameOfAction))
    .filter(isNamed).length;
}

/** Delays are named as the chart names them: `xstate.after.killGrace.attempt.killing` is `after killGrace`. */
export function eventName(type: string): string {
  const delay = /^xstate\.after\.([^.]+)\./.exec(type);
  return delay === null ? type : `after ${delay[1]}`;
}

export function guardName(guard: unknown): string | undefined {
  if (guard === undefined) return undefined;
  if (typeof guard === 'string') return guard;
  return (guard as { readonly type?: string }).type ?? 'a guard without a name';
}

export function nameOfAction(action: unknown): string {
  if (typeof action === 'string') return action;
  return (action as { readonly type?: string }).type ?? 'an action without a name';
}

/** XState's own actions, for delays, are none of the chart's. */
export function isNamed(name: string): boolean {
  return !name.startsWith('xstate.');
}

// `_nodes` is how XState itself finds the active states of a snapshot.
function nodesOf(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return snapshot._nodes;
}

/** The innermost state's path below the machine: charts have no parallel states. */
export function pathOf(snapshot: AnyMachineSnapshot): string {
  const innermost = nodesOf(snapshot).reduce((deepest, node) =>
    node.path.length > deepest.path.length ? node : deepest,
  );
  return innermost.path.join('.');
}

/** All innermost states, in the order of the chart. */
export function leavesOf(machine: AnyStateMachine): string[] {
  const leaves: string[] = [];
  const visit = (node: AnyStateNode): void => {
    const inner = Object.values(node.states) as AnyStateNode[];
    if (inner.length === 0) leaves.push(node.path.join('.'));
    else inner.forEach(visit);
  };
  visit(machine.root);
  return leaves;
}
