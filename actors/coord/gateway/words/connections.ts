/** `cons`, and `dump`: who is connected, which sessions there are and what they own. */
import { javaDate } from './java-date.ts';
import {
  type ConnectionReport,
  groupBy,
  hex,
  type ServerReport,
  type SessionReport,
} from './report.ts';

export function connectionLine(connection: ConnectionReport, isFull: boolean): string {
  const { address, port, queued, received, sent, session } = connection;
  const shown = address.includes(':') ? `[${address}]` : address;
  const counts = `queued=${queued},recved=${received},sent=${sent}`;
  const state = session === undefined ? 0 : 1;
  const more = isFull && session !== undefined ? `,${sessionPart(session)}` : '';
  return ` /${shown}:${port}[${state}](${counts}${more})`;
}

function sessionPart(session: NonNullable<ConnectionReport['session']>): string {
  const { min, avg, max } = session.latencyMs;
  return [
    `sid=${hex(session.sessionId)}`,
    `lop=${session.lastOperation}`,
    `est=${session.establishedAtMs}`,
    `to=${session.timeoutMs}`,
    `lcxid=0x${(session.lastXid >>> 0).toString(16)}`,
    `lzxid=${hex(session.lastZxid)}`,
    `lresp=${session.lastResponseAtMs}`,
    `llat=${session.lastLatencyMs}`,
    `minlat=${min}`,
    // Of a connection ZooKeeper shows a whole number.
    `avglat=${Math.trunc(avg)}`,
    `maxlat=${max}`,
  ].join(',');
}

/** As the admin command `stats` shows it. */
export function briefConnectionBody(connection: ConnectionReport): Record<string, unknown> {
  return {
    remote_socket_address: `${connection.address}:${connection.port}`,
    interest_ops: 1,
    outstanding_requests: connection.queued,
    packets_received: connection.received,
    packets_sent: connection.sent,
  };
}

/** As the admin command `connections` shows it. */
export function connectionBody(connection: ConnectionReport): Record<string, unknown> {
  const { session } = connection;
  const brief = briefConnectionBody(connection);
  if (session === undefined) return brief;
  return {
    ...brief,
    session_id: session.sessionId,
    last_operation: session.lastOperation,
    established: session.establishedAtMs,
    session_timeout: session.timeoutMs,
    last_cxid: session.lastXid,
    last_zxid: session.lastZxid,
    last_response_time: session.lastResponseAtMs,
    last_latency: session.lastLatencyMs,
    min_latency: session.latencyMs.min,
    // Of a connection ZooKeeper shows a whole number.
    avg_latency: Math.trunc(session.latencyMs.avg),
    max_latency: session.latencyMs.max,
  };
}

function sessionsByExpiry(sessions: readonly SessionReport[]) {
  const sorted = [...sessions].sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  return groupBy(
    sorted,
    ({ expiresAtMs }) => expiresAtMs,
    ({ sessionId }) => hex(sessionId),
  );
}

export function sessionsDump({ sessions, connections }: ServerReport): string {
  const byExpiry = sessionsByExpiry(sessions);
  const owners = sessions.filter(({ ephemerals }) => ephemerals.length > 0);
  const connected = connections.filter(({ session }) => session !== undefined);
  const expiryOf = new Map(sessions.map(({ sessionId, expiresAtMs }) => [sessionId, expiresAtMs]));
  return [
    'SessionTracker dump:',
    `Session Sets (${byExpiry.length})/(${sessions.length}):`,
    ...byExpiry.flatMap(({ key, values }) => [
      `${values.length} expire at ${javaDate(key)}:`,
      ...values.map((sessionId) => `\t${sessionId}`),
    ]),
    'ephemeral nodes dump:',
    `Sessions with Ephemerals (${owners.length}):`,
    ...owners.flatMap(({ sessionId, ephemerals }) => [
      `${hex(sessionId)}:`,
      ...ephemerals.map((path) => `\t${path}`),
    ]),
    'Connections dump:',
    `Connections Sets (${connected.length})/(${connected.length}):`,
    ...connected.flatMap(({ address, port, session }) => {
      const sessionId = session?.sessionId ?? 0n;
      return [
        `1 expire at ${javaDate(expiryOf.get(sessionId) ?? 0)}:`,
        `\tip: /${address}:${port} sessionId: ${hex(sessionId)}`,
      ];
    }),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
