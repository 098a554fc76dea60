/** The report of a run: one HTML file that needs nothing else, with charts, the faults as bands, and a verdict. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { RunResult } from '../run.ts';
import { type FaultRow, findingsOf, rowsOf } from '../summary.ts';

const uplot = join(dirname(createRequire(import.meta.url).resolve('uplot')), '..', 'dist');
const own = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** What page.js draws. Times are in seconds since the run began. */
export interface ReportData {
  readonly seconds: readonly number[];
  readonly writes: readonly number[];
  readonly starts: readonly number[];
  readonly medianMs: readonly (number | null)[];
  readonly slowestMs: readonly (number | null)[];
  readonly bands: readonly {
    readonly fault: string;
    readonly victims: string;
    readonly from: number;
    readonly to: number;
    readonly isWrong: boolean;
  }[];
}

export interface ReportOptions {
  /** For people: when and how it was made. */
  readonly made: string;
  readonly command: string;
}

export function reportOf(result: RunResult, options: ReportOptions): string {
  const findings = findingsOf(result);
  const { rounds } = result;
  const writes = rounds.reduce((sum, round) => sum + round.acknowledgedWrites, 0);
  const tasks = rounds.reduce((sum, round) => sum + round.acknowledgedTasks, 0);
  const data = dataOf(result);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Chaos, seed ${text(result.seed)}: ${findings.length === 0 ? 'nothing lost' : 'WRONG'}</title>
<style>${readFileSync(join(uplot, 'uPlot.min.css'), 'utf8')}</style>
<style>${own('page.css')}</style>
<header>
  <h1>Chaos</h1>
  <p class="made">seed <code>${text(result.seed)}</code> · ${text(options.made)} · <code>${text(options.command)}</code></p>
</header>
<main>
${verdict(findings)}
<dl class="figures">
  ${figure(String(rounds.length), rounds.length === 1 ? 'fault' : 'faults')}
  ${figure(writes.toLocaleString('en'), 'acknowledged writes')}
  ${figure(tasks.toLocaleString('en'), 'acknowledged tasks')}
  ${figure(duration(data.seconds.length), 'in all')}
</dl>
<section><h2>Throughput</h2><div id="throughput" class="chart"></div></section>
<section><h2>Time until a write is answered</h2><div id="latency" class="chart"></div></section>
<section><h2>Times without service</h2>${table(rowsOf(rounds))}
<p class="note">Of each fault the longest time between two successful writes, and between two starts of tasks, as clients
outside of the cluster see them. Between faults the load is stopped while everything is checked.</p></section>
</main>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script>${readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8')}</script>
<script>${own('page.js')}</script>
</html>
`;
}

function dataOf({ series, rounds, endedMs }: RunResult): ReportData {
  const seconds = series.seconds(endedMs);
  const at = (ms: number) => (ms - series.beganMs) / 1000;
  return {
    seconds: seconds.map((_, index) => index),
    writes: seconds.map((second) => second.writes),
    starts: seconds.map((second) => second.starts),
    medianMs: seconds.map((second) => rounded(second.medianMs)),
    slowestMs: seconds.map((second) => rounded(second.slowestMs)),
    bands: rounds.map((round) => ({
      ...{ fault: round.fault, victims: round.victims.join(', ') },
      ...{ from: at(round.strikeMs), to: at(round.healedMs) },
      isWrong: round.violations.length > 0,
    })),
  };
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}

function verdict(findings: readonly string[]): string {
  if (findings.length === 0)
    return `<p class="verdict good"><strong>Nothing was lost.</strong> Every acknowledged write is there, every acknowledged
task ended as it should, none ran twice, and no process ended by itself.</p>`;
  const items = findings.map((finding) => `<li>${text(finding)}</li>`).join('\n');
  return `<div class="verdict bad"><strong>Wrong in ${findings.length === 1 ? 'one place' : `${findings.length} places`}.</strong>
<ul>${items}</ul></div>`;
}

function figure(value: string, what: string): string {
  return `<div><dt>${text(what)}</dt><dd>${text(value)}</dd></div>`;
}

function table(rows: readonly FaultRow[]): string {
  const cells = (row: FaultRow) =>
    [row.writeMedianMs, row.writeMaxMs, row.startMedianMs, row.startMaxMs]
      .map((ms) => `<td>${(ms / 1000).toFixed(2)} s</td>`)
      .join('');
  const lines = rows.map(
    (row) =>
      `<tr><th scope="row">${text(row.fault)}</th><td>${row.rounds}</td>${cells(row)}` +
      `<td class="${row.violations === 0 ? 'good' : 'bad'}">${row.violations === 0 ? 'ok' : `${row.violations} wrong`}</td></tr>`,
  );
  return `<div class="scroll"><table><thead>
<tr><th rowspan="2" scope="col">fault</th><th rowspan="2" scope="col">rounds</th><th colspan="2" scope="colgroup">without a write</th>
<th colspan="2" scope="colgroup">without a launch</th><th rowspan="2" scope="col">verdict</th></tr>
<tr><th scope="col">median</th><th scope="col">longest</th><th scope="col">median</th><th scope="col">longest</th></tr></thead>
<tbody>${lines.join('\n')}</tbody></table></div>`;
}

function duration(seconds: number): string {
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 6) / 10} min`;
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
