/** A machine's definition as XState writes it to JSON: what of it the page reads. */

/** A name, or an object that carries it; what was an inline function has none. */
export type Named = string | { readonly type?: string } | null;

export interface TransitionDefinition {
  readonly target?: readonly string[];
  readonly source: string;
  readonly eventType: string | null;
  readonly actions?: readonly Named[];
  readonly guard?: Named;
  readonly delay?: string | number;
  readonly reenter?: boolean;
}

export interface StateDefinition {
  readonly id: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial?: TransitionDefinition | null;
  readonly history?: 'shallow' | 'deep' | boolean;
  readonly states: Readonly<Record<string, StateDefinition>>;
  readonly transitions: readonly TransitionDefinition[];
  readonly entry?: readonly Named[];
  readonly exit?: readonly Named[];
  readonly invoke?: readonly { readonly src?: Named; readonly id?: string }[];
  readonly tags?: readonly string[];
}

/** Throws what is wrong with it, in words that the page shows. */
export function parseDefinition(json: string): StateDefinition {
  const definition = JSON.parse(json) as Partial<StateDefinition> | null;
  if (typeof definition?.id !== 'string' || typeof definition.states !== 'object')
    throw new Error('The definition that came is not one of an XState machine.');
  return definition as StateDefinition;
}

export function nameOf(named: Named | undefined): string | undefined {
  if (named === undefined || named === null) return undefined;
  const name = typeof named === 'string' ? named : named.type;
  return name?.replace(/^xstate\./, '');
}

/** Without what XState adds itself for delayed transitions. */
export function actionNames(actions: readonly Named[] | undefined): readonly string[] {
  return (actions ?? [])
    .filter((action) => !isOfXState(action))
    .map((action) => nameOf(action) ?? 'inline action');
}

function isOfXState(action: Named): boolean {
  const type = typeof action === 'string' ? action : action?.type;
  return type === 'xstate.raise' || type === 'xstate.cancel';
}

/** `after 500 ms`, `after killGrace`, `always`, `done`: what a person would call this event. */
export function eventLabel(eventType: string, delay?: string | number): string {
  if (eventType === '') return 'always';
  if (eventType === '*') return 'any event';
  const after = /^xstate\.after\.([^.]+)\./.exec(eventType);
  if (after !== null) {
    const time = delay ?? after[1]!;
    return /^\d+$/.test(String(time)) ? `after ${time} ms` : `after ${time}`;
  }
  const done = /^xstate\.(done|error)\.(state|actor)\.(.+)$/.exec(eventType);
  if (done !== null) return done[2] === 'state' ? `${done[1]}` : `${done[1]}: ${done[3]}`;
  return eventType;
}
