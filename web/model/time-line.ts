/** What the time bar shows: how much happened when, and where the marks of the clock stand. */
import { countUntil, type Step } from './history.ts';

export interface TimeRange {
  readonly startAt: number;
  readonly endAt: number;
}

/** How many steps fall into each of so many equal pieces of a range. */
export function densityOf(
  steps: readonly Step[],
  range: TimeRange,
  pieces: number,
): readonly number[] {
  const lengthMs = range.endAt - range.startAt;
  const countBefore = (piece: number) =>
    countUntil(steps, { at: range.startAt + (lengthMs * piece) / pieces, number: -1 });
  const counts: number[] = [];
  let before = countBefore(0);
  for (let piece = 1; piece <= pieces; piece += 1) {
    const until = countBefore(piece);
    counts.push(until - before);
    before = until;
  }
  return counts;
}

const niceIntervalsMs = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000,
  300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

/** Round moments, at most so many. */
export function marksOf(range: TimeRange, most: number): readonly number[] {
  const lengthMs = range.endAt - range.startAt;
  const intervalMs =
    niceIntervalsMs.find((interval) => lengthMs / interval <= most) ?? niceIntervalsMs.at(-1)!;
  const marks: number[] = [];
  for (
    let at = Math.ceil(range.startAt / intervalMs) * intervalMs;
    at <= range.endAt;
    at += intervalMs
  )
    marks.push(at);
  return marks;
}

/** A range of the same length that shows a moment; the same one where it does already. */
export function rangeShowing(range: TimeRange, at: number): TimeRange {
  if (at >= range.startAt && at <= range.endAt) return range;
  const lengthMs = range.endAt - range.startAt;
  const startAt = at < range.startAt ? at - lengthMs * 0.1 : at - lengthMs * 0.9;
  return { startAt, endAt: startAt + lengthMs };
}
