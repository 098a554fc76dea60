/**
 * Runs one statechart of `machines/` for its owner. The chart alone owns the state; the owner asks `state()` or
 * `matches()`, and never keeps a copy.
 *
 * XState ignores an event that the present state does not know, and keeps an action's exception from the caller of
 * `send`. Both are made loud here: `send` throws, and the host then stops the process with chart, state and event.
 */
import {
  type Actor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type Snapshot,
} from 'xstate';
import { InvariantError } from '../protocol/errors.ts';
import { statePath } from '../protocol/state-path.ts';
import type { Clock, Timer } from './actor.ts';
import { type Entered, type Inspection, splitSessionId } from './inspection.ts';

export interface LifecycleOptions<Machine extends AnyStateMachine> {
  /** `<kind>.<id>`, for example `coordinator.1`: in the texts of errors, and where it is inspected. */
  readonly id: string;
  readonly clock: Clock;
  readonly inspection?: Inspection | undefined;
  readonly input?: InputFrom<Machine>;
  /** A persisted snapshot (`persist()`) to go on from. */
  readonly snapshot?: Snapshot<unknown>;
}

export class Lifecycle<Machine extends AnyStateMachine> {
  readonly id: string;
  private readonly actor: Actor<Machine>;
  private failure: unknown;

  /** The machine comes with its effects already provided (`machine.provide({...})`). Starts at once. */
  constructor(machine: Machine, options: LifecycleOptions<Machine>) {
    this.id = options.id;
    this.actor = createActor(machine, {
      id: options.id,
      clock: chartClock(options.clock),
      ...(options.input !== undefined && { input: options.input }),
      ...(options.snapshot !== undefined && { snapshot: options.snapshot }),
    } as never);
    this.actor.subscribe({
      error: (error) => {
        this.failure = error;
      },
    });
    this.actor.start();
    this.rethrow('start');
    if (options.inspection !== undefined) this.showTo(options.inspection, machine, options.clock);
  }

  /** Throws InvariantError when the present state does not know the event, and what an action threw. */
  send(event: EventFromLogic<Machine>): void {
    const before = this.snapshot();
    if (!before.can(event)) {
      throw new InvariantError(
        `${this.id}: event ${event.type} is not possible in state ${JSON.stringify(before.value)}`,
      );
    }
    this.actor.send(event);
    this.rethrow(event.type);
  }

  /** For events that may rightly come too late: says whether the present state took it. */
  offer(event: EventFromLogic<Machine>): boolean {
    // XState holds what is defined at the root to be possible in a final state too.
    if (this.isDone() || !this.snapshot().can(event)) return false;
    this.send(event);
    return true;
  }

  snapshot(): AnyMachineSnapshot {
    return this.actor.getSnapshot() as AnyMachineSnapshot;
  }

  /** The innermost state as a path, for example `leading` or `member.following`. */
  state(): string {
    return statePath(this.snapshot().value);
  }

  matches(state: string): boolean {
    return this.snapshot().matches(state as never);
  }

  isDone(): boolean {
    return this.snapshot().status === 'done';
  }

  persist(): Snapshot<unknown> {
    return this.actor.getPersistedSnapshot();
  }

  stop(): void {
    this.actor.stop();
  }

  /** While nobody looks this costs a comparison a transition, so that it is known since when the state holds. */
  private showTo(inspection: Inspection, machine: Machine, clock: Clock): void {
    const { actor } = this;
    let { value } = this.snapshot();
    let sinceMs = clock.wallMs();
    const noteTime = (snapshot: AnyMachineSnapshot) => {
      if (sameState(snapshot.value, value)) return;
      value = snapshot.value;
      sinceMs = clock.wallMs();
    };
    const entered: Entered = inspection.enter({
      ...splitSessionId(this.id),
      machine,
      snapshot: () => this.snapshot(),
      sinceMs: () => sinceMs,
      watch(seen) {
        const watching = actor.system.inspect((inspected) => {
          if (inspected.type === '@xstate.snapshot')
            seen(inspected.event, inspected.snapshot as AnyMachineSnapshot);
        });
        return () => watching.unsubscribe();
      },
    });
    if (this.isDone()) entered.leave();
    else
      actor.subscribe({
        next: (snapshot) => noteTime(snapshot as AnyMachineSnapshot),
        complete: () => entered.leave(),
      });
  }

  private rethrow(event: string): void {
    if (this.failure === undefined) return;
    throw new InvariantError(`${this.id}: ${event} failed: ${(this.failure as Error).message}`, {
      cause: this.failure,
    });
  }
}

function sameState(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return (
    typeof one === 'object' && typeof other === 'object' && statePath(one) === statePath(other)
  );
}

/** XState's clock over ours; timer ids are its own business. */
function chartClock(clock: Clock): {
  setTimeout(handler: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
} {
  return {
    setTimeout: (handler, ms) => clock.after(ms, handler),
    clearTimeout: (id) => (id as Timer | undefined)?.cancel(),
  };
}
