/** Lays a chart out, both downwards and to the right: which of the two reads better depends on the room there is. */
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { parseDefinition } from './definition.ts';
import { elkGraphOf } from './elk-graph.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import { chartOf } from './graph.ts';
import type { MeasureText } from './sizes.ts';

export interface Elk {
  layout(graph: ElkNode): Promise<ElkNode>;
}

export type Layouts = readonly [Geometry, ...Geometry[]];

export async function layOut(definition: string, elk: Elk, measure: MeasureText): Promise<Layouts> {
  const graph = chartOf(parseDefinition(definition));
  const [down, right] = await Promise.all(
    (['DOWN', 'RIGHT'] as const).map(async (direction) =>
      geometryOf(graph, direction, await elk.layout(elkGraphOf(graph, direction, measure))),
    ),
  );
  return [down!, right!];
}

/** The one that can be drawn larger. */
export function bestFor(layouts: Layouts, width: number, height: number): Geometry {
  const scale = (geometry: Geometry) =>
    Math.min(width / Math.max(1, geometry.width), height / Math.max(1, geometry.height));
  return layouts.reduce((best, next) => (scale(next) > scale(best) * 1.05 ? next : best));
}
