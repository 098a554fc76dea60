/**
 * Prometheus' text format, version 0.0.4: the values of `mntr` that are numbers, under the same names, and those that
 * only make sense where they are asked for again and again.
 */
import { type MonitorValue, monitorValues } from '../words/monitor.ts';
import type { ServerReport, SummaryReport } from '../words/report.ts';

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(report: ServerReport): string {
  const samples = [...monitorValues(report), ...report.series].flatMap(sample);
  return [...samples, ...report.summaries.map(summary)].join('');
}

function sample({ name, value, kind }: MonitorValue): string[] {
  if (typeof value !== 'number') return [];
  const safe = name.replace(/[^A-Za-z0-9_:]/g, '_');
  return [`# HELP ${safe} ${safe}\n# TYPE ${safe} ${kind}\n${safe} ${value}\n`];
}

function summary({ name, count, sum, quantiles }: SummaryReport): string {
  return [
    `# HELP ${name} ${name}`,
    `# TYPE ${name} summary`,
    ...quantiles.map(({ quantile, value }) => `${name}{quantile="${quantile}"} ${value}`),
    `${name}_count ${count}`,
    `${name}_sum ${sum}`,
    '',
  ].join('\n');
}
