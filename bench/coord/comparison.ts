/** Figures of two ensembles side by side. */
import { cpus } from 'node:os';
import { median } from '../load/histogram.ts';

export type Goal =
  /** Of ours to the other's. */
  | { readonly ratioAtLeast: number }
  | { readonly ratioAtMost: number }
  /** Of ours alone, in the unit of the figure. */
  | { readonly atMost: number };

export interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly goal?: Goal;
  /** By the name of the ensemble: a value for each round. */
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** Collects the rounds' values by what they say. */
export class Comparisons {
  private readonly rows = new Map<string, Comparison & { values: Map<string, number[]> }>();

  add(rival: string, figure: Omit<Comparison, 'values'>, value: number): void {
    const row = this.rows.get(figure.what) ?? { ...figure, values: new Map() };
    this.rows.set(figure.what, row);
    row.values.set(rival, [...(row.values.get(rival) ?? []), value]);
  }

  get all(): readonly Comparison[] {
    return [...this.rows.values()];
  }
}

/** Median of `ours` by that of `other`; undefined when one of them has no figure. */
export function ratio(comparison: Comparison, ours: string, other: string): number | undefined {
  const [of, to] = [comparison.values.get(ours), comparison.values.get(other)];
  if (of === undefined || to === undefined || median(to) === 0) return undefined;
  return median(of) / median(to);
}

/** Empty without a goal or without what it takes to judge it. */
export function verdict(comparison: Comparison, ours: string, other: string): string {
  const { goal, values } = comparison;
  const mine = values.get(ours);
  if (goal === undefined || mine === undefined) return '';
  if ('atMost' in goal)
    return `at most ${goal.atMost} ${comparison.unit}: ${median(mine) <= goal.atMost ? 'reached' : 'MISSED'}`;
  const times = ratio(comparison, ours, other);
  if (times === undefined) return '';
  return 'ratioAtLeast' in goal
    ? `at least ${goal.ratioAtLeast}×: ${times >= goal.ratioAtLeast ? 'reached' : 'MISSED'}`
    : `at most ${goal.ratioAtMost}×: ${times <= goal.ratioAtMost ? 'reached' : 'MISSED'}`;
}

export function printComparisons(all: readonly Comparison[], ours: string, other: string): void {
  console.log(`\n${cpus().length} cores (${cpus()[0]?.model.trim()}); medians of the rounds\n`);
  const names = [other, ours].filter((name) => all.some(({ values }) => values.has(name)));
  const rows = all.map((comparison) => {
    const times = ratio(comparison, ours, other);
    return [
      comparison.what,
      ...names.map((name) => cell(comparison.values.get(name), comparison.unit)),
      times === undefined ? '' : `${times.toFixed(2)}×`,
      verdict(comparison, ours, other),
    ];
  });
  const header = ['what', ...names, 'ratio', 'goal'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [header, widths.map((width) => '─'.repeat(width)), ...rows])
    console.log(
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function cell(values: readonly number[] | undefined, unit: string): string {
  if (values === undefined) return '';
  const value = median(values);
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: digits })} ${unit}`.trimEnd();
}
