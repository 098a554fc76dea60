/** What a coord is started with, and its times. */
import type { MemberId, Slot } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { Gss, Http, Ports, Storage, Tcp, Transport } from '../actor.ts';
import type { PlantedBugs } from '../planted.ts';
import type { ProcessFacts } from './gateway/server-report.ts';
import type { GatewaySettings } from './gateway/settings.ts';
import type { Bootstrap } from './log/identity.ts';
import { SNAPSHOT_CHUNK_BYTES } from './log/snapshots.ts';
import type { Applied } from './znodes/contract.ts';

export type CoordPorts = Ports & {
  readonly storage: Storage;
  /** A second connection, for what is large. */
  readonly bulk: Transport;
  /** Absent where no client of ZooKeeper can connect. */
  readonly tcp?: Tcp;
  /** Absent where nobody can ask for its pages. */
  readonly http?: Http;
  /** Absent where no client proves itself with Kerberos. */
  readonly gss?: Gss | undefined;
};

export interface CoordOptions {
  /** Name of the cluster: the first token of every subject. */
  readonly cluster: string;
  readonly member: MemberId;
  /** Creates a cluster where the storage is empty; ignored where it already holds this one. */
  readonly bootstrap?: Bootstrap;
  /** `user:password` that guards the system's znodes. */
  readonly systemDigest: string;
  /** Where clients of ZooKeeper connect. */
  readonly zookeeper?: {
    readonly host: string;
    readonly port: number;
    readonly settings: GatewaySettings;
    readonly process: ProcessFacts;
    /** Names and passwords of SASL; absent where there are none. */
    readonly saslUsers?: ReadonlyMap<string, string> | undefined;
  };
  readonly timing?: Partial<CoordTiming>;
  readonly bounds?: Partial<CoordBounds>;
  readonly planted?: PlantedBugs;
  /** Told of every slot that this member applies, at a restart also of those that it applies again. */
  readonly observe?: { readonly applied: (slot: AppliedSlot) => void };
}

export interface AppliedSlot {
  readonly slot: Slot;
  /** An entry's bytes; a noop or a configuration as text. */
  readonly value: Uint8Array | string;
  readonly applied: readonly Applied[];
  /** Of the tree after it. */
  readonly digest: string;
}

export interface CoordTiming {
  readonly heartbeatMs: number;
  /** A follower that hears no leader for this long, plus up to as much again, begins an election. */
  readonly electionTimeoutMs: number;
  /** Accepts, prepares, forwards and questions without an answer are sent again after this long. */
  readonly resendMs: number;
  /** Deadlines, reports of sessions, expiry: everything that need not be prompt. */
  readonly housekeepingMs: number;
  /** Containers and nodes with a time to live that nobody needs any more are looked for this often. */
  readonly containerCheckIntervalMs: number;
  /** Without a leader for this long a member answers no pings: its clients move while their sessions live. */
  readonly contactPatienceMs: number;
  /** Without a leader for this long a member takes no new requests from the queue. */
  readonly withdrawAfterMs: number;
  /** A member that stops answers what is under way, but waits no longer than this. */
  readonly leavePatienceMs: number;
  /** Between two chunks of a snapshot. */
  readonly snapshotPauseMs: number;
  /** Without a piece of a snapshot for this long it is asked for again. */
  readonly transferTimeoutMs: number;
  /** Decided entries are applied this long at a stretch, then messages and timers have their turn. */
  readonly applyStretchMs: number;
}

/**
 * A follower must not begin an election because a loaded machine was late with a few heartbeats; a dead leader must
 * be replaced within a second, with everything that comes after its detection.
 */
export const defaultTiming: CoordTiming = {
  heartbeatMs: 50,
  electionTimeoutMs: 400,
  resendMs: 200,
  housekeepingMs: 200,
  containerCheckIntervalMs: 10_000,
  contactPatienceMs: 300,
  withdrawAfterMs: 1500,
  leavePatienceMs: 1000,
  snapshotPauseMs: 2,
  transferTimeoutMs: 1000,
  applyStretchMs: 20,
};

export interface CoordBounds {
  /** A segment of the log is sealed when it has grown to this. */
  readonly segmentBytes: number;
  /** Zeros that a segment is laid out with, ahead of its records. */
  readonly aheadBytes: number;
  /** A snapshot is taken after so many slots, or so many bytes of log (at least half as many as the last snapshot had). */
  readonly snapshotSlots: number;
  readonly snapshotLogBytes: number;
  /** Written, and read back, between two turns of everything else. */
  readonly snapshotChunkBytes: number;
  readonly slotsInFlight: number;
  /** With so many slots in flight, a small batch waits for company. */
  readonly slotsBeforeGathering: number;
  readonly gatheredOperations: number;
  /** Entries that the Paxos core keeps below the snapshot, for members who lag a little. */
  readonly keptSlots: number;
  /** Of decided values, beside those on disk. */
  readonly memoryBytes: number;
}

export const defaultBounds: CoordBounds = {
  segmentBytes: 32 * 1024 * 1024,
  aheadBytes: 256 * 1024,
  snapshotSlots: 100_000,
  snapshotLogBytes: 24 * 1024 * 1024,
  snapshotChunkBytes: SNAPSHOT_CHUNK_BYTES,
  slotsInFlight: limits.slotsInFlight,
  slotsBeforeGathering: 4,
  gatheredOperations: 256,
  keptSlots: 4096,
  memoryBytes: 2 * 1024 * 1024,
};
