/** Where a drawn chart cannot be read: boxes and labels on each other, and lines through labels that are not theirs. */
import type { Box, Geometry } from '../chart/geometry.ts';

export function overlapsOf(geometry: Geometry): readonly string[] {
  const found: string[] = [];
  const leaves = geometry.nodes.filter(({ node }) => node.children.length === 0);
  const labels = geometry.edges.flatMap(({ edge, label }) =>
    label === undefined ? [] : [{ id: edge.id, ...label }],
  );
  labels.forEach((label, index) => {
    for (const other of labels.slice(index + 1))
      if (meet(label, other)) found.push(`labels of ${label.id} and ${other.id}`);
    for (const { node, ...box } of leaves)
      if (meet(label, box)) found.push(`the label of ${label.id} and ${node.path}`);
    for (const { edge, path } of geometry.edges)
      if (edge.id !== label.id && segmentsOf(path).some((segment) => meet(segment, grown(label))))
        found.push(`the line of ${edge.id} runs through the label of ${label.id}`);
  });
  leaves.forEach((leaf, index) => {
    for (const other of leaves.slice(index + 1))
      if (meet(leaf, other)) found.push(`${leaf.node.path} and ${other.node.path}`);
    for (const { edge, path } of geometry.edges)
      if (segmentsOf(path).some((segment) => meet(segment, shrunk(leaf))))
        found.push(`the line of ${edge.id} runs through ${leaf.node.path}`);
  });
  return found;
}

function meet(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** Lines end at the border of a box. */
const shrunk = ({ x, y, width, height }: Box): Box => ({
  x: x + 1,
  y: y + 1,
  width: width - 2,
  height: height - 2,
});

/** To labels of others they keep a distance. */
const grown = ({ x, y, width, height }: Box): Box => ({
  x: x - 1,
  y: y - 1,
  width: width + 2,
  height: height + 2,
});

/** Each straight piece as a thin box. */
function segmentsOf(path: string): readonly Box[] {
  const numbers = [...path.matchAll(/-?\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
  const points: { x: number; y: number }[] = [];
  for (let index = 0; index < numbers.length; index += 2)
    points.push({ x: numbers[index]!, y: numbers[index + 1]! });
  return points.slice(1).map((point, index) => {
    const before = points[index]!;
    return {
      x: Math.min(before.x, point.x),
      y: Math.min(before.y, point.y),
      width: Math.abs(before.x - point.x) + 0.1,
      height: Math.abs(before.y - point.y) + 0.1,
    };
  });
}
