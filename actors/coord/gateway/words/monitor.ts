/** The values of `mntr`, which the admin command `monitor` and Prometheus show too. */
import { average, type ServerReport } from './report.ts';

export interface MonitorValue {
  /** Without the prefix `zk_`. */
  readonly name: string;
  readonly value: number | string;
  readonly kind: 'counter' | 'gauge' | 'text';
  /** Has a fraction even when it is whole, as Java prints floating numbers. */
  readonly isFloating?: boolean;
}

export function monitorValues(report: ServerReport): readonly MonitorValue[] {
  const text = (name: string, value: string): MonitorValue => ({ name, value, kind: 'text' });
  const gauge = (name: string, value: number): MonitorValue => ({ name, value, kind: 'gauge' });
  const counter = (name: string, value: number): MonitorValue => ({ name, value, kind: 'counter' });
  const { connections, latencyMs, responseBytes } = report;
  return [
    text('version', fullVersion(report)),
    text('server_state', report.mode),
    gauge('ephemerals_count', report.ephemeralsCount),
    gauge('num_alive_connections', connections.length),
    { ...gauge('avg_latency', latencyMs.avg), isFloating: true },
    gauge('outstanding_requests', report.outstanding),
    gauge('znode_count', report.nodeCount),
    gauge('global_sessions', report.sessionCount),
    gauge('local_sessions', 0),
    gauge('last_client_response_size', responseBytes.last),
    counter('packets_sent', report.sent),
    counter('packets_received', report.received),
    gauge('max_client_response_size', responseBytes.max),
    gauge('min_client_response_size', responseBytes.min),
    gauge('watch_count', report.watchCount),
    gauge('min_latency', latencyMs.min),
    gauge('max_latency', latencyMs.max),
    gauge('max_file_descriptor_count', report.openFilesMax),
    gauge('open_file_descriptor_count', report.openFiles),
    gauge('approximate_data_size', report.approximateDataBytes),
    gauge('uptime', report.uptimeMs),
    ...quorumValues(report).map(([name, value]) => gauge(name, value)),
    ...report.metrics,
  ];
}

/** Those that ZooKeeper has in a quorum, and of them those of a leader. */
function quorumValues(report: ServerReport): (readonly [name: string, value: number])[] {
  if (report.mode === 'standalone' || report.mode === 'read-only') return [];
  const voters = report.members.filter(({ role }) => role === 'participant');
  const quorum = [['quorum_size', voters.length]] as const;
  if (report.mode !== 'leader') return [...quorum];
  const learners = report.members.filter(
    ({ id, isConnected }) => isConnected && id !== report.serverId,
  );
  const synced = learners.filter(({ isSynced }) => isSynced);
  const followers = synced.filter(({ role }) => role === 'participant').length;
  return [
    ...quorum,
    ['leader_uptime', report.uptimeMs],
    ['learners', learners.length],
    ['synced_followers', followers],
    ['synced_non_voting_followers', 0],
    ['synced_observers', synced.length - followers],
    ['pending_syncs', 0],
    ['last_proposal_size', report.proposalBytes.last],
    ['max_proposal_size', report.proposalBytes.max],
    ['min_proposal_size', report.proposalBytes.min],
  ];
}

/** As `mntr` has them: ZooKeeper's names for each number of a summary. */
export function summaryValues({ summaries }: ServerReport): readonly MonitorValue[] {
  return summaries.flatMap(({ name, count, sum, min, max, quantiles }) =>
    [
      { name: `avg_${name}`, value: count === 0 ? 0 : sum / count, isFloating: true },
      { name: `min_${name}`, value: min },
      { name: `max_${name}`, value: max },
      { name: `cnt_${name}`, value: count },
      { name: `sum_${name}`, value: sum },
      ...quantiles.map(({ quantile, value }) => ({
        name: `p${String(quantile).slice(2).padEnd(2, '0')}_${name}`,
        value,
      })),
    ].map((one) => ({ ...one, kind: 'gauge' as const })),
  );
}

export function shownValue({ value, isFloating }: MonitorValue): string {
  return isFloating === true ? average(value as number) : String(value);
}

export function fullVersion({ version, builtOn }: ServerReport): string {
  return `${version}, built on ${builtOn}`;
}
