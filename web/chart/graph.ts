/**
 * From a machine to what is drawn: nodes (states, initial dots, and a node for "in any of these states") and edges (all
 * transitions from one node to another, a row each). Transitions that lead nowhere stand inside their state.
 */
import type { StateDefinition, StateType } from './definition.ts';

export type NodeKind =
  | StateType
  /** The dot that points to the initial state. */
  | 'initial'
  /** Where transitions of a state into its own inside begin: they hold in any of its inner states. */
  | 'any';

export interface ChartNode {
  /** The path of the state. */
  readonly path: string;
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
  /** The path of the state that has it. */
  readonly source: string;
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
  readonly nodes: ReadonlyMap<string, ChartNode>;
  readonly edges: readonly ChartEdge[];
  readonly transitions: readonly ChartTransition[];
  /** The nodes outside of all others, in their order. */
  readonly top: readonly string[];
}

export function chartOf(machine: StateDefinition): ChartGraph {
  const drawing = new Drawing();
  const top = drawing.addState(machine, undefined);
  return {
    nodes: drawing.nodes,
    edges: [...drawing.edges.entries()].map(([id, edge]) => ({ id, ...edge })),
    transitions: drawing.transitions,
    top,
  };
}

class Drawing {
  readonly nodes = new Map<string, ChartNode>();
  readonly edges = new Map<string, { from: string; to: string; transitions: ChartTransition[] }>();
  readonly transitions: ChartTransition[] = [];

  /** Gives the nodes that are drawn inside of it. */
  addState(state: StateDefinition, parent: StateDefinition | undefined): readonly string[] {
    const { path } = state;
    const own = state.transitions.map(
      (transition, index): ChartTransition => ({
        id: `${path}#${index}`,
        source: path,
        ...transition,
      }),
    );
    this.transitions.push(...own);
    const rows = rowsOf(state, own);
    const isRoot = parent === undefined;
    const children = state.states.map((child) => child.path);
    if (state.initial !== undefined) children.unshift(this.addInitialDot(state.initial, path));
    const leadsInside = own.some(({ targets }) => targets.some((target) => isInside(target, path)));
    // The machine itself has no box: what it does in every state stands in that node, too.
    if (leadsInside || (isRoot && rows.length > 0))
      children.push(this.addAny(path, isRoot ? rows : []));
    for (const transition of own)
      for (const target of transition.targets)
        this.connect(isInside(target, path) ? anyOf(path) : path, target, transition);
    if (!isRoot)
      this.addNode(path, {
        kind: state.type,
        title: state.type === 'history' ? (state.isDeepHistory ? 'H*' : 'H') : state.key,
        tags: state.tags,
        rows,
        isRegion: parent.type === 'parallel' && state.type !== 'history',
        children,
      });
    for (const child of state.states) this.addState(child, state);
    return children;
  }

  private addInitialDot(target: string, path: string): string {
    const dot = join(path, '°');
    this.addNode(dot, { kind: 'initial' });
    this.connect(dot, target);
    return dot;
  }

  private addAny(path: string, rows: readonly NodeRow[]): string {
    const any = anyOf(path);
    this.addNode(any, { kind: 'any', title: 'in any state', rows });
    return any;
  }

  private addNode(path: string, node: Partial<ChartNode> & { readonly kind: NodeKind }): void {
    this.nodes.set(path, {
      path,
      title: '',
      tags: [],
      rows: [],
      isRegion: false,
      children: [],
      ...node,
    });
  }

  private connect(from: string, to: string, transition?: ChartTransition): void {
    const id = `${from}→${to}`;
    const edge = this.edges.get(id) ?? { from, to, transitions: [] };
    if (transition !== undefined) edge.transitions.push(transition);
    this.edges.set(id, edge);
  }
}

function rowsOf(state: StateDefinition, own: readonly ChartTransition[]): readonly NodeRow[] {
  const inner = own.filter((transition) => transition.targets.length === 0);
  const acting = inner.filter((transition) => transition.actions.length > 0);
  const ignored = inner.filter((transition) => transition.actions.length === 0);
  const rows = (kind: NodeRow['kind'], texts: readonly string[]) =>
    texts.map((text): NodeRow => ({ kind, text }));
  const ignoredEvents = [...new Set(ignored.map((transition) => transition.event))].join(', ');
  return [
    ...rows('entry', state.entry),
    ...rows('exit', state.exit),
    ...rows('invoke', state.invokes),
    ...acting.map(
      (transition): NodeRow => ({ kind: 'inner', text: transitionText(transition), transition }),
    ),
    ...rows('ignored', ignoredEvents === '' ? [] : [ignoredEvents]),
  ];
}

/** `EVENT [guard] / action, action`, as UML writes it. */
export function transitionText({ event, guard, actions }: ChartTransition): string {
  const condition = guard === undefined ? '' : ` [${guard}]`;
  return `${event}${condition}${actions.length === 0 ? '' : ` / ${actions.join(', ')}`}`;
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);
const anyOf = (path: string) => join(path, '*');

const isInside = (path: string, ancestor: string) =>
  path !== ancestor && (ancestor === '' || path.startsWith(`${ancestor}.`));
