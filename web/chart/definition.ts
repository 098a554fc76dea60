/** What a chart is drawn from: the states of a machine and their transitions, with every target found. */

export type StateType = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

export interface StateDefinition {
  readonly key: string;
  /** Keys from below the root, joined with dots; the root's is empty. */
  readonly path: string;
  readonly type: StateType;
  /** The path of the state that a compound one begins in. */
  readonly initial: string | undefined;
  readonly isDeepHistory: boolean;
  readonly states: readonly StateDefinition[];
  readonly transitions: readonly TransitionDefinition[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** What it runs while it is active. */
  readonly invokes: readonly string[];
  readonly tags: readonly string[];
}

export interface TransitionDefinition {
  /** As XState calls it: empty where no event is needed, `xstate.after.…` for a delay. */
  readonly eventType: string;
  /** What a person would call it: `after 500 ms`, `always`, `done`. */
  readonly event: string;
  readonly guard: string | undefined;
  readonly actions: readonly string[];
  /** Paths; none where the state is not left. */
  readonly targets: readonly string[];
}

/** `after 500 ms`, `after killGrace`, `always`, `done`. */
export function eventLabel(eventType: string): string {
  if (eventType === '') return 'always';
  if (eventType === '*') return 'any event';
  const delay = /^xstate\.after\.([^.]+)\./.exec(eventType)?.[1];
  if (delay !== undefined) return /^\d+$/.test(delay) ? `after ${delay} ms` : `after ${delay}`;
  const end = /^xstate\.(done|error|snapshot)\.(state|actor)\.(.+)$/.exec(eventType);
  if (end !== null) return end[2] === 'state' ? end[1]! : `${end[1]}: ${end[3]}`;
  return eventType;
}
