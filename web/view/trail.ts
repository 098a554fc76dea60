/** The transitions that have been taken a moment ago: each runs along its edge once. */
import { useRef } from 'preact/hooks';
import type { ChartGraph } from '../chart/graph.ts';
import { transitionsTaken } from '../chart/taken.ts';
import { countUntil, type Step } from '../model/history.ts';
import * as store from '../store.ts';

interface Taken {
  readonly key: number;
  readonly delayMs: number;
  readonly transitions: ReadonlySet<string>;
  readonly bornAt: number;
}

/** As long as the animation in chart.css, with its delays. */
const lifeMs = 2600;
/** Steps of one frame run one after another, so that the eye can follow. */
const apartMs = 160;
const runsMax = 6;

/** Steps that came since the chart was drawn last; none for those that were there when it was opened. */
export function useTrail(graph: ChartGraph, step: Step | undefined): readonly Taken[] {
  const seen = useRef(step);
  const trail = useRef<readonly Taken[]>([]);
  const now = performance.now();
  const fresh = freshSteps(seen.current, step);
  seen.current = step;
  trail.current = [
    ...trail.current.filter(({ bornAt }) => now - bornAt < lifeMs),
    ...fresh.flatMap((each, index) => {
      const transitions = transitionsTaken(graph, each);
      return transitions.length === 0
        ? []
        : [
            {
              key: each.number,
              delayMs: index * apartMs,
              transitions: new Set(transitions.map(({ id }) => id)),
              bornAt: now,
            },
          ];
    }),
  ].slice(-runsMax);
  return trail.current;
}

/** Going back in time runs nothing; going forward runs what is passed. */
function freshSteps(before: Step | undefined, step: Step | undefined): readonly Step[] {
  if (before === undefined || step === undefined || before === step) return [];
  const steps = store.history.actors.get(step.actorId)?.steps ?? [];
  return steps.slice(countUntil(steps, before), countUntil(steps, step)).slice(-runsMax);
}
