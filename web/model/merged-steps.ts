/** The steps of several actors as one line of time, kept up to date at the price of what is new. */
import { type Actor, countUntil, type History, type Moment, type Step } from './history.ts';

export class MergedSteps {
  private steps: Step[] = [];
  private ids = '';
  private count = 0;
  private newest = 0;
  private first: Step | undefined;

  /** In the order of time. The array is the same one, longer, as long as nothing was forgotten. */
  of(history: History, sessionIds: readonly string[]): readonly Step[] {
    const actors = sessionIds.flatMap((sessionId) => history.actors.get(sessionId) ?? []);
    const ids = actors.map((actor) => actor.sessionId).join('\n');
    const count = actors.reduce((sum, actor) => sum + actor.steps.length, 0);
    if (ids === this.ids && count === this.count && this.first === earliest(actors))
      return this.steps;
    const fresh = actors.flatMap((actor) => since(actor.steps, this.newest)).sort(inTime);
    const last = this.steps.at(-1);
    const onlyGrew =
      ids === this.ids &&
      this.first === earliest(actors) &&
      count === this.count + fresh.length &&
      (last === undefined || fresh[0] === undefined || inTime(last, fresh[0]) < 0);
    if (onlyGrew) for (const step of fresh) this.steps.push(step);
    else this.steps = actors.flatMap((actor) => actor.steps).sort(inTime);
    this.ids = ids;
    this.count = count;
    this.first = earliest(actors);
    this.newest = (onlyGrew ? fresh : this.steps).reduce(
      (newest, step) => Math.max(newest, step.number),
      onlyGrew ? this.newest : 0,
    );
    return this.steps;
  }
}

function earliest(actors: readonly Actor[]): Step | undefined {
  const firsts = actors.flatMap((actor) => actor.steps[0] ?? []);
  return firsts.sort(inTime)[0];
}

function since(steps: readonly Step[], number: number): readonly Step[] {
  let from = steps.length;
  while (from > 0 && steps[from - 1]!.number > number) from -= 1;
  return steps.slice(from);
}

const inTime = (one: Step, other: Step) => one.at - other.at || one.number - other.number;

/** The step before, or after, a moment; from the present, before is the last but one. */
export function neighbour(
  steps: readonly Step[],
  moment: Moment | undefined,
  direction: -1 | 1,
): Step | undefined {
  const count = moment === undefined ? steps.length : countUntil(steps, moment);
  if (direction === 1) return steps[count];
  const current = steps[count - 1];
  // Between two steps "back" leads to the one that the charts show already; on a step, to the one before it.
  const isOnStep =
    moment === undefined || (current?.at === moment.at && current.number === moment.number);
  return steps[count - (isOnStep ? 2 : 1)];
}
