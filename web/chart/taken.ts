/** Which transitions of a chart a step took: the snapshot names the event and the states, not the transition. */
import { activePaths } from '../model/state-value.ts';
import type { StateValue } from '../model/wire.ts';
import type { ChartGraph, ChartTransition } from './graph.ts';

export interface StepTaken {
  readonly from: StateValue | undefined;
  readonly to: StateValue | undefined;
  readonly event: { readonly type: string } | undefined;
}

/** More eventless transitions than this in a row would be a loop. */
const eventlessMax = 8;

/**
 * In the order in which they were taken: that of the event, then the eventless ones that followed. Empty where none
 * fits; of several that fit, as with guards that lead to the same state, the first.
 */
export function transitionsTaken(graph: ChartGraph, step: StepTaken): readonly ChartTransition[] {
  if (step.from === undefined || step.to === undefined) return [];
  const before = activePaths(step.from);
  const after = activePaths(step.to);
  const candidates = graph.transitions
    .filter(
      ({ source, eventType }) =>
        (source === '' || before.has(source)) &&
        (step.event === undefined ? eventType !== '' : matchesEvent(eventType, step.event.type)),
    )
    .sort((one, other) => depth(other.source) - depth(one.source));
  const moved = !sameSets(before, after);
  for (const candidate of candidates) {
    if (step.event === undefined && candidate.targets.length === 0) continue;
    const rest = follow(graph, candidate, before, after, moved, 0);
    if (rest !== undefined) return rest;
  }
  return [];
}

function follow(
  graph: ChartGraph,
  transition: ChartTransition,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  moved: boolean,
  count: number,
): readonly ChartTransition[] | undefined {
  const { targets } = transition;
  if (targets.length === 0) return moved ? undefined : [transition];
  const arrived = targets.every((target) => after.has(target));
  // An edge into a state that was active all along explains a move only from inside of it.
  const explains =
    !moved ||
    targets.some((target) => !before.has(target) || count > 0 || isLeafMove(target, before, after));
  if (arrived && explains) return [transition];
  if (count >= eventlessMax) return undefined;
  for (const next of graph.transitions) {
    if (next.eventType !== '' || !targets.some((target) => isWithin(target, next.source))) continue;
    const rest = follow(graph, next, before, after, moved, count + 1);
    if (rest !== undefined) return [transition, ...rest];
  }
  return undefined;
}

/** The target itself stayed active, and what is active inside of it changed. */
function isLeafMove(
  target: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): boolean {
  const inside = (paths: ReadonlySet<string>) =>
    [...paths].filter((path) => path.startsWith(`${target}.`)).join();
  return inside(before) !== inside(after);
}

const matchesEvent = (pattern: string, type: string) =>
  pattern === type ||
  pattern === '*' ||
  (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

const isWithin = (path: string, ancestor: string) =>
  ancestor === '' || path === ancestor || path.startsWith(`${ancestor}.`);

const depth = (path: string) => (path === '' ? 0 : path.split('.').length);

function sameSets(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((entry) => other.has(entry));
}
