/** Tables and figures for people. */
import { stripVTControlCharacters } from 'node:util';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly value: (row: Row) => string | number | undefined;
}

/** Columns as wide as their widest cell, two spaces apart; what is undefined is `-`. Ends with a line break. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => String(column.value(row) ?? '-')));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index]!))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => pad(cell, widths[index]!, columns[index]!.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return `${[columns.map((column) => column.title), ...cells].map(line).join('\n')}\n`;
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return align === 'left' ? cell + space : space + cell;
}

function displayWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
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
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}
