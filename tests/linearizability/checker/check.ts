/**
 * Is there an order of all operations, each at one moment between its call and its return, in which a register that
 * serves one client after another would have told the same? (Herlihy & Wing 1990.) Searched as Wing & Gong do, with
 * Lowe's memory of what was tried, path by path: registers are linearizable together when each is by itself.
 */
import { describe, isUnknown, type Operation, type Register } from './history.ts';
import { RegisterModel } from './register.ts';
import { type Moment, Timeline } from './timeline.ts';

export type Verdict =
  | { readonly kind: 'linearizable' }
  | {
      readonly kind: 'violation';
      readonly path: string;
      /** The longest beginning that has an order, and what could not follow it, for people. */
      readonly explanation: string;
    }
  /** More steps than allowed: nothing is known. */
  | { readonly kind: 'undecided'; readonly path: string };

/** A right history takes about one step an operation; only wrong ones with many unknown outcomes take many. */
const STEPS_MAX = 5_000_000;
const LAST_SHOWN = 8;
const CANDIDATES_SHOWN = 12;

/** The first path that is not linearizable; `initial` is what every path held before the first call. */
export function check(
  operations: readonly Operation[],
  initial: Register,
  stepsMax = STEPS_MAX,
): Verdict {
  for (const [path, ofPath] of Map.groupBy(operations, (operation) => operation.path)) {
    const verdict = new Search(path, ofPath, initial, stepsMax).run();
    if (verdict.kind !== 'linearizable') return verdict;
  }
  return { kind: 'linearizable' };
}

interface Step {
  readonly call: Moment;
  readonly before: Register;
  /** Nothing else is tried in its place. */
  readonly isOnlyChoice: boolean;
  /** Kinds of operations that were tried in this place. */
  readonly tried: Set<string>;
}

class Search {
  private readonly path: string;
  private readonly model: RegisterModel;
  private readonly timeline: Timeline;
  private readonly stepsMax: number;
  private readonly steps: Step[] = [];
  private readonly done: Uint32Array;
  private readonly seen = new Set<string>();
  private register: Register;
  private open: number;
  private furthest = '';
  private fewestOpen = Number.POSITIVE_INFINITY;

  constructor(path: string, operations: readonly Operation[], initial: Register, stepsMax: number) {
    this.path = path;
    this.model = new RegisterModel(initial, operations);
    this.timeline = new Timeline(operations);
    this.stepsMax = stepsMax;
    this.done = new Uint32Array(Math.ceil(operations.length / 32));
    this.register = initial;
    // Unknown writes need not have happened.
    this.open = operations.filter((operation) => !isUnknown(operation)).length;
  }

  run(): Verdict {
    let from = this.timeline.first;
    let tried = new Set<string>();
    for (let count = 0; this.open > 0; count += 1) {
      if (count > this.stepsMax) return { kind: 'undecided', path: this.path };
      if (this.advance(from, tried)) {
        from = this.timeline.first;
        tried = new Set();
        continue;
      }
      this.keepFurthest();
      const last = this.goBack();
      if (last === undefined)
        return { kind: 'violation', path: this.path, explanation: this.furthest };
      from = last.call.next;
      tried = last.tried;
    }
    return { kind: 'linearizable' };
  }

  /** Takes the first operation from there on that can come next: before anything that is open returns. */
  private advance(from: Moment | undefined, tried: Set<string>): boolean {
    for (let call = from; call?.isCall; call = call.next) {
      const after = this.model.apply(this.register, call.operation);
      if (after === undefined) continue;
      const likeness = this.model.likeness(call.operation);
      if (likeness !== undefined && tried.has(likeness)) continue;
      if (likeness !== undefined) tried.add(likeness);
      const isOnlyChoice = this.model.observes(call.operation);
      this.mark(call);
      if (!isOnlyChoice && this.wasSeen(after)) {
        this.mark(call);
        continue;
      }
      this.steps.push({ call, before: this.register, isOnlyChoice, tried });
      this.timeline.lift(call);
      this.register = after;
      if (!isUnknown(call.operation)) this.open -= 1;
      return true;
    }
    return false;
  }

  /** To the last place that has another choice. */
  private goBack(): Step | undefined {
    for (;;) {
      const step = this.steps.pop();
      if (step === undefined) return undefined;
      this.timeline.putBack(step.call);
      this.mark(step.call);
      this.register = step.before;
      if (!isUnknown(step.call.operation)) this.open += 1;
      if (!step.isOnlyChoice) return step;
    }
  }

  /** Done, or no longer. */
  private mark({ index }: Moment): void {
    this.done[index >>> 5]! ^= 1 << (index & 31);
  }

  /** The same operations done, with the same register after them. */
  private wasSeen({ data, version }: Register): boolean {
    const bits = Buffer.from(this.done.buffer).toString('latin1');
    const key = `${version} ${data.length} ${data}${bits}`;
    if (this.seen.has(key)) return true;
    this.seen.add(key);
    return false;
  }

  /** Where the search turns back: the furthest such place explains best what is wrong. */
  private keepFurthest(): void {
    if (this.open >= this.fewestOpen) return;
    this.fewestOpen = this.open;
    const candidates: string[] = [];
    for (let call = this.timeline.first; call?.isCall; call = call.next)
      candidates.push(describe(call.operation));
    const { version, data } = this.register;
    this.furthest = [
      `${this.path}: ${this.steps.length} operations have an order, the last of them`,
      ...this.steps.slice(-LAST_SHOWN).map(({ call }) => `    ${describe(call.operation)}`),
      `  after which it holds "${data}", version ${version}; none of these can follow, and one must:`,
      ...candidates.slice(-CANDIDATES_SHOWN).map((candidate) => `    ${candidate}`),
    ].join('\n');
  }
}
