/** Figures as a table for people or as JSON. */
import { cpus } from 'node:os';
import { median } from './load/histogram.ts';

export interface Figure {
  readonly what: string;
  /** One for each round. */
  readonly values: readonly number[];
  readonly unit: string;
  /** What it should reach: at least (a rate) or at most (a time). */
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number };
}

export function printFigures(figures: readonly Figure[], json: boolean): void {
  if (json) {
    console.log(
      JSON.stringify(figures.map((figure) => ({ ...figure, median: median(figure.values) }))),
    );
    return;
  }
  console.log(
    `\n${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}; medians of the rounds\n`,
  );
  const rows = figures.map((figure) => [
    figure.what,
    `${shown(median(figure.values))} ${figure.unit}`,
    `${shown(Math.min(...figure.values))} – ${shown(Math.max(...figure.values))}`,
    goalOf(figure),
  ]);
  const header = ['what', 'median', 'range', 'goal'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [header, widths.map((width) => '─'.repeat(width)), ...rows])
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function goalOf({ goal, values }: Figure): string {
  if (goal === undefined) return '';
  const reached =
    'atLeast' in goal ? median(values) >= goal.atLeast : median(values) <= goal.atMost;
  const words =
    'atLeast' in goal ? `at least ${shown(goal.atLeast)}` : `at most ${shown(goal.atMost)}`;
  return `${words}: ${reached ? 'reached' : 'MISSED'}`;
}

function shown(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
}
