/**
 * A session with the quorum, over NATS: what masters, agents, the command line and users' programs hold.
 *
 * Synchronous inside (callbacks); `promises.ts` is the thin façade for programs that await. The client numbers its
 * writes, keeps unanswered ones in order and sends them again to the next member after a reconnect, so that each is
 * applied once and answered with its own reply; it sets its watches again and fires those whose node has changed.
 */

import type { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { AclEntry, TreeEvent } from '../../../protocol/operations.ts';
import type {
  StatBody,
  ZnodeReplies,
  ZnodeRequest,
  ZnodeRequestName,
} from '../../../protocol/znode-api.ts';

export type Answer<Reply> =
  | { readonly ok: true; readonly value: Reply }
  | { readonly ok: false; readonly error: MesozooError };

export interface CoordClientOptions {
  readonly cluster: string;
  readonly timeoutMs: number;
  /** `user:password` for the scheme digest. */
  readonly digest?: string;
  /** After an expiry: open a new session by itself (watches and ephemerals are gone), or stay `expired` until `open` is called. */
  readonly reopen: boolean;
  readonly timing?: Partial<ClientTiming>;
}

/** All have defaults made from the session's timeout (timing.ts). */
export interface ClientTiming {
  readonly tickMs: number;
  /** Between pings while nothing else is asked. */
  readonly pingIntervalMs: number;
  /** An unanswered request older than this makes the client ask whether the holder still lives. */
  readonly probeAfterMs: number;
  /** Without a word from the holder for this long after a ping, the session is attached to another member. */
  readonly silenceMs: number;
  /** A holder that lives, but has not answered a request for this long, may be cut off from the quorum: left too. */
  readonly stuckMs: number;
  /** Before a request is sent again to the same holder; doubles up to four times this. */
  readonly resendMs: number;
  /** Between two tries to open or attach; doubles up to four times this. */
  readonly attachRetryMs: number;
}

/**
 * `connected`: a member holds the session. `suspended`: no member answers; the session may still be alive.
 * `expired`: the quorum has ended it; every waiting request was answered with SESSION_EXPIRED.
 * A client that hears nothing for the whole timeout does not assume expiry: only the quorum decides it.
 */
export type SessionState = 'closed' | 'connecting' | 'connected' | 'suspended' | 'expired';

export interface CoordClient {
  open(): void;
  close(done?: () => void): void;
  readonly state: SessionState;
  readonly session: SessionId | undefined;
  /** Monotonic time at which the last answered request was sent: `timeoutMs` after it, the session may have been given away. */
  readonly lastHeardMs: number;
  /** As asked for until the session is open, then as the quorum granted it. */
  readonly timeoutMs: number;
  /** Told at each change, until `stop`. */
  onState(handler: (state: SessionState) => void): { stop(): void };
  /**
   * Data in replies are bytes. Answered exactly once; never inside the call. Writes are applied and answered in the
   * order of the calls, and a read sees every write that was asked for before it. Waits while suspended: a write until the session
   * goes on or has expired, a read within `limits.requestDeadlineMs`. TOO_MANY_REQUESTS when too many wait.
   * With `watch`, the one event to come is told to `onEvent`, also across a change of the holder.
   */
  request<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
    done: (answer: Answer<ZnodeReplies[Name]>) => void,
  ): void;
  /**
   * Reads and watches: `handler` is called with the answer, and again after each change (a new read with a new watch),
   * until `stop`. For `children` all pages are read. A node that is not there is told as NO_NODE, and its creation is
   * waited for. Passing troubles are not told. Expiry is told as SESSION_EXPIRED; with `reopen` the following goes on
   * in the new session.
   */
  follow(
    kind: 'get' | 'exists' | 'children',
    path: string,
    handler: (answer: Answer<Followed>) => void,
  ): { stop(): void };
  onEvent(handler: (event: TreeEvent & { readonly zxid: Zxid }) => void): void;
}

export type Followed =
  | {
      readonly kind: 'get';
      readonly data: Uint8Array;
      readonly zxid: number;
      readonly version: number;
      readonly stat: StatBody;
    }
  | { readonly kind: 'exists'; readonly exists: boolean; readonly zxid: number }
  | { readonly kind: 'children'; readonly children: readonly string[]; readonly zxid: number };

export interface ElectionOptions {
  /** Persistent znode of the candidates; made where it is missing. */
  readonly parent: string;
  /** Of the candidates' names, for example `json.info_`. */
  readonly prefix: string;
  /** Of the candidate; anyone may do anything by default. */
  readonly acl?: readonly AclEntry[];
  /**
   * `mayLead` ends this long before the session may have been given away: 2 s by default, half the timeout at most. A
   * holder that is cut off from the quorum may go on answering for 1.1 s: twice its election timeout, and its patience.
   */
  readonly marginMs?: number;
}

/** Ephemeral sequential candidates under one parent: the lowest leads (ZooKeeper's leader election recipe). */
export interface Election {
  /**
   * Puts a candidate in. `elected` is told once when it leads; `deposed` once when the candidacy has ended without
   * `leave` (session expired or candidate gone), whether it led or not: enter again then.
   */
  enter(
    data: Uint8Array,
    handlers: {
      /** `czxid` of the candidate is the epoch. */
      elected(candidate: { readonly path: string; readonly czxid: Zxid }): void;
      deposed(): void;
    },
  ): void;
  leave(done?: () => void): void;
  /** Self-fencing: leads, and has heard from the quorum so lately that nobody else can lead yet. */
  mayLead(): boolean;
}

export interface Leader {
  readonly path: string;
  readonly data: Uint8Array;
  readonly czxid: Zxid;
}

/** Who leads: the data of the lowest candidate, followed. */
export interface LeaderWatch {
  stop(): void;
}
