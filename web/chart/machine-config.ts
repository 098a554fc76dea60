/**
 * Reads a machine's configuration, which is what `@statelyai/inspect` sends as its definition: the many short forms
 * that XState allows become one, and targets become paths. In JSON, functions stand as `{type: name}`.
 */
import { eventLabel, type StateDefinition, type TransitionDefinition } from './definition.ts';

type Many<T> = T | readonly T[];
type Named = string | { readonly type?: string } | null;

interface TransitionConfig {
  readonly target?: Many<string>;
  readonly guard?: Named;
  readonly actions?: Many<Named>;
}
type Transitions = Many<string | TransitionConfig> | null;

interface InvokeConfig {
  readonly src?: Named;
  readonly id?: string;
  readonly onDone?: Transitions;
  readonly onError?: Transitions;
  readonly onSnapshot?: Transitions;
}

interface StateConfig {
  readonly id?: string;
  readonly type?: string;
  readonly history?: string | boolean;
  readonly initial?: string | { readonly target?: string };
  readonly states?: Readonly<Record<string, StateConfig>>;
  readonly on?: Readonly<Record<string, Transitions>>;
  readonly after?: Readonly<Record<string, Transitions>>;
  readonly always?: Transitions;
  readonly onDone?: Transitions;
  readonly invoke?: Many<InvokeConfig>;
  readonly entry?: Many<Named>;
  readonly exit?: Many<Named>;
  readonly tags?: Many<string>;
}

/** A state, and where it stands. */
interface Place {
  readonly config: StateConfig;
  readonly key: string;
  readonly id: string;
  readonly path: string;
  readonly parent: Place | undefined;
}

/** Throws what is wrong with it, in words that the page shows. */
export function readMachine(json: string): StateDefinition {
  const config = JSON.parse(json) as StateConfig | null;
  if (typeof config !== 'object' || config === null || !(config.states || config.on))
    throw new Error('what came is not the configuration of an XState machine');
  const key = config.id ?? '(machine)';
  const root: Place = { config, key, id: key, path: '', parent: undefined };
  const pathsById = new Map<string, string>();
  collectIds(root, pathsById);
  return readState(root, pathsById);
}

function readState(place: Place, pathsById: ReadonlyMap<string, string>): StateDefinition {
  const { config } = place;
  const children = childrenOf(place);
  const initial = typeof config.initial === 'object' ? config.initial.target : config.initial;
  const type = typeOf(config);
  const first = type === 'compound' ? (initial?.replace(/^\./, '') ?? children[0]!.key) : undefined;
  return {
    key: place.key,
    path: place.path,
    type,
    initial: first === undefined ? undefined : targetPath(place, `.${first}`, pathsById),
    isDeepHistory: config.history === 'deep',
    states: children.map((child) => readState(child, pathsById)),
    transitions: transitionsOf(place, pathsById),
    entry: names(config.entry),
    exit: names(config.exit),
    invokes: many(config.invoke).map((invoked) => nameOf(invoked.src ?? invoked.id ?? null)),
    tags: many(config.tags),
  };
}

function typeOf(config: StateConfig): StateDefinition['type'] {
  if (config.type === 'parallel' || config.type === 'final' || config.type === 'history')
    return config.type;
  if (config.history) return 'history';
  return Object.keys(config.states ?? {}).length > 0 ? 'compound' : 'atomic';
}

function transitionsOf(
  place: Place,
  pathsById: ReadonlyMap<string, string>,
): readonly TransitionDefinition[] {
  const { config, id } = place;
  const read = (eventType: string, transitions: Transitions | undefined) =>
    // `EVENT: undefined` is an event that is known, and changes nothing.
    (transitions === null || transitions === undefined ? [{}] : many(transitions)).map((each) =>
      readTransition(place, eventType, each, pathsById),
    );
  const readIfThere = (eventType: string, transitions: Transitions | undefined) =>
    transitions === null || transitions === undefined ? [] : read(eventType, transitions);
  return [
    ...Object.entries(config.on ?? {}).flatMap(([type, transitions]) => read(type, transitions)),
    ...readIfThere(`xstate.done.state.${id}`, config.onDone),
    ...many(config.invoke).flatMap((invoked, index) => {
      const actor = invoked.id ?? `${index}.${id}`;
      return [
        ...readIfThere(`xstate.done.actor.${actor}`, invoked.onDone),
        ...readIfThere(`xstate.error.actor.${actor}`, invoked.onError),
        ...readIfThere(`xstate.snapshot.${actor}`, invoked.onSnapshot),
      ];
    }),
    ...Object.entries(config.after ?? {}).flatMap(([delay, transitions]) =>
      readIfThere(`xstate.after.${delay}.${id}`, transitions),
    ),
    ...readIfThere('', config.always),
  ];
}

function readTransition(
  place: Place,
  eventType: string,
  transition: string | TransitionConfig,
  pathsById: ReadonlyMap<string, string>,
): TransitionDefinition {
  const { target, guard, actions } =
    typeof transition === 'string' ? { target: transition } : transition;
  return {
    eventType,
    event: eventLabel(eventType),
    guard: guard === undefined ? undefined : nameOf(guard),
    actions: names(actions),
    targets: many(target).map((each) => targetPath(place, each, pathsById)),
  };
}

/** `#id.below`, `.below` the state itself, or beside it. */
function targetPath(place: Place, target: string, pathsById: ReadonlyMap<string, string>): string {
  const found = target.startsWith('#')
    ? pathOfId(target.slice(1), pathsById)
    : target.startsWith('.')
      ? join(place.path, target.slice(1))
      : join(place.parent?.path ?? '', target);
  if (found === undefined || ![...pathsById.values()].includes(found))
    throw new Error(`${place.path || place.key} leads to ${target}, which is not in the machine`);
  return found;
}

function pathOfId(id: string, pathsById: ReadonlyMap<string, string>): string | undefined {
  const whole = pathsById.get(id);
  if (whole !== undefined) return whole;
  const dot = id.indexOf('.');
  const above = pathsById.get(dot < 0 ? id : id.slice(0, dot));
  return above === undefined ? undefined : join(above, id.slice(dot + 1));
}

function collectIds(place: Place, into: Map<string, string>): void {
  into.set(place.id, place.path);
  for (const child of childrenOf(place)) collectIds(child, into);
}

function childrenOf(place: Place): readonly Place[] {
  return Object.entries(place.config.states ?? {}).map(([key, config]) => ({
    config,
    key,
    id: config.id ?? idBelow(place, key),
    path: join(place.path, key),
    parent: place,
  }));
}

/** XState's: the machine's id and all keys, whatever ids the states between have. */
function idBelow(place: Place, key: string): string {
  let root = place;
  while (root.parent !== undefined) root = root.parent;
  return [root.id, place.path, key].filter(Boolean).join('.');
}

function many<T>(value: Many<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

const names = (actions: Many<Named> | undefined) => many(actions).map(nameOf);

function nameOf(named: Named): string {
  const name = typeof named === 'string' ? named : named?.type;
  return name?.replace(/^xstate\./, '') || 'inline';
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);
