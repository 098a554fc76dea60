/** From the answer of the layout to what is drawn: boxes, rounded paths and labels in the chart's own coordinates. */
import type { ElkEdgeSection, ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js';
import type { Direction, LabelLine } from './elk-graph.ts';
import { labelLines } from './elk-graph.ts';
import type { ChartEdge, ChartGraph, ChartNode } from './graph.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode extends Box {
  readonly node: ChartNode;
}

export interface PlacedEdge {
  readonly edge: ChartEdge;
  /** An SVG path, from its source to its target. */
  readonly path: string;
  readonly label: (Box & { readonly lines: readonly LabelLine[] }) | undefined;
}

export interface Geometry {
  readonly graph: ChartGraph;
  readonly direction: Direction;
  /** With everything that is written on the chart, or with the names alone. */
  readonly isFull: boolean;
  readonly width: number;
  readonly height: number;
  /** Ancestors before what is inside of them. */
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

const cornerRadius = 7;

export function geometryOf(
  graph: ChartGraph,
  { direction, isFull }: { readonly direction: Direction; readonly isFull: boolean },
  laidOut: ElkNode,
): Geometry {
  const nodes: PlacedNode[] = [];
  const place = (elk: ElkNode) => {
    const node = graph.nodes.get(elk.id)!;
    nodes.push({ node, ...boxOf(elk) });
    for (const child of elk.children ?? []) place(child);
  };
  for (const child of laidOut.children ?? []) place(child);
  const edgesById = new Map(graph.edges.map((edge) => [edge.id, edge]));
  const edges = (laidOut.edges ?? []).map((elk): PlacedEdge => {
    const edge = edgesById.get(elk.id)!;
    const label = elk.labels?.[0];
    return {
      edge,
      path: roundedPath((elk.sections ?? []).flatMap(pointsOf)),
      label:
        label === undefined
          ? undefined
          : { ...boxOf(label), lines: edge.transitions.flatMap(labelLines) },
    };
  });
  return {
    graph,
    direction,
    isFull,
    width: laidOut.width ?? 0,
    height: laidOut.height ?? 0,
    nodes,
    edges,
  };
}

function boxOf({ x, y, width, height }: Partial<Box>): Box {
  return { x: x ?? 0, y: y ?? 0, width: width ?? 0, height: height ?? 0 };
}

function pointsOf({ startPoint, bendPoints, endPoint }: ElkEdgeSection): readonly ElkPoint[] {
  return [startPoint, ...(bendPoints ?? []), endPoint];
}

/** Corners become arcs, as far as the pieces beside them have room. */
export function roundedPath(points: readonly ElkPoint[]): string {
  const first = points[0];
  if (first === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  for (let index = 1; index < points.length - 1; index += 1) {
    const [before, corner, after] = [points[index - 1]!, points[index]!, points[index + 1]!];
    const radius = Math.min(
      cornerRadius,
      distance(before, corner) / 2,
      distance(corner, after) / 2,
    );
    const enter = towards(corner, before, radius);
    const leave = towards(corner, after, radius);
    path += `L${round(enter.x)} ${round(enter.y)}Q${round(corner.x)} ${round(corner.y)} ${round(leave.x)} ${round(leave.y)}`;
  }
  const last = points.at(-1)!;
  return points.length === 1 ? path : `${path}L${round(last.x)} ${round(last.y)}`;
}

const distance = (one: ElkPoint, other: ElkPoint) => Math.hypot(one.x - other.x, one.y - other.y);

function towards(from: ElkPoint, to: ElkPoint, length: number): ElkPoint {
  const whole = distance(from, to);
  if (whole === 0) return from;
  return {
    x: from.x + ((to.x - from.x) * length) / whole,
    y: from.y + ((to.y - from.y) * length) / whole,
  };
}

const round = (value: number) => Math.round(value * 10) / 10;
