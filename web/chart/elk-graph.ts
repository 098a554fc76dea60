/** From a chart to the input of the Eclipse Layout Kernel: every node and label with the room that it needs. */
import type { ElkExtendedEdge, ElkLabel, ElkNode } from 'elkjs/lib/elk-api.js';
import type { ChartEdge, ChartGraph, ChartNode, ChartTransition } from './graph.ts';
import * as size from './sizes.ts';

export type Direction = 'DOWN' | 'RIGHT';
/** `plain` leaves out what makes a chart smaller, and what the kernel has been seen to fail on. */
export type Care = 'careful' | 'plain';

export function elkGraphOf(
  graph: ChartGraph,
  direction: Direction,
  measure: size.MeasureText,
  care: Care = 'careful',
): ElkNode {
  const order = new Map([...graph.nodes.keys()].map((path, index) => [path, index]));
  const leadsOn = (edge: ChartEdge) => order.get(edge.from)! < order.get(edge.to)!;
  return {
    id: 'chart',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.edgeRouting': 'ORTHOGONAL',
      'org.eclipse.elk.json.shapeCoords': 'ROOT',
      'org.eclipse.elk.json.edgeCoords': 'ROOT',
      'elk.padding': '[top=16,left=16,bottom=16,right=16]',
      ...everywhere,
      ...(care === 'plain' ? {} : outermost),
    },
    children: graph.top.map((path) => elkNodeOf(graph, path, measure)),
    edges: graph.edges.map((edge) => elkEdgeOf(edge, leadsOn(edge), measure)),
  };
}

/** The kernel takes these at the outermost level only; inside of states it fails on some charts. */
const outermost = {
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  // Charts are written in the order in which they are lived through: what leads back is drawn upwards.
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
};

/** Said again at each state with states inside: the kernel hands nothing down. */
const everywhere = {
  'elk.layered.cycleBreaking.strategy': 'GREEDY',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.thoroughness': '20',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelLabel': '6',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
};

function elkNodeOf(graph: ChartGraph, path: string, measure: size.MeasureText): ElkNode {
  const node = graph.nodes.get(path)!;
  const own = sizeOf(node, measure);
  if (node.children.length === 0) {
    // The label of a loop hangs beside its state: lower than that it would touch the lines of other transitions.
    const loop = graph.edges.find((edge) => edge.from === path && edge.to === path);
    const loopHeight = loop === undefined ? 0 : labelOf(loop.transitions, measure).height! + 8;
    return { id: path, width: own.width, height: Math.max(own.height, loopHeight) };
  }
  return {
    id: path,
    layoutOptions: {
      'elk.padding': `[top=${own.height + 10},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${own.width},${own.height + 40})`,
      ...everywhere,
    },
    children: node.children.map((child) => elkNodeOf(graph, child, measure)),
  };
}

export function sizeOf(
  node: ChartNode,
  measure: size.MeasureText,
): { width: number; height: number } {
  if (node.kind === 'initial') return { width: size.initialDotSize, height: size.initialDotSize };
  if (node.kind === 'history') return { width: 28, height: 28 };
  const title = measure(node.title, 'title') + 2 * size.nodePaddingX;
  const tags = node.tags.length === 0 ? 0 : measure(node.tags.join(' '), 'labelActions') + 10;
  const rows = node.rows.map(
    (row) => measure(row.text, 'row') + size.rowIconWidth + 2 * size.nodePaddingX,
  );
  return {
    width: Math.ceil(Math.max(node.kind === 'any' ? 0 : size.nodeWidthMin, title + tags, ...rows)),
    height:
      size.titleHeight +
      (rows.length === 0 ? 0 : rows.length * size.rowHeight + size.nodePaddingBottom),
  };
}

function elkEdgeOf(edge: ChartEdge, leadsOn: boolean, measure: size.MeasureText): ElkExtendedEdge {
  const isInitial = edge.transitions.length === 0;
  return {
    id: edge.id,
    sources: [edge.from],
    targets: [edge.to],
    labels: isInitial ? [] : [labelOf(edge.transitions, measure)],
    // Inside of states this does what the order of the chart does outside: what one begins with stands first.
    layoutOptions: {
      'elk.layered.priority.direction': isInitial ? '50' : leadsOn ? '10' : '0',
      'elk.layered.priority.straightness': isInitial ? '10' : '0',
    },
  };
}

function labelOf(transitions: readonly ChartTransition[], measure: size.MeasureText): ElkLabel {
  const lines = transitions.flatMap(labelLines);
  const width = Math.max(...lines.map((line) => measure(line.text, line.font)));
  return {
    text: transitions.map((transition) => transition.event).join(' '),
    width: Math.ceil(width) + 2 * size.labelPaddingX,
    height: lines.length * size.labelLineHeight + 2 * size.labelPaddingY,
    layoutOptions: { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' },
  };
}

export interface LabelLine {
  readonly text: string;
  readonly font: 'label' | 'labelActions';
  readonly transition: ChartTransition;
}

/** The event with its guard, and below it the actions. */
export function labelLines(transition: ChartTransition): readonly LabelLine[] {
  const { event, guard, actions } = transition;
  const first: LabelLine = {
    text: guard === undefined ? event : `${event} [${guard}]`,
    font: 'label',
    transition,
  };
  if (actions.length === 0) return [first];
  return [first, { text: `/ ${actions.join(', ')}`, font: 'labelActions', transition }];
}
