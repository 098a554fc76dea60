/** What a run has found, as people read it: lines for the terminal, and the rows of the report's table. */
import { median } from '../../bench/load/histogram.ts';
import type { RoundResult } from './round.ts';
import type { RunResult } from './run.ts';

export interface FaultRow {
  readonly fault: string;
  readonly rounds: number;
  readonly writeMedianMs: number;
  readonly writeMaxMs: number;
  readonly startMedianMs: number;
  readonly startMaxMs: number;
  readonly violations: number;
}

export function rowsOf(rounds: readonly RoundResult[]): FaultRow[] {
  return [...Map.groupBy(rounds, ({ fault }) => fault)].map(([fault, of]) => {
    const writes = of.map(({ withoutWriteMs }) => withoutWriteMs);
    const starts = of.map(({ withoutStartMs }) => withoutStartMs);
    return {
      ...{ fault, rounds: of.length },
      ...{ writeMedianMs: median(writes), writeMaxMs: Math.max(...writes) },
      ...{ startMedianMs: median(starts), startMaxMs: Math.max(...starts) },
      violations: of.reduce((sum, { violations }) => sum + violations.length, 0),
    };
  });
}

/** Everything that is wrong, in sentences; empty when all is as it must be. */
export function findingsOf({ rounds, broken }: RunResult): string[] {
  const findings = rounds.flatMap(({ fault, violations }) =>
    violations.map((violation) => `${fault}: ${violation}`),
  );
  return broken === undefined ? findings : [...findings, broken];
}

export function roundLine(result: RoundResult): string {
  const { fault, victims, withoutWriteMs, withoutStartMs, violations } = result;
  const verdict = violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`;
  const master = result.masterChanged ? ', new master' : '';
  const done = `${result.acknowledgedWrites} writes, ${result.acknowledgedTasks} tasks${master}`;
  return (
    `${fault.padEnd(22)} ${victims.join(' ').padEnd(14)} without a write ${seconds(withoutWriteMs)}, ` +
    `without a launch ${seconds(withoutStartMs)} · ${done} · ${verdict}`
  );
}

export function summaryLines(result: RunResult): string[] {
  const findings = findingsOf(result);
  const head = `${'fault'.padEnd(22)} rounds   without a write (median, max)   without a launch (median, max)`;
  const rows = rowsOf(result.rounds).map(
    (row) =>
      `${row.fault.padEnd(22)} ${String(row.rounds).padStart(6)}   ` +
      `${seconds(row.writeMedianMs)} ${seconds(row.writeMaxMs)}                ` +
      `${seconds(row.startMedianMs)} ${seconds(row.startMaxMs)}`,
  );
  return [
    ...[head, ...rows, ''],
    ...(findings.length === 0
      ? ['Nothing was lost, nothing ran twice, and no process ended by itself.']
      : ['WRONG:', ...findings.map((finding) => `  ${finding}`)]),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`;
}
