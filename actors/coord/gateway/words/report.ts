/**
 * What a member tells about itself: everything that the four-letter words, the admin commands and the metrics show.
 * The gateway makes one when it is asked; those who turn it into text only read it.
 */

export interface ServerReport {
  /** `3.9.3-mesozoo-0.1.0`: clients take the numbers at the front for ZooKeeper's. */
  readonly version: string;
  /** `2026-11-25 06:00 UTC`. */
  readonly builtOn: string;
  /**
   * False without a quorum and without read-only mode, and after a start until this member knows what the quorum has
   * decided: most commands then say so, and nothing else.
   */
  readonly isServing: boolean;
  readonly mode: ServerMode;
  readonly serverId: number;
  readonly leaderId: number | undefined;
  /** As it is told to clients, for example `127.0.0.1`. */
  readonly leaderAddress: string | undefined;
  readonly members: readonly MemberReport[];

  readonly latencyMs: LatencyReport;
  readonly received: number;
  readonly sent: number;
  readonly outstanding: number;
  readonly zxid: bigint;
  /** Of what the leader proposed, or -1 each before the first. */
  readonly proposalBytes: SizeReport;
  readonly responseBytes: SizeReport;
  readonly connections: readonly ConnectionReport[];
  readonly sessions: readonly SessionReport[];
  readonly sessionCount: number;
  /** Those of this member's connections. */
  readonly watches: readonly WatchReport[];
  /** One for each session, path and kind. */
  readonly watchCount: number;

  readonly nodeCount: number;
  readonly ephemeralsCount: number;
  readonly approximateDataBytes: number;
  readonly dataDirectory: string;
  readonly dataBytes: number;
  readonly logBytes: number;
  /** That this member has saved, or had from another, since its start. */
  readonly lastSnapshot: { readonly zxid: number; readonly savedAtMs: number } | undefined;
  /** Newest last. */
  readonly digests: readonly { readonly zxid: bigint; readonly digest: bigint }[];

  readonly uptimeMs: number;
  readonly nowMs: number;
  readonly openFiles: number;
  readonly openFilesMax: number;
  /** `java.version`-like lines of `envi`, after the version: `host.name` and the rest, in this order. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly configuration: ConfigurationReport;
  /** The text of the zoo.cfg; empty when none was given. */
  readonly initialConfiguration: string;
  /** What `set_trace_mask` was told last: there is no tracing here that would look at it. */
  readonly traceMask: bigint;
  /** Whatever else is counted here, under ZooKeeper's names where it has one: `commit_count`, `fsynctime_sum`. */
  readonly metrics: readonly MetricReport[];
  readonly summaries: readonly SummaryReport[];
  /** What Prometheus is told beside them. */
  readonly series: readonly MetricReport[];
}

export type ServerMode = 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only';

export interface MemberReport {
  readonly id: number;
  readonly address: string;
  readonly clientPort: number;
  /** Between servers, as its `server.N` line has them; undefined for a member that has no such line. */
  readonly quorum:
    | { readonly host: string; readonly port: number; readonly electionPort: number }
    | undefined;
  readonly role: 'participant' | 'observer';
  /** As far as this member knows, as is what follows. */
  readonly isConnected: boolean;
  /** It is connected, and up to date. */
  readonly isSynced: boolean;
}

export interface LatencyReport {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
}

export interface SizeReport {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

export interface ConnectionReport {
  readonly address: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly queued: number;
  readonly received: number;
  readonly sent: number;
  /** undefined before the connect request, and for the connection of a four-letter word. */
  readonly session: ConnectedReport | undefined;
}

export interface ConnectedReport {
  readonly sessionId: bigint;
  readonly timeoutMs: number;
  readonly establishedAtMs: number;
  /** As ZooKeeper shortens it: `GETD`, `PING`, `NA` before the first. */
  readonly lastOperation: string;
  readonly lastXid: number;
  readonly lastZxid: bigint;
  readonly lastResponseAtMs: number;
  readonly lastLatencyMs: number;
  readonly latencyMs: LatencyReport;
}

export interface SessionReport {
  readonly sessionId: bigint;
  readonly timeoutMs: number;
  readonly expiresAtMs: number;
  readonly ephemerals: readonly string[];
}

export interface WatchReport {
  readonly sessionId: bigint;
  readonly path: string;
}

export interface ConfigurationReport {
  readonly clientPort: number;
  readonly secureClientPort: number | undefined;
  readonly tickTimeMs: number;
  readonly maxClientConnections: number;
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  readonly clientPortListenBacklog: number | undefined;
}

/** Of what was measured many times. */
export interface SummaryReport {
  readonly name: string;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Ascending. */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface MetricReport {
  readonly name: string;
  readonly value: number;
  readonly kind: 'counter' | 'gauge';
}

/** What ZooKeeper says in place of an answer. */
export const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

export const hex = (id: bigint) => `0x${BigInt.asUintN(64, id).toString(16)}`;

/** As Java's `BigDecimal` with four places: `0.0`, `3.8`, `0.3333`. */
export function average(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}

export interface Grouped<Key, Value> {
  readonly key: Key;
  readonly values: readonly Value[];
}

/** In the order in which the keys are first met; each value once. */
export function groupBy<Item, Key, Value>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
  valueFrom: (item: Item) => Value,
): readonly Grouped<Key, Value>[] {
  const groups = new Map<Key, Set<Value>>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, new Set([valueFrom(item)]));
    else group.add(valueFrom(item));
  }
  return [...groups].map(([key, values]) => ({ key, values: [...values] }));
}
