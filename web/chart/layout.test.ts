/** The charts of the cluster, laid out by the real kernel: all there, inside of each other, and nothing on top of anything. */
import ElkModule from 'elkjs/lib/elk.bundled.js';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { agentMachine } from '../../machines/agent.ts';
import { attemptMachine } from '../../machines/attempt.ts';
import { coordinatorMachine } from '../../machines/coordinator.ts';
import { frameworkMachine } from '../../machines/framework.ts';
import { masterMachine } from '../../machines/master.ts';
import { taskMachine } from '../../machines/task.ts';
import { definitionOf } from '../../runtime/inspection/form.ts';
import { overlapsOf } from '../testing/overlaps.ts';
import { everythingMachine } from '../testing/scenarios.ts';
import type { Box, Geometry } from './geometry.ts';
import { roundedPath } from './geometry.ts';
import { bestFor, type Elk, type Layouts, layOut } from './layout.ts';
import { fonts, type MeasureText } from './sizes.ts';

// Its types are those of a CommonJS module.
const Kernel = ElkModule as unknown as new () => Elk;
const elk = new Kernel();
/** Fonts differ from machine to machine: narrow ones and wide ones. */
const measureWith =
  (widthOfLetter: number): MeasureText =>
  (text, font) =>
    text.length * fonts[font].sizePx * widthOfLetter;
const measure = measureWith(0.6);

async function allOf(machine: AnyStateMachine, kernel = elk, ruler = measure): Promise<Layouts> {
  const given = await Array.fromAsync(layOut(definitionOf(machine), kernel, ruler));
  expect(given.map(({ full, brief }) => [full.length, brief.length])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  return given.at(-1)!;
}

const machines: readonly (readonly [string, AnyStateMachine])[] = [
  ['coordinator', coordinatorMachine],
  ['master', masterMachine],
  ['agent', agentMachine],
  ['task', taskMachine],
  ['attempt', attemptMachine],
  ['framework', frameworkMachine],
  ['everything', everythingMachine],
];

describe.each(machines)('%s', (_name, machine) => {
  test.each([0.5, 0.6, 0.7])('is drawn without overlaps, letters %f wide', async (width) => {
    const { full, brief } = await allOf(machine, elk, measureWith(width));
    const geometries = [...full, ...brief];
    expect(geometries.map(({ direction, isFull }) => [direction, isFull])).toEqual([
      ['DOWN', true],
      ['RIGHT', true],
      ['DOWN', false],
      ['RIGHT', false],
    ]);
    for (const geometry of geometries) {
      expect(missingOf(geometry)).toEqual([]);
      expect(outsideOf(geometry)).toEqual([]);
      expect(overlapsOf(geometry)).toEqual([]);
    }
  });
});

/** Nodes without a place, transitions without a row, edges without a line. */
function missingOf({ graph, nodes, edges }: Geometry): string[] {
  const placed = new Set(nodes.map(({ node }) => node.path));
  const written = new Set([
    ...edges.flatMap(({ label }) => label?.lines.map((line) => line.transition.id) ?? []),
    ...[...graph.nodes.values()].flatMap((node) =>
      node.rows.flatMap((row) => row.transition?.id ?? []),
    ),
  ]);
  return [
    ...[...graph.nodes.keys()].filter((path) => !placed.has(path)),
    ...graph.transitions
      .filter(({ id, targets }) => targets.length > 0 && !written.has(id))
      .map(({ id }) => id),
    ...edges.filter(({ path }) => !path.includes('L')).map(({ edge }) => edge.id),
  ];
}

/** States that stick out of the one that they are in, or of the drawing. */
function outsideOf({ nodes, width, height }: Geometry): string[] {
  const boxes = new Map(nodes.map(({ node, ...box }) => [node.path, box]));
  const whole = { x: 0, y: 0, width, height };
  const parents = new Map(
    nodes.flatMap(({ node }) => node.children.map((child) => [child, node.path] as const)),
  );
  return [...boxes].flatMap(([path, box]) => {
    const parent = parents.get(path);
    return isInside(box, parent === undefined ? whole : boxes.get(parent)!) ? [] : [path];
  });
}

const isInside = (inner: Box, outer: Box) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width + 0.5 &&
  inner.y + inner.height <= outer.y + outer.height + 0.5;

test('a kernel that fails on the careful form is asked for the plain one', async () => {
  const asked: boolean[] = [];
  const moody: Elk = {
    layout(graph) {
      const isCareful =
        graph.layoutOptions?.['elk.layered.considerModelOrder.strategy'] !== undefined;
      asked.push(isCareful);
      return isCareful ? Promise.reject(new Error('no')) : elk.layout(graph);
    },
  };
  const { full } = await allOf(coordinatorMachine, moody);
  expect(full[0]!.nodes.length).toBeGreaterThan(5);
  expect(asked.filter((isCareful) => isCareful)).toHaveLength(4);
  expect(asked.filter((isCareful) => !isCareful)).toHaveLength(4);
});

test('the form follows the room: brief where the full one could not be read, unless it is asked for', async () => {
  const layouts = await allOf(taskMachine);
  expect(bestFor(layouts, 'auto', 2000, 1600).isFull).toBe(true);
  expect(bestFor(layouts, 'auto', 400, 400).isFull).toBe(false);
  expect(bestFor(layouts, 'full', 400, 400).isFull).toBe(true);
  expect(bestFor(layouts, 'brief', 2000, 1600).isFull).toBe(false);
  expect(bestFor(layouts, 'full', 3000, 300).direction).toBe('RIGHT');
  expect(bestFor(layouts, 'full', 400, 3000).direction).toBe('DOWN');
});

test('corners are rounded as far as there is room', () => {
  const path = roundedPath([
    { x: 0, y: 0 },
    { x: 0, y: 100 },
    { x: 4, y: 100 },
  ]);
  expect(path).toBe('M0 0L0 98Q0 100 2 100L4 100');
});
