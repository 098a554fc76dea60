/** What this member tells about itself, gathered when it is asked. */
import type { MemberId, SessionId } from '../../../protocol/ids.ts';
import type { Clock } from '../../actor.ts';
import type { SessionView, ZnodeState } from '../znodes/contract.ts';
import type { ClientConnection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import type { GatewaySettings } from './settings.ts';
import type {
  ConnectionReport,
  MemberReport,
  MetricReport,
  ServerMode,
  ServerReport,
} from './words/report.ts';

/** What only the process knows. */
export interface ProcessFacts {
  readonly version: string;
  readonly builtOn: string;
  readonly dataDirectory: string;
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** The text of the zoo.cfg; empty when none was given. */
  readonly initialConfiguration: string;
  openFiles(): number;
  /** What the process takes of its machine, as Prometheus names it. */
  series(): readonly MetricReport[];
  readonly openFilesMax: number;
}

/** By what the member has lately said, if anything. */
export type Presence = Pick<MemberReport, 'isConnected' | 'isSynced'>;

/** What only the member behind the gateway knows. */
export interface MemberFacts {
  readonly role: string;
  readonly leader: MemberId | undefined;
  /** What the quorum had decided before this member's start is not all applied yet: clients that come have to wait. */
  readonly isCatchingUp: boolean;
  /** Those who vote. */
  readonly members: readonly MemberId[];
  readonly observers: readonly MemberId[];
  readonly presenceOf: (member: MemberId) => Presence;
  readonly lastSnapshot: ServerReport['lastSnapshot'];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export interface ReportOptions {
  readonly gateway: Gateway;
  readonly state: ZnodeState;
  readonly member: MemberId;
  readonly isServing: boolean;
  readonly facts: MemberFacts;
  readonly process: ProcessFacts;
  readonly settings: GatewaySettings;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly startedMs: number;
}

const NONE = -1;

export function serverReport(options: ReportOptions): ServerReport {
  const { gateway, state, member, facts, process, settings, host, port, clock } = options;
  const nowMs = clock.wallMs();
  // Until the members have told each other, only the own port is known.
  const addressOf = (id: MemberId) =>
    memberAddress(state, id) ?? {
      ...{ address: host, clientPort: id === member ? port : 0, quorum: undefined },
    };
  // What there may be a hundred thousand of is gathered for those who look at it: most want to know that all is well.
  const sessions = once(() => sessionsOf(state, nowMs));
  const watches = once(() =>
    [...gateway.watches.paths()].flatMap(([path, owners]) =>
      owners.map((session) => ({ sessionId: longOf(session), path })),
    ),
  );
  const clients = [...clientSessions(state)];
  const bytesOf = (isSnapshot: boolean) =>
    facts.files
      .filter(({ name }) => name.startsWith('snapshot') === isSnapshot)
      .reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    version: process.version,
    builtOn: process.builtOn,
    isServing: options.isServing && !facts.isCatchingUp,
    mode: modeOf(facts, member),
    serverId: member,
    leaderId: facts.leader,
    leaderAddress: facts.leader === undefined ? undefined : addressOf(facts.leader).address,
    members: [
      ...facts.members.map((id) => ({ id, role: 'participant' as const })),
      ...facts.observers.map((id) => ({ id, role: 'observer' as const })),
    ]
      .sort((one, other) => one.id - other.id)
      .map(({ id, role }) => ({ id, role, ...addressOf(id), ...facts.presenceOf(id) })),
    latencyMs: gateway.latencyMs.report(),
    received: gateway.received,
    sent: gateway.sent,
    outstanding: gateway.outstanding,
    zxid: BigInt(state.zxid),
    proposalBytes: { last: NONE, min: NONE, max: NONE },
    responseBytes: gateway.responseBytes.report(NONE),
    connections: [...gateway.connections].map((connection) => connectionReport(connection, nowMs)),
    get sessions() {
      return sessions();
    },
    sessionCount: clients.length,
    get watches() {
      return watches();
    },
    watchCount: gateway.watches.total,
    nodeCount: state.nodeCount,
    ephemeralsCount: clients.reduce((sum, { ephemeralCount }) => sum + ephemeralCount, 0),
    approximateDataBytes: state.approximateBytes,
    dataDirectory: process.dataDirectory,
    dataBytes: bytesOf(true),
    logBytes: bytesOf(false),
    lastSnapshot: facts.lastSnapshot,
    digests: gateway.digests.entries,
    uptimeMs: Math.round(clock.monotonicMs() - options.startedMs),
    nowMs,
    openFiles: process.openFiles(),
    openFilesMax: process.openFilesMax,
    environment: process.environment,
    configuration: {
      clientPort: port,
      secureClientPort: settings.secure?.port,
      tickTimeMs: settings.tickTimeMs,
      maxClientConnections: settings.maxClientConnections,
      sessionTimeoutMinMs: settings.sessionTimeoutMinMs,
      sessionTimeoutMaxMs: settings.sessionTimeoutMaxMs,
      clientPortListenBacklog: settings.clientPortListenBacklog,
    },
    initialConfiguration: process.initialConfiguration,
    traceMask: gateway.traceMask,
    metrics: gateway.counts.report(),
    summaries: gateway.counts.summaries(),
    series: process.series(),
  };
}

/** As the configuration says; by the name between servers where clients may use any. */
function memberAddress({ configuration }: ZnodeState, id: MemberId) {
  const { members, observers = [] } = configuration;
  const text = [...members, ...observers].find((one) => one.id === id)?.address;
  const parts = /^(.+):(\d+):(\d+);(.+):(\d+)$/.exec(text ?? '');
  if (parts === null) return undefined;
  const [, host = '', port, electionPort, client = '', clientPort] = parts;
  return {
    address: client === '0.0.0.0' ? host : client,
    clientPort: Number(clientPort),
    quorum: { host, port: Number(port), electionPort: Number(electionPort) },
  };
}

function modeOf({ role, leader, members, observers }: MemberFacts, own: MemberId): ServerMode {
  if (leader === undefined) return 'read-only';
  if (observers.includes(own)) return 'observer';
  if (members.length === 1 && observers.length === 0) return 'standalone';
  return role === 'leading' ? 'leader' : 'follower';
}

/** When they expire is the leader's to say: this is the latest moment, for one that was heard of just now. */
function sessionsOf(state: ZnodeState, nowMs: number): ServerReport['sessions'] {
  return [...clientSessions(state)].map(({ id, timeoutMs }) => ({
    sessionId: longOf(id),
    timeoutMs,
    expiresAtMs: nowMs + timeoutMs,
    ephemerals: state.ephemerals(id),
  }));
}

function* clientSessions(state: ZnodeState): Iterable<SessionView> {
  for (const session of state.sessions()) if (!session.ofMember) yield session;
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function connectionReport(connection: ClientConnection, nowMs: number): ConnectionReport {
  const { tcp } = connection.options;
  const { session, statistics } = connection;
  const { latencyMs, last, received, sent, establishedMs } = statistics;
  const wallOf = (monotonicMs: number) =>
    Math.round(nowMs - (connection.options.clock.monotonicMs() - monotonicMs));
  return {
    address: tcp.remoteAddress,
    port: tcp.remotePort,
    isSecure: tcp.isSecure,
    queued: connection.outstanding,
    received,
    sent,
    session:
      session === ''
        ? undefined
        : {
            sessionId: longOf(session),
            timeoutMs: connection.timeoutMs,
            establishedAtMs: wallOf(establishedMs),
            lastOperation: shortNames[last.type] ?? 'NA',
            lastXid: last.xid,
            lastZxid: BigInt(last.zxid),
            lastResponseAtMs: Math.round(last.atMs),
            lastLatencyMs: Math.max(0, latencyMs.last),
            latencyMs: latencyMs.report(),
          },
  };
}

function longOf(session: SessionId): bigint {
  return BigInt.asIntN(64, BigInt(`0x${session}`));
}

/** As `Request.op2String` shortens them for `cons`. */
const shortNames: Readonly<Record<number, string>> = {
  1: 'CREA',
  2: 'DELE',
  3: 'EXIS',
  4: 'GETD',
  5: 'SETD',
  6: 'GETA',
  7: 'SETA',
  8: 'GETC',
  9: 'SYNC',
  11: 'PING',
  12: 'GETC',
  14: 'MULT',
  15: 'CREA',
  19: 'CREA',
  21: 'CREA',
  22: 'MULR',
  101: 'SETW',
  105: 'SETW',
  106: 'ADDW',
};
