/** How much happens in a second, from counters that only grow while one master leads. */
import { isFinal, type TaskState } from '../../protocol/task-states.ts';
import type { Sample } from './sample.ts';

export interface Rates {
  readonly submittedPerSecond: number;
  readonly endedPerSecond: number;
  /** Slots of the replicated log. */
  readonly decidedPerSecond: number;
}

interface Counts {
  readonly atMs: number;
  readonly epoch: number;
  readonly submitted: number;
  readonly ended: number;
  readonly decided: number;
}

/** Long enough that a rate is readable, short enough that it is of now. */
const WINDOW_MS = 5_000;

export class RateKeeper {
  private readonly seen: Counts[] = [];

  /** Undefined until two looks at the same leader can be compared. */
  add(sample: Sample): Rates | undefined {
    const counts = countsOf(sample);
    if (counts === undefined) return undefined;
    const { seen } = this;
    // A new leader begins to count anew.
    if (seen.at(-1)?.epoch !== counts.epoch) seen.length = 0;
    seen.push(counts);
    while (seen.length > 2 && counts.atMs - seen[1]!.atMs >= WINDOW_MS) seen.shift();
    const first = seen[0]!;
    const seconds = (counts.atMs - first.atMs) / 1000;
    if (seconds <= 0) return undefined;
    return {
      submittedPerSecond: (counts.submitted - first.submitted) / seconds,
      endedPerSecond: (counts.ended - first.ended) / seconds,
      decidedPerSecond: (counts.decided - first.decided) / seconds,
    };
  }
}

function countsOf({ atMs, state, metrics }: Sample): Counts | undefined {
  if (state === undefined || metrics === undefined) return undefined;
  const { counters } = metrics;
  const ended = Object.entries(counters).filter(
    ([name]) => name.startsWith('TASK_') && isFinal(name as TaskState),
  );
  return {
    atMs,
    epoch: state.leader.epoch,
    submitted: counters.submissions ?? 0,
    ended: ended.reduce((sum, [, count]) => sum + count, 0),
    decided: Math.max(0, ...state.coords.map(({ decidedUpTo }) => decidedUpTo)),
  };
}
