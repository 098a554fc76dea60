/** A request whose turn has not come yet, and what can be told from its number. */
import { type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { OperationResult } from '../../../protocol/operations.ts';
import { JuteReader } from './jute.ts';
import { opcodes } from './opcodes.ts';
import { isWrite } from './requests.ts';

export interface Waiting {
  readonly xid: number;
  readonly type: number;
  /** Undefined for a write that is under way. */
  readonly frame: Buffer | undefined;
  readonly types: readonly number[];
  readonly sinceMs: number;
  /** The reply, in its turn. */
  readonly refused?: Extract<OperationResult, { kind: 'error' }>;
  /** The connection closes after its reply. */
  readonly isLast?: boolean;
  /** Of SASL: what the client is told; null is none. */
  readonly token?: Buffer | null;
}

export const NO_TYPES: readonly number[] = Object.freeze([]);
export const NO_FRAME = Buffer.alloc(0);
/** Of an answer to credentials, which stand outside the order of changes. */
export const NO_ZXID = 0;

export const failure = (code: ErrorCode) =>
  ({ kind: 'error', error: new MesozooError(code).toBody() }) as const;

/** Of a `sync`; undefined when it is not there. */
export function pathOf(frame: Buffer): string | undefined {
  try {
    return new JuteReader(frame, 8).string();
  } catch (error) {
    if (error instanceof MesozooError) return undefined;
    throw error;
  }
}

/** What has no answer at once, and holds back whatever comes behind it until then. */
export function isBarrier(type: number): boolean {
  return type === opcodes.sync || type === opcodes.closeSession || type === opcodes.reconfig;
}

/** What a member that only reads cannot do. */
export function needsQuorum(type: number): boolean {
  return isWrite(type) || type === opcodes.sync || type === opcodes.reconfig;
}

export function isOfSession(code: MesozooError['code']): boolean {
  return code === 'SESSION_EXPIRED' || code === 'SESSION_MOVED' || code === 'SEQUENCE_GAP';
}
