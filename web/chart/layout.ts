/**
 * Lays a chart out in four ways: downwards and to the right, with everything that is written on it and with the names
 * alone. Which of them reads best depends on the room that there is.
 */
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { type Direction, elkGraphOf } from './elk-graph.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import { type ChartGraph, chartOf } from './graph.ts';
import { readMachine } from './machine-config.ts';
import type { MeasureText } from './sizes.ts';

export interface Elk {
  layout(graph: ElkNode): Promise<ElkNode>;
}

export interface Layouts {
  readonly full: readonly Geometry[];
  /** Without actions, tags and what stands inside of states. */
  readonly brief: readonly Geometry[];
  /** These are all; otherwise one that reads better may follow. */
  readonly isAll: boolean;
}

/** Gives what can be shown first, downwards, and then all four. */
export async function* layOut(
  definition: string,
  elk: Elk,
  measure: MeasureText,
): AsyncGenerator<Layouts> {
  const graph = chartOf(readMachine(definition));
  const withoutDetail = briefly(graph);
  const one = async (drawn: ChartGraph, direction: Direction) => {
    const laidOut = await elk
      .layout(elkGraphOf(drawn, direction, measure))
      .catch(() => elk.layout(elkGraphOf(drawn, direction, measure, 'plain')));
    return geometryOf(drawn, { direction, isFull: drawn === graph }, laidOut);
  };
  const both = (direction: Direction) =>
    Promise.all([one(graph, direction), one(withoutDetail, direction)]);
  const [down, briefDown] = await both('DOWN');
  yield { full: [down], brief: [briefDown], isAll: false };
  const [right, briefRight] = await both('RIGHT');
  yield { full: [down, right], brief: [briefDown, briefRight], isAll: true };
}

export type Detail = 'auto' | 'full' | 'brief';

/** Smaller than this, what is written cannot be read. */
const readableScale = 0.62;

/** The one that can be drawn largest; by itself the page leaves details out only where they would be unreadable. */
export function bestFor(layouts: Layouts, detail: Detail, width: number, height: number): Geometry {
  const full = largest(layouts.full, width, height);
  if (detail === 'full') return full;
  const brief = largest(layouts.brief, width, height);
  if (detail === 'brief') return brief;
  return scaleOf(full, width, height) >= readableScale ? full : brief;
}

function largest(geometries: readonly Geometry[], width: number, height: number): Geometry {
  return geometries.reduce((best, next) =>
    scaleOf(next, width, height) > scaleOf(best, width, height) * 1.05 ? next : best,
  );
}

function scaleOf(geometry: Geometry, width: number, height: number): number {
  return Math.min(width / Math.max(1, geometry.width), height / Math.max(1, geometry.height));
}

/** The same nodes and edges, and transitions by the same ids. */
function briefly(graph: ChartGraph): ChartGraph {
  return {
    ...graph,
    nodes: new Map([...graph.nodes].map(([path, node]) => [path, { ...node, rows: [], tags: [] }])),
    edges: graph.edges.map((edge) => ({
      ...edge,
      transitions: edge.transitions.map((transition) => ({ ...transition, actions: [] })),
    })),
  };
}
