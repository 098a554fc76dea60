/** Tables and figures for people. What stands in them may come from elsewhere: only the painting adds colours. */
import { foreignText } from './foreign-text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly value: (row: Row) => string | number | undefined;
  /** Colours what is shown of the value. */
  readonly paint?: (text: string, row: Row) => string;
}

/** Columns as wide as their widest cell, two spaces apart; what is undefined is `-`. Ends with a line break. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) =>
    columns.map((column) => foreignText(String(column.value(row) ?? '-'))),
  );
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index]!))),
  );
  const line = (texts: readonly string[], row?: Row) =>
    texts
      .map((text, index) => {
        const { align, paint } = columns[index]!;
        const space = ' '.repeat(widths[index]! - displayWidth(text));
        const painted = row === undefined ? text : (paint?.(text, row) ?? text);
        return align === 'right' ? space + painted : painted + space;
      })
      .join('  ')
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  return `${[head, ...cells.map((texts, index) => line(texts, rows[index]))].join('\n')}\n`;
}

function displayWidth(text: string): number {
  return [...text].length;
}

/** `4s`, `3m 12s`, `2h 5m`, `3d 4h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${Math.floor(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** Mebibytes as people say them: `512 MiB`, `1.5 GiB`. */
export function mebibytes(amount: number): string {
  if (amount < 1024) return `${round(amount, 0)} MiB`;
  if (amount < 1024 * 1024) return `${round(amount / 1024, 1)} GiB`;
  return `${round(amount / 1024 / 1024, 1)} TiB`;
}

export function percent(ratio: number | null): string {
  return ratio === null ? '-' : `${round(ratio * 100, 1)} %`;
}

export function round(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)));
}

/** Lines up `name  value` pairs. */
export function pairs(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => displayWidth(name)));
  return rows
    .map(([name, value]) => `${foreignText(name).padEnd(width)}  ${foreignText(value)}\n`)
    .join('');
}
