/**
 * What a member answers over HTTP: the admin commands below their URL (`/commands`), and `/metrics` for Prometheus.
 * As ZooKeeper's AdminServer and PrometheusMetricsProvider do, both only read; `crst` and `srst` begin counts anew, and
 * `stmk` keeps a number.
 */
import type { HttpAnswer, HttpRequest } from '../../../actor.ts';
import type { ServerReport } from '../words/report.ts';
import {
  type AdminReset,
  adminCommand,
  adminCommandNames,
  adminReset,
  adminStatus,
  adminTraceMask,
} from './commands.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus.ts';

export interface HttpPages {
  /** Where the commands are, without a slash at the end; undefined on a port that has none. */
  readonly commandUrl: string | undefined;
  /** Where the metrics are. */
  readonly metricsUrl: string;
  readonly report: () => ServerReport;
  readonly reset: (what: AdminReset) => void;
  readonly setTraceMask: (mask: bigint) => void;
}

const HTML = 'text/html;charset=utf-8';
const JSON_TYPE = 'application/json';
const TEXT = 'text/plain;charset=utf-8';

/** Of a HEAD request whoever holds the socket leaves out the body. */
export function answerHttp({ method, path, query }: HttpRequest, pages: HttpPages): HttpAnswer {
  const { commandUrl, metricsUrl, report } = pages;
  const name = commandUrl === undefined ? undefined : below(path, commandUrl);
  if (name === undefined && path !== metricsUrl) return text(404, 'Not Found');
  // Of what is refused, `restore` comes as a POST.
  const isRefused = name !== undefined && adminStatus(name) !== 200;
  if (method !== 'GET' && method !== 'HEAD' && !isRefused)
    return text(405, `HTTP method ${method} is not supported by this URL`);
  if (name === undefined) {
    const body = prometheusText(report());
    return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body };
  }
  if (name === '') return { status: 200, contentType: HTML, body: links(commandUrl as string) };
  const answer = adminCommand(name, report(), query);
  const reset = adminReset(name);
  if (reset !== undefined && answer.error === null && method === 'GET') pages.reset(reset);
  const mask = adminTraceMask(name, query);
  if (mask !== undefined && method === 'GET') pages.setTraceMask(mask);
  return { status: adminStatus(name), contentType: JSON_TYPE, body: jsonText(answer) };
}

const text = (status: number, body: string): HttpAnswer => ({
  ...{ status, contentType: TEXT, body: `${body}\n` },
});

/** The rest of the path; undefined when it is another one. */
function below(path: string, url: string): string | undefined {
  if (path === url) return '';
  return path.startsWith(`${url}/`) ? path.slice(url.length + 1) : undefined;
}

function links(url: string): string {
  return [...adminCommandNames]
    .sort()
    .map((name) => `<a href="${url}/${name}">${name}</a>\n<br/>\n`)
    .join('');
}

/** Session ids and zxids are long numbers, of which a double would lose the end. */
export function jsonText(body: unknown): string {
  return JSON.stringify(
    body,
    (_key, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value),
    2,
  );
}

/** Newer than the library that TypeScript knows. */
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
