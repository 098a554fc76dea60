/**
 * Prometheus' text format, version 0.0.4: the values of `mntr` that are numbers, under the same names, and those that
 * only make sense where they are asked for again and again.
 */
import { type MonitorValue, monitorValues } from '../words/monitor.ts';
import type { ServerReport } from '../words/report.ts';

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(report: ServerReport): string {
  return [...monitorValues(report), ...report.series].flatMap(sample).join('');
}

function sample({ name, value, kind }: MonitorValue): string[] {
  if (typeof value !== 'number') return [];
  const safe = name.replace(/[^A-Za-z0-9_:]/g, '_');
  return [`# HELP ${safe} ${safe}\n# TYPE ${safe} ${kind}\n${safe} ${value}\n`];
}
