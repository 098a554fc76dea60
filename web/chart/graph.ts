/**
 * From a machine's definition to what is drawn: nodes (states, initial dots, and a node for "in any of these states")
 * and edges (all transitions from one node to another, a row each). Transitions that lead nowhere stand inside their
 * state.
 */
import {
  actionNames,
  eventLabel,
  nameOf,
  type StateDefinition,
  type TransitionDefinition,
} from './definition.ts';

export type NodeKind =
  | 'atomic'
  | 'compound'
  | 'parallel'
  | 'final'
  | 'history'
  /** The dot that points to the initial state. */
  | 'initial'
  /** Where transitions of a state into its own inside begin: they hold in any of its inner states. */
  | 'any';

export interface ChartNode {
  /** The path of the state below the root, joined with dots; the root's is empty. */
  readonly path: string;
  readonly parent: string | undefined;
  readonly kind: NodeKind;
  readonly title: string;
  readonly tags: readonly string[];
  /** What stands below the title. */
  readonly rows: readonly NodeRow[];
  /** A region of a parallel state. */
  readonly isRegion: boolean;
  readonly children: readonly string[];
}

export interface NodeRow {
  readonly kind: 'entry' | 'exit' | 'invoke' | 'inner' | 'ignored';
  readonly text: string;
  /** Of an inner transition: what it is lit by. */
  readonly transition?: ChartTransition;
}

export interface ChartTransition {
  readonly id: string;
  /** The state that has it, as a path. */
  readonly source: string;
  /** Paths; none where it leads nowhere. */
  readonly targets: readonly string[];
  readonly eventType: string;
  readonly event: string;
  readonly guard: string | undefined;
  readonly actions: readonly string[];
}

export interface ChartEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Empty for the edge of an initial dot. */
  readonly transitions: readonly ChartTransition[];
}

export interface ChartGraph {
  readonly title: string;
  readonly nodes: ReadonlyMap<string, ChartNode>;
  readonly edges: readonly ChartEdge[];
  readonly transitions: readonly ChartTransition[];
  /** The states outside of all others, in their order. */
  readonly top: readonly string[];
}

export function chartOf(definition: StateDefinition): ChartGraph {
  const pathOfId = new Map<string, string>();
  collectPaths(definition, '', pathOfId);
  const nodes = new Map<string, ChartNode>();
  const edges = new Map<string, { from: string; to: string; transitions: ChartTransition[] }>();
  const transitions: ChartTransition[] = [];

  const connect = (from: string, to: string, transition?: ChartTransition) => {
    const id = `${from}→${to}`;
    let edge = edges.get(id);
    if (edge === undefined) {
      edge = { from, to, transitions: [] };
      edges.set(id, edge);
    }
    if (transition !== undefined) edge.transitions.push(transition);
  };

  /** Gives the paths of what is to be drawn inside it. */
  const visit = (state: StateDefinition, path: string, parent: StateDefinition | undefined) => {
    const own = (state.transitions ?? []).map((transition, index) =>
      toTransition(transition, `${path}#${index}`, path, pathOfId),
    );
    transitions.push(...own);
    const inside = Object.values(state.states ?? {}).map((child) => join(path, child.key));
    const children: string[] = [...inside];
    const leading = own.filter((transition) => transition.targets.length > 0);
    const intoItself = leading.filter((transition) =>
      transition.targets.some((target) => isInside(target, path)),
    );
    const rows = rowsOf(state, own);
    const isRoot = parent === undefined;
    if (intoItself.length > 0 || (isRoot && rows.length > 0)) {
      const any = join(path, '*');
      children.push(any);
      nodes.set(any, {
        path: any,
        parent: path,
        kind: 'any',
        title: 'in any state',
        tags: [],
        rows: isRoot ? rows : [],
        isRegion: false,
        children: [],
      });
    }
    for (const transition of leading)
      for (const target of transition.targets)
        connect(isInside(target, path) ? join(path, '*') : path, target, transition);
    const initial = state.type === 'compound' ? state.initial?.target?.[0] : undefined;
    const first = initial === undefined ? undefined : pathOfId.get(initial.replace(/^#/, ''));
    if (first !== undefined) {
      const dot = join(path, '°');
      children.unshift(dot);
      nodes.set(dot, {
        path: dot,
        parent: path,
        kind: 'initial',
        title: '',
        tags: [],
        rows: [],
        isRegion: false,
        children: [],
      });
      connect(dot, first);
    }
    nodes.set(path, {
      path,
      parent: isRoot ? undefined : path.slice(0, Math.max(0, path.lastIndexOf('.'))),
      kind: state.type,
      title: state.type === 'history' ? (state.history === 'deep' ? 'H*' : 'H') : state.key,
      tags: state.tags ?? [],
      rows: isRoot ? [] : rows,
      isRegion: parent?.type === 'parallel',
      children,
    });
    for (const child of Object.values(state.states ?? {}))
      visit(child, join(path, child.key), state);
  };
  visit(definition, '', undefined);

  return {
    title: definition.key,
    nodes,
    edges: [...edges.entries()].map(([id, edge]) => ({ id, ...edge })),
    transitions,
    top: nodes.get('')!.children,
  };
}

function toTransition(
  transition: TransitionDefinition,
  id: string,
  source: string,
  pathOfId: ReadonlyMap<string, string>,
): ChartTransition {
  const eventType = transition.eventType ?? '';
  return {
    id,
    source,
    targets: (transition.target ?? []).flatMap((target) => {
      const path = pathOfId.get(target.replace(/^#/, ''));
      return path === undefined ? [] : [path];
    }),
    eventType,
    event: eventLabel(eventType, transition.delay),
    guard: guardText(transition),
    actions: actionNames(transition.actions),
  };
}

function guardText({ guard }: TransitionDefinition): string | undefined {
  if (guard === undefined) return undefined;
  return nameOf(guard) ?? 'inline guard';
}

function rowsOf(state: StateDefinition, own: readonly ChartTransition[]): readonly NodeRow[] {
  const inner = own.filter((transition) => transition.targets.length === 0);
  const ignored = inner.filter((transition) => transition.actions.length === 0);
  const texts = (kind: NodeRow['kind'], names: readonly string[]): NodeRow[] =>
    names.map((text) => ({ kind, text }));
  return [
    ...texts('entry', actionNames(state.entry)),
    ...texts('exit', actionNames(state.exit)),
    ...texts(
      'invoke',
      (state.invoke ?? []).map((invoked) => nameOf(invoked.src) ?? invoked.id ?? 'inline actor'),
    ),
    ...inner
      .filter((transition) => transition.actions.length > 0)
      .map(
        (transition): NodeRow => ({ kind: 'inner', text: transitionText(transition), transition }),
      ),
    ...(ignored.length === 0
      ? []
      : texts('ignored', [[...new Set(ignored.map((transition) => transition.event))].join(', ')])),
  ];
}

/** `EVENT [guard] / action, action`, as UML writes it. */
export function transitionText({ event, guard, actions }: ChartTransition): string {
  const condition = guard === undefined ? '' : ` [${guard}]`;
  return `${event}${condition}${actions.length === 0 ? '' : ` / ${actions.join(', ')}`}`;
}

function collectPaths(state: StateDefinition, path: string, into: Map<string, string>): void {
  into.set(state.id, path);
  for (const child of Object.values(state.states ?? {}))
    collectPaths(child, join(path, child.key), into);
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

const isInside = (path: string, ancestor: string) =>
  path !== ancestor && (ancestor === '' || path.startsWith(`${ancestor}.`));
