/**
 * What the replicated log carries: operations on the znode tree and on sessions, gathered into entries.
 *
 * An operation is encoded once, where it enters (at the member that holds the session), and decoded by `apply`
 * only. An entry is what one slot holds: the leader's wall time and the operations' bytes, one after another.
 */

import type { ErrorBody } from './errors.ts';
import type { DiskId, MemberId, SessionId, SessionIncarnation, Zxid } from './ids.ts';

export const permissions = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/**
 * As ZooKeeper stores it: scheme `world` with id `anyone`, `digest` with `user:base64(SHA1("user:password"))`, `ip` with
 * an address or address/bits, `x509` with a distinguished name, `sasl` with a principal.
 */
export interface AclEntry {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}

/**
 * Who asks: identities proven to the member that holds the session, for example `digest` `user:hash`. The scheme
 * `super` passes every check.
 */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** ZooKeeper's Stat; times are wall milliseconds, `ephemeralOwner` is '' for what is not ephemeral. */
export interface Stat {
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly pzxid: Zxid;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: SessionId | '';
  readonly dataLength: number;
  readonly numChildren: number;
}

/** 40 bits, as in ZooKeeper. */
export const TTL_MS_MAX = 0xff_ffff_ffff;

export type ZnodeOperation =
  | {
      readonly kind: 'create';
      readonly path: string;
      /** Null, which only ZooKeeper's clients can say, is kept and read back as null. */
      readonly data: Uint8Array | null;
      readonly acl: readonly AclEntry[];
      readonly ephemeral: boolean;
      /** The parent's counter is appended to the path as %010d. */
      readonly sequential: boolean;
      /** Goes by itself once it has had children and has none. Neither ephemeral, sequential nor with a `ttlMs`. */
      readonly container?: boolean;
      /** 1 to `TTL_MS_MAX`: it goes by itself when it was not changed for so long and has no children. Not ephemeral. */
      readonly ttlMs?: number;
      /** Refused with QUOTA_EXCEEDED where a hard limit leaves no room; as long as it is not set, limits refuse nothing. */
      readonly enforceQuota?: boolean;
    }
  | { readonly kind: 'delete'; readonly path: string /** -1: any */; readonly version: number }
  | {
      readonly kind: 'set';
      readonly path: string;
      /** As for `create`. */
      readonly data: Uint8Array | null;
      readonly version: number;
      /** As for `create`. */
      readonly enforceQuota?: boolean;
    }
  | { readonly kind: 'check'; readonly path: string; readonly version: number }
  | {
      readonly kind: 'setAcl';
      readonly path: string;
      readonly acl: readonly AclEntry[];
      readonly aversion: number;
    }
  /** Of the leader: a container or a node with a `ttlMs` that is no longer needed goes; any other node stays (`checked`). */
  | { readonly kind: 'removeStale'; readonly path: string };

/** A write of a session: `apply` takes exactly the number after the last one of this incarnation. */
export type WriteOperation =
  | ZnodeOperation
  /** All or nothing, one zxid. */
  | { readonly kind: 'multi'; readonly operations: readonly ZnodeOperation[] };

/**
 * Operations on sessions. Numbers begin anew at 1 with each incarnation for a session whose holder numbers the
 * writes; a session whose client numbers them (`clientNumbered`) goes on across incarnations.
 */
export type SessionOperation =
  | {
      readonly kind: 'openSession';
      readonly password: Uint8Array;
      readonly timeoutMs: number;
      readonly holder: MemberId;
      readonly clientNumbered: boolean;
    }
  /** Attaches to another (or the same) member: incarnation + 1. Refused with SESSION_EXPIRED for a wrong password. */
  | {
      readonly kind: 'attachSession';
      readonly password: Uint8Array;
      readonly timeoutMs: number;
      readonly holder: MemberId;
    }
  /** `incarnation` of the envelope must be the session's own; of a client, or of the leader when it has expired. */
  | { readonly kind: 'closeSession'; readonly expired: boolean }
  /** The session of a member itself, for requests without a session: made or given a new incarnation; never expires. */
  | { readonly kind: 'memberSession'; readonly holder: MemberId };

export interface Operation {
  readonly session: SessionId;
  /** 0 for openSession, attachSession and memberSession, which begin an incarnation. */
  readonly incarnation: SessionIncarnation;
  /** 1, 2, … for writes; 0 for session operations. */
  readonly number: number;
  /** Tells the holder which of its requests this was; for session operations it stands in for the number. Random, 0..2^32-1. */
  readonly tag: number;
  readonly identities: readonly Identity[];
  readonly body: WriteOperation | SessionOperation;
}

export type OperationResult =
  | { readonly kind: 'created'; readonly path: string; readonly stat: Stat }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'stat'; readonly stat: Stat }
  | { readonly kind: 'checked' }
  | { readonly kind: 'multi'; readonly results: readonly OperationResult[] }
  /** A failed multi: each operation's own error, RUNTIME_INCONSISTENCY for those after the bad one, undefined before it. */
  | {
      readonly kind: 'error';
      readonly error: ErrorBody;
      readonly failures?: readonly (ErrorBody | undefined)[];
    }
  | {
      readonly kind: 'session';
      readonly incarnation: SessionIncarnation;
      readonly timeoutMs: number /** last write number taken */;
      readonly number: number;
    }
  | { readonly kind: 'closed' };

/** What happened to a path, before it is known who watches it. */
export interface TreeEvent {
  readonly type: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';
  readonly path: string;
  /** Of the node when it happened, where not everybody may read it: who may not is not told. */
  readonly acl?: readonly AclEntry[];
}

/** Who votes. An entry of its own; `disk` is what makes a vote of an emptied disk void. */
export interface QuorumMember {
  readonly id: MemberId;
  readonly disk: DiskId;
  /** What ZooKeeper's clients are told of it, as `HOST:2888:3888;HOST:PORT`; absent while nobody knows it. */
  readonly address?: string;
}
/** Learns and serves without a vote: so its disk, which may be emptied at any time, is of no account. */
export interface QuorumObserver {
  readonly id: MemberId;
  /** As of a member. */
  readonly address?: string;
}
export interface Configuration {
  readonly members: readonly QuorumMember[];
  /** Absent where there are none. None of them is a member. */
  readonly observers?: readonly QuorumObserver[];
  /** When it was proposed, of one that clients are told; not kept beyond the entry. */
  readonly wallMs?: number;
  /** The request that asked for it, which its asker knows it by; not kept beyond the entry. */
  readonly request?: string;
}
