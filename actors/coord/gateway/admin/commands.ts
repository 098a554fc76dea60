/**
 * The commands of ZooKeeper's AdminServer: `GET /commands/NAME` answers with JSON. Every body has `command` and
 * `error`; what stands beside them is named as ZooKeeper names it.
 */

import { configurationPairs, environmentPairs } from '../words/configuration.ts';
import { briefConnectionBody, connectionBody } from '../words/connections.ts';
import { fullVersion, monitorValues, summaryValues } from '../words/monitor.ts';
import { type ConnectionReport, groupBy, NOT_SERVING, type ServerReport } from '../words/report.ts';
import { leaderBody, observersBody, votingViewBody, zabStateBody } from './ensemble.ts';

/** Numbers beyond those of JavaScript are bigints in it: `admin/http.ts` writes them as JSON has them. */
export type AdminBody = Readonly<Record<string, unknown>>;

/** What the gateway must do beside the answer. */
export type AdminReset = 'connections' | 'statistics';

/** ZooKeeper's own counts up to 2; what is hashed here is not the same, and only members of one ensemble compare it. */
const DIGEST_VERSION = 2;

interface AdminCommand {
  /** The first is its own name, the others stand for it. */
  readonly names: readonly string[];
  /** It answers without a quorum too. */
  readonly isAlways?: boolean;
  readonly resets?: AdminReset;
  /** It is not for this server to do: asked for it says so, with the status 503 that ZooKeeper has for that. */
  readonly isRefused?: boolean;
  readonly body: (report: ServerReport, query: AdminQuery) => AdminBody;
}

export type AdminQuery = ReadonlyMap<string, string>;

const notServed = (why: string) => () => ({ error: why });

const commands: readonly AdminCommand[] = [
  {
    names: ['configuration', 'conf', 'config'],
    body: (report) =>
      Object.fromEntries(
        configurationPairs(report)
          .filter(([key]) => key !== 'dataDirSize' && key !== 'dataLogSize')
          .map(underscored),
      ),
  },
  { names: ['connection_stat_reset', 'crst'], resets: 'connections', body: () => ({}) },
  {
    names: ['connections', 'cons'],
    body: ({ connections }) => bySecurity(connections, connectionBody),
  },
  {
    names: ['dirs'],
    body: ({ dataBytes, logBytes }) => ({ datadir_size: dataBytes, logdir_size: logBytes }),
  },
  {
    names: ['dump'],
    body: ({ sessions }) => ({
      expiry_time_to_session_ids: asObject(
        groupBy(
          [...sessions].sort((a, b) => a.expiresAtMs - b.expiresAtMs),
          ({ expiresAtMs }) => expiresAtMs,
          ({ sessionId }) => sessionId,
        ),
      ),
      session_id_to_ephemeral_paths: Object.fromEntries(
        sessions
          .filter(({ ephemerals }) => ephemerals.length > 0)
          .map(({ sessionId, ephemerals }) => [String(sessionId), ephemerals]),
      ),
    }),
  },
  {
    names: ['environment', 'env', 'envi'],
    isAlways: true,
    body: (report) => Object.fromEntries(environmentPairs(report)),
  },
  {
    names: ['get_trace_mask', 'gtmk'],
    isAlways: true,
    body: ({ traceMask }) => ({ tracemask: traceMask }),
  },
  {
    names: ['set_trace_mask', 'stmk'],
    isAlways: true,
    body: (_report, query) => {
      const mask = traceMaskOf(query);
      return mask === undefined ? { error: traceMaskError(query) } : { tracemask: mask };
    },
  },
  {
    names: ['hash'],
    body: ({ digests }) => ({
      digests: digests.map(({ zxid, digest }) => ({
        zxid,
        digest: BigInt.asIntN(64, digest),
        digest_version: DIGEST_VERSION,
      })),
    }),
  },
  {
    names: ['initial_configuration', 'icfg'],
    body: ({ initialConfiguration }) => ({ initial_configuration: initialConfiguration }),
  },
  { names: ['is_read_only', 'isro'], body: ({ mode }) => ({ read_only: mode === 'read-only' }) },
  {
    names: ['last_snapshot', 'lsnp'],
    body: ({ lastSnapshot }) => ({
      zxid: lastSnapshot === undefined ? 'ffffffffffffffff' : lastSnapshot.zxid.toString(16),
      timestamp: lastSnapshot === undefined ? -1 : Math.floor(lastSnapshot.savedAtMs / 1000),
    }),
  },
  { names: ['leader', 'lead'], body: leaderBody },
  {
    names: ['monitor', 'mntr'],
    body: (report) =>
      Object.fromEntries(
        [...monitorValues(report), ...summaryValues(report)].map(({ name, value }) => [
          name,
          value,
        ]),
      ),
  },
  { names: ['observer_connection_stat_reset', 'orst'], resets: 'connections', body: () => ({}) },
  { names: ['observers', 'obsr'], body: observersBody },
  {
    names: ['restore', 'rest'],
    ...{ isAlways: true, isRefused: true },
    body: notServed(
      'restore is not served: the members agree about every change, and none takes another tree by itself',
    ),
  },
  { names: ['ruok'], body: () => ({}) },
  { names: ['server_stats', 'srvr'], body: statistics },
  {
    names: ['snapshot', 'snap'],
    ...{ isAlways: true, isRefused: true },
    body: notServed('snapshot is not served: the members take their own, each at its time'),
  },
  { names: ['stat_reset', 'srst'], resets: 'statistics', body: () => ({}) },
  {
    names: ['stats', 'stat'],
    body: (report) => ({
      ...statistics(report),
      ...bySecurity(report.connections, briefConnectionBody),
    }),
  },
  {
    names: ['system_properties', 'sysp'],
    isAlways: true,
    body: ({ environment }) =>
      Object.fromEntries([...environment].sort(([a], [b]) => (a < b ? -1 : 1))),
  },
  { names: ['voting_view'], body: votingViewBody },
  {
    names: ['watch_summary', 'wchs'],
    body: ({ watches }) => ({
      num_connections: new Set(watches.map(({ sessionId }) => sessionId)).size,
      num_paths: new Set(watches.map(({ path }) => path)).size,
      num_total_watches: watches.length,
    }),
  },
  {
    names: ['watches', 'wchc'],
    body: ({ watches }) => ({
      session_id_to_watched_paths: asObject(
        groupBy(
          watches,
          ({ sessionId }) => String(sessionId),
          ({ path }) => path,
        ),
      ),
    }),
  },
  {
    names: ['watches_by_path', 'wchp'],
    body: ({ watches }) => ({
      path_to_session_ids: asObject(
        groupBy(
          watches,
          ({ path }) => path,
          ({ sessionId }) => sessionId,
        ),
      ),
    }),
  },
  { names: ['zabstate'], isAlways: true, body: zabStateBody },
];

const byName = new Map(commands.flatMap((command) => command.names.map((name) => [name, command])));

/** For the page that lists them. */
export const adminCommandNames: readonly string[] = commands
  .filter(({ isRefused }) => isRefused !== true)
  .map(({ names }) => names[0] as string);

/** The status says that the command was read, as in ZooKeeper, or that it is none of this server's. */
export function adminStatus(name: string): 200 | 503 {
  return byName.get(name)?.isRefused === true ? 503 : 200;
}

/** `error` says what came of it. */
export function adminCommand(name: string, report: ServerReport, query: AdminQuery): AdminBody {
  const command = byName.get(name);
  if (command === undefined) return { command: name, error: `Unknown command: ${name}` };
  if (!report.isServing && command.isAlways !== true) return { command: name, error: NOT_SERVING };
  return { command: command.names[0] as string, error: null, ...command.body(report, query) };
}

/** What `set_trace_mask` sets; undefined for all others, and for one that is no long number of Java's. */
export function adminTraceMask(name: string, query: AdminQuery): bigint | undefined {
  return name === 'set_trace_mask' || name === 'stmk' ? traceMaskOf(query) : undefined;
}

const TRACE_MASK_ARGUMENT = 'traceMask';

function traceMaskOf(query: AdminQuery): bigint | undefined {
  const text = query.get(TRACE_MASK_ARGUMENT) ?? '';
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const mask = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, mask) === mask ? mask : undefined;
}

function traceMaskError(query: AdminQuery): string {
  const text = query.get(TRACE_MASK_ARGUMENT);
  const given = text === undefined ? '' : `, got ${text}`;
  return `setTraceMask requires long traceMask argument${given}`;
}

/** What is to be counted from zero again after `name` was answered. */
export function adminReset(name: string): AdminReset | undefined {
  return byName.get(name)?.resets;
}

function statistics(report: ServerReport): Record<string, unknown> {
  const { latencyMs, proposalBytes, responseBytes } = report;
  const sizes = ({ last, min, max }: typeof proposalBytes) => ({
    last_buffer_size: last,
    min_buffer_size: min,
    max_buffer_size: max,
  });
  return {
    version: fullVersion(report),
    read_only: report.mode === 'read-only',
    server_stats: {
      packets_sent: report.sent,
      packets_received: report.received,
      auth_failed_count:
        report.metrics.find(({ name }) => name === 'auth_failed_count')?.value ?? 0,
      client_response_stats: sizes(responseBytes),
      min_latency: latencyMs.min,
      avg_latency: latencyMs.avg,
      max_latency: latencyMs.max,
      outstanding_requests: report.outstanding,
      server_state: report.mode,
      num_alive_client_connections: report.connections.length,
      last_processed_zxid: report.zxid,
      log_dir_size: report.logBytes,
      data_dir_size: report.dataBytes,
      uptime: report.uptimeMs,
    },
    client_response: sizes(responseBytes),
    ...(report.mode === 'leader' && { proposal_stats: sizes(proposalBytes) }),
    node_count: report.nodeCount,
  };
}

/** `clientPort` is `client_port` here. */
function underscored([key, value]: [string, number | string]): [string, number | string] {
  return [key.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`), value];
}

function asObject(
  groups: readonly { readonly key: string | number; readonly values: readonly unknown[] }[],
): Record<string, readonly unknown[]> {
  return Object.fromEntries(groups.map(({ key, values }) => [key, values]));
}

function bySecurity(
  connections: readonly ConnectionReport[],
  body: (connection: ConnectionReport) => AdminBody,
) {
  return {
    connections: connections.filter(({ isSecure }) => !isSecure).map(body),
    secure_connections: connections.filter(({ isSecure }) => isSecure).map(body),
  };
}
