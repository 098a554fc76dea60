/**
 * A session with the quorum, over NATS: what masters, agents, the command line and users' programs hold.
 *
 * Synchronous inside (callbacks); `promises.ts` is the thin façade for programs that await. The client numbers its
 * writes, keeps unanswered ones in order and sends them again to the next member after a reconnect, so that each is
 * applied once and answered with its own reply; it sets its watches again and fires those whose node has changed.
 */

import type { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { TreeEvent } from '../../../protocol/operations.ts';
import type { ZnodeReplies, ZnodeRequest, ZnodeRequestName } from '../../../protocol/znode-api.ts';

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
  /** Monotonic time of the last answer from the quorum: `sessionTimeoutMs` after it, the session may have been given away. */
  readonly lastHeardMs: number;
  readonly timeoutMs: number;
  onState(handler: (state: SessionState) => void): void;
  /** Data in replies are bytes. Answered exactly once; never inside the call. Waits while suspended, within the deadline for reads. */
  request<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
    done: (answer: Answer<ZnodeReplies[Name]>) => void,
  ): void;
  /**
   * Reads and watches: `handler` is called with the answer, and again after each change (a new read with a new watch),
   * until `stop`. For `children` all pages are read.
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
    }
  | { readonly kind: 'exists'; readonly exists: boolean; readonly zxid: number }
  | { readonly kind: 'children'; readonly children: readonly string[]; readonly zxid: number };

/** Ephemeral sequential candidates under one parent: the lowest leads (ZooKeeper's leader election recipe). */
export interface Election {
  /** Puts a candidate in; told when it leads, and when that has ended (session expired or candidate gone). */
  enter(
    data: Uint8Array,
    handlers: {
      elected(candidate: { readonly path: string; readonly czxid: Zxid }): void;
      deposed(): void;
    },
  ): void;
  leave(done?: () => void): void;
}

/** Who leads: the data of the lowest candidate, followed. */
export interface LeaderWatch {
  stop(): void;
}
