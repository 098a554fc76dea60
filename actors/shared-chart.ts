/**
 * Runs one chart for very many small lifecycles. A snapshot is an immutable value and a transition a pure function of
 * snapshot and event; where the context holds no more than what the guards read, there are few different snapshots.
 * Each is made once and shared, and each transition is computed by XState once (about 35 µs) and then remembered.
 * Who has ended is a snapshot and nothing more.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, transition } from 'xstate';
import { assert, InvariantError } from '../protocol/errors.ts';

/** The innermost state and the context: what a znode keeps. */
export interface PersistedChart<Phase extends string, Context> {
  readonly value: Phase;
  readonly context: Context;
}

export interface ChartSnapshot<Phase extends string, Context, State>
  extends PersistedChart<Phase, Context> {
  /** The tag of the state. */
  readonly state: State;
  /** The outermost state. */
  readonly region: string;
  readonly isActive: boolean;
  readonly isFinal: boolean;
  readonly snapshot: AnyMachineSnapshot;
}

interface Transition<Snapshot, Action> {
  /** Undefined where the state does not know the event. */
  readonly next: Snapshot | undefined;
  readonly actions: readonly Action[];
}

interface Known<Snapshot, Action> {
  readonly chart: Snapshot;
  readonly transitions: Map<string, Transition<Snapshot, Action>>;
}

export class SharedChart<
  Phase extends string,
  Context extends object,
  State,
  Event extends string,
  Action extends string,
> {
  private readonly machine: AnyStateMachine;
  private readonly stateOf: (snapshot: AnyMachineSnapshot) => State;
  private readonly actions: ReadonlySet<string>;
  /** From an innermost state to the whole value. */
  private readonly values = new Map<string, unknown>();
  private readonly known = new Map<string, Known<ChartSnapshot<Phase, Context, State>, Action>>();
  private readonly ofSnapshot = new Map<
    ChartSnapshot<Phase, Context, State>,
    Known<ChartSnapshot<Phase, Context, State>, Action>
  >();

  /** `actions`: the names of those that have an effect outside of the chart. Innermost states have names of their own. */
  constructor(
    machine: AnyStateMachine,
    actions: readonly Action[],
    stateOf: (snapshot: AnyMachineSnapshot) => State,
  ) {
    this.machine = machine;
    this.stateOf = stateOf;
    this.actions = new Set(actions);
    for (const outer of Object.values(machine.root.states)) {
      const inner = Object.keys(outer.states);
      if (inner.length === 0) this.values.set(outer.key, outer.key);
      for (const key of inner) this.values.set(key, { [outer.key]: key });
    }
  }

  get phases(): readonly Phase[] {
    return [...this.values.keys()] as Phase[];
  }

  /** Throws InvariantError for a state that the chart does not have. */
  restore({
    value,
    context,
  }: PersistedChart<Phase, Context>): ChartSnapshot<Phase, Context, State> {
    const found = this.known.get(keyOf(value, context));
    if (found !== undefined) return found.chart;
    const whole = this.values.get(value);
    assert(whole !== undefined, `the chart ${this.machine.id} has no state ${value}`);
    return this.remember(this.machine.resolveState({ value: whole as never, context })).chart;
  }

  /** Throws InvariantError when the present state does not know the event. */
  advance(
    chart: ChartSnapshot<Phase, Context, State>,
    event: Event,
  ): { readonly next: ChartSnapshot<Phase, Context, State>; readonly actions: readonly Action[] } {
    const { next, actions } = this.transitionOf(chart, event);
    if (next === undefined)
      throw new InvariantError(
        `${this.machine.id}: event ${event} is not possible in state ${chart.value}`,
      );
    return { next, actions };
  }

  knows(chart: ChartSnapshot<Phase, Context, State>, event: Event): boolean {
    return this.transitionOf(chart, event).next !== undefined;
  }

  private transitionOf(
    chart: ChartSnapshot<Phase, Context, State>,
    event: Event,
  ): Transition<ChartSnapshot<Phase, Context, State>, Action> {
    const known = this.ofSnapshot.get(chart);
    assert(known !== undefined, `a snapshot of the chart ${this.machine.id} is not one of ours`);
    let found = known.transitions.get(event);
    if (found === undefined) {
      found = this.compute(chart, event);
      known.transitions.set(event, found);
    }
    return found;
  }

  private compute(
    { snapshot }: ChartSnapshot<Phase, Context, State>,
    event: Event,
  ): Transition<ChartSnapshot<Phase, Context, State>, Action> {
    if (!snapshot.can({ type: event })) return { next: undefined, actions: [] };
    const [after, executable] = transition(this.machine, snapshot, { type: event });
    const actions = executable.map(({ type }) => type);
    for (const action of actions) assert(this.actions.has(action), `unknown action ${action}`);
    return { next: this.remember(after).chart, actions: actions as Action[] };
  }

  private remember(
    snapshot: AnyMachineSnapshot,
  ): Known<ChartSnapshot<Phase, Context, State>, Action> {
    const value = innermost(snapshot.value) as Phase;
    const context = snapshot.context as Context;
    const key = keyOf(value, context);
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const region =
      typeof snapshot.value === 'string' ? snapshot.value : Object.keys(snapshot.value)[0]!;
    const known = {
      chart: {
        value,
        context,
        state: this.stateOf(snapshot),
        region,
        isActive: region === 'active',
        isFinal: snapshot.status === 'done',
        snapshot,
      },
      transitions: new Map(),
    };
    this.known.set(key, known);
    this.ofSnapshot.set(known.chart, known);
    return known;
  }
}

function keyOf(value: string, context: object): string {
  return `${value} ${Object.values(context).join(' ')}`;
}

function innermost(value: unknown): string {
  return typeof value === 'string' ? value : (Object.values(value as object)[0] as string);
}
