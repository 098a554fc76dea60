/**
 * The state machine: the znode tree and the sessions, changed by `apply` alone.
 *
 * `apply(entry)` is deterministic, failures included: time is in the entry, and members at the same slot hold equal
 * trees. Reads are local.
 */
import type { MemberId, SessionId, SessionIncarnation, Slot, Zxid } from '../../../protocol/ids.ts';
import type {
  AclEntry,
  Configuration,
  Identity,
  OperationResult,
  Stat,
  TreeEvent,
} from '../../../protocol/operations.ts';

/**
 * What became of one operation; the member that holds the session turns it into a reply. Bytes that are no operation
 * give an error for the session '' with number and tag 0.
 */
export interface Applied {
  readonly session: SessionId;
  readonly incarnation: SessionIncarnation;
  readonly number: number;
  readonly tag: number;
  /** Its own; of a repeat the one that it had then. */
  readonly zxid: Zxid;
  readonly result: OperationResult;
  /** A repeat of a write that was applied before: `result` is what it was then. */
  readonly repeat: boolean;
  /** In the order in which they happened; watchers must see them before the reply. */
  readonly events: readonly TreeEvent[];
  /** Sessions that this operation ended or moved (attach), whoever held them. */
  readonly ended?: {
    readonly session: SessionId;
    readonly why: 'closed' | 'expired' | 'moved';
    /** The one that is over. */
    readonly incarnation: SessionIncarnation;
  };
}

export interface ApplyListener {
  /** Whether anybody looks at the result of the operation with this tag: if not, that of what was carried out is `checked`. */
  isAsked(tag: number): boolean;
  /** After each operation, when reads see exactly what it has left. */
  applied(applied: Applied): void;
}

export interface SessionView {
  readonly id: SessionId;
  readonly incarnation: SessionIncarnation;
  readonly holder: MemberId;
  readonly timeoutMs: number;
  /** Last write number that was applied. */
  readonly number: number;
  readonly clientNumbered: boolean;
  readonly ephemeralCount: number;
  /** True for the sessions of members, which never expire. */
  readonly ofMember: boolean;
}

export interface ReadNode {
  readonly data: Uint8Array;
  /** They were written as null, and are no bytes. */
  readonly isNull: boolean;
  readonly stat: Stat;
}

export interface ZnodeState {
  /** The last zxid given. */
  readonly zxid: Zxid;
  readonly slot: Slot;
  /** In force after `slot`. */
  readonly configuration: Configuration;
  /** `entry` as `encodeEntry` makes it. Slots come in order, each once. */
  apply(slot: Slot, entry: Uint8Array): readonly Applied[];
  /** The same, told one by one. */
  applyEach(slot: Slot, entry: Uint8Array, listener: ApplyListener): void;
  /** A slot without operations: a noop or a configuration, which gives something when clients can see it. */
  applyOther(slot: Slot, configuration?: Configuration): Applied | undefined;

  /** Reads throw MesozooError: NO_NODE, NO_AUTH; BAD_PATH for what can be no path. */
  get(path: string, identities: readonly Identity[]): ReadNode;
  exists(path: string): Stat | undefined;
  /** Sorted in byte order; names after `after`, at most `limit`. The names are never to be written to. */
  children(
    path: string,
    identities: readonly Identity[],
    after?: string,
    limit?: number,
  ): { readonly names: readonly string[]; readonly stat: Stat; readonly more: boolean };
  acl(
    path: string,
    identities: readonly Identity[],
  ): { readonly acl: readonly AclEntry[]; readonly stat: Stat };

  session(id: SessionId): SessionView | undefined;
  sessions(): Iterable<SessionView>;
  /** Whether a client's session has this password; false for a session that is not known. */
  isPassword(id: SessionId, password: Uint8Array): boolean;
  readonly nodeCount: number;
  /** Of all paths and data, as ZooKeeper's `approximate_data_size` counts them. */
  readonly approximateBytes: number;
  /** Paths in byte order. */
  ephemerals(session: SessionId): readonly string[];
  /** Paths that `removeStale` would remove at this time, at most `limit`. */
  stale(wallMs: number, limit: number): readonly string[];
  /** All below a node, itself not counted. Throws NO_NODE, BAD_PATH. */
  descendantCount(path: string): number;
  /** True as well of a node that is not there: everybody may know that. */
  mayRead(path: string, identities: readonly Identity[]): boolean;

  /** Of everything that must be equal between members at the same slot; kept up incrementally: what has changed since it was asked for is hashed. */
  digest(): string;
  /**
   * The state as it is now, in chunks of at most `chunkBytes`, to be taken piece by piece while `apply` goes on:
   * what changes meanwhile is kept as it was for the chunks to come. One at a time: the next may begin when `next` has
   * given undefined or after `cancel`.
   */
  snapshot(chunkBytes: number): SnapshotReader;
}

export interface SnapshotReader {
  readonly slot: Slot;
  /**
   * Undefined at the end. A chunk may be empty, when a long stretch had nothing that belongs into the snapshot. Chunks
   * carry no checksums: who stores or sends them adds them.
   */
  next(): Uint8Array | undefined;
  /** Ends early; frees what was kept. */
  cancel(): void;
}

export interface ZnodeStateFactory {
  empty(configuration: Configuration, planted?: import('../../planted.ts').PlantedBugs): ZnodeState;
  /** Throws MesozooError LOG_DAMAGED when the chunks are not a whole snapshot. */
  restore(
    chunks: Iterable<Uint8Array>,
    planted?: import('../../planted.ts').PlantedBugs,
  ): ZnodeState;
  /** The same, a chunk at a time: a large tree takes seconds, in which a member has other things to do. */
  restoring(planted?: import('../../planted.ts').PlantedBugs): StateRestoration;
}

/** Throws MesozooError LOG_DAMAGED as soon as the chunks cannot be those of a snapshot; it is of no use from then on. */
export interface StateRestoration {
  /** The chunk must stay as it is. */
  take(chunk: Uint8Array): void;
  /** After the last chunk. */
  finish(): ZnodeState;
}

/** `data` and `exist` are one when they fire; both and `child` are gone when they have fired, the others stay. */
export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'recursive';
/** `data` covers `exist`. */
export type WatchRemoval = Exclude<WatchKind, 'exist'> | 'any';

/** Watches of the sessions that one member holds. */
export interface WatchTable {
  /** Throws MesozooError TOO_MANY_REQUESTS beyond `limits.watchesPerSession`. */
  add(session: SessionId, kind: WatchKind, path: string): void;
  /** False: there was no such watch. */
  remove(session: SessionId, kind: WatchRemoval, path: string): boolean;
  has(session: SessionId, kind: WatchKind | 'any', path: string): boolean;
  /**
   * Whom to tell, in order; each session once for each event; the one-shot watches that fired are gone, also those of
   * sessions that are not told since they could not read the node.
   */
  fire(
    event: TreeEvent,
    mayHear?: (session: SessionId, event: TreeEvent) => boolean,
  ): readonly SessionId[];
  removeSession(session: SessionId): void;
  count(session: SessionId): number;
  /** Of all sessions. */
  readonly total: number;
  paths(): Iterable<readonly [path: string, sessions: readonly SessionId[]]>;
  sessions(): Iterable<readonly [session: SessionId, paths: readonly string[]]>;
}
