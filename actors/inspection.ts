/**
 * The port through which lifecycles can be looked at (`mz.inspect.…`). It only looks: nothing comes back through it
 * to an actor. What is published of them, and when, is decided behind it (runtime/inspection/).
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';

export interface Inspection {
  /** Whether anybody looks at anything: while nobody does, this is all that need be asked. */
  readonly active: boolean;
  /** From now on until it leaves. While it is looked at, `watch` is in force. */
  enter(actor: WatchableActor): Entered;
  /** Very many actors of one kind. Nothing is kept of each: they are listed when somebody asks. */
  enterGroup(group: InspectedGroup): EnteredGroup;
}

export interface InspectedActor {
  readonly kind: string;
  readonly id: string;
  /** Its configuration is what is drawn. */
  readonly machine: AnyStateMachine;
  snapshot(): AnyMachineSnapshot;
  /** Wall time at which the present state was entered. */
  sinceMs(): number;
}

export interface WatchableActor extends InspectedActor {
  /** Calls `seen` after every transition, delayed ones included, until the returned function is called. */
  watch(seen: (event: EventObject, after: AnyMachineSnapshot) => void): () => void;
}

export interface InspectedGroup {
  readonly kind: string;
  readonly size: number;
  all(): Iterable<InspectedActor>;
  find(id: string): InspectedActor | undefined;
}

export interface Entered {
  leave(): void;
}

export interface EnteredGroup extends Entered {
  /** There is one more. Need not be called while the port is not active. */
  began(actor: InspectedActor): void;
  /** One has taken an event. Need not be called while the port is not active. */
  changed(actor: InspectedActor, event: EventObject): void;
  /** One is not there any more. Need not be called while the port is not active. */
  gone(actor: InspectedActor): void;
}

/** `attempt.hello-1.1` is the attempt `hello-1.1`. */
export function splitSessionId(sessionId: string): { readonly kind: string; readonly id: string } {
  const dot = sessionId.indexOf('.');
  return { kind: sessionId.slice(0, dot), id: sessionId.slice(dot + 1) };
}
