/** What the lanes of a session (writes, reads) need from the session, and how they take an answer. */
import { type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { ZnodeRequestName } from '../../../protocol/znode-api.ts';
import type { Logger } from '../../actor.ts';
import type { Answer } from './contract.ts';
import type { Requests } from './requests.ts';

export type Settle = (answer: Answer<Record<string, unknown>>) => void;

/** The session as a lane sees it: where to send now, and whom to tell. */
export interface LaneSession {
  readonly requests: Requests;
  readonly log: Logger;
  readonly resendMs: number;
  readonly payloadBytesMax: number;
  nowMs(): number;
  /** Subject of the holder for a request; undefined while no member holds the session. */
  subject(name: ZnodeRequestName): string | undefined;
  /** The request's bytes in this session. */
  encode(name: ZnodeRequestName, request: object, number?: number): Uint8Array;
  /** The quorum has answered a request that was sent at this time; called before the answer is told. */
  heard(sentAtMs: number, value: Record<string, unknown> | undefined): void;
  /** The holder has answered, but not for the quorum. */
  holderAnswered(): void;
  /** The holder is gone, or no longer holds the session, or says that it has expired. */
  holderLost(why: string): void;
}

/** Errors after which the same request may succeed at the same place a little later. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'NOT_LEADER',
  'TOO_MANY_REQUESTS',
  'TIMEOUT',
  'CONNECTION_LOST',
]);
const sessionGone: ReadonlySet<ErrorCode> = new Set(['SESSION_MOVED', 'SESSION_EXPIRED']);

export function isPassing(error: MesozooError): boolean {
  return passing.has(error.code);
}

export function saysSessionIsGone(error: MesozooError): boolean {
  return sessionGone.has(error.code);
}

export const RETRY_MIN_MS = 100;
/** More wait in the client: bounds what one member has to answer at one time. */
export const READS_ON_THE_WAY = 256;

/** 1×, 2×, then 4× the base. */
export function backoffMs(baseMs: number, tries: number): number {
  return baseMs * Math.min(4, 2 ** Math.max(0, tries - 1));
}

/** For a request that may have been carried out, whatever its code says otherwise. */
export class IndefiniteError extends MesozooError {
  override get definite(): boolean {
    return false;
  }
}
