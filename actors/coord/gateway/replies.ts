/** Results of operations as ZooKeeper's clients read them. */
import { assert, type ErrorCode, errorCatalogue } from '../../../protocol/errors.ts';
import type { OperationResult } from '../../../protocol/operations.ts';
import type { JuteWriter } from './jute.ts';
import { opcodes } from './opcodes.ts';

/** KeeperException.Code.SystemError, for what ZooKeeper has no number for. */
const SYSTEM_ERROR = -1;

export function errorNumber(code: ErrorCode): number {
  const { zookeeper = SYSTEM_ERROR } = errorCatalogue[code] as { zookeeper?: number };
  return zookeeper;
}

/** `types`: of the operations of a multi. */
export function writeReply(
  out: JuteWriter,
  request: { readonly xid: number; readonly type: number; readonly types: readonly number[] },
  result: OperationResult,
  zxid: number,
): void {
  const { xid, type, types } = request;
  if (type === opcodes.multi) {
    writeMultiReply(out, xid, types, result, zxid);
    return;
  }
  if (result.kind === 'error') {
    out.reply(xid, zxid, errorNumber(result.error.code));
  } else {
    out.reply(xid, zxid, 0);
    writeBody(out, type, result);
  }
  out.end();
}

function writeBody(out: JuteWriter, type: number, result: OperationResult): void {
  switch (result.kind) {
    case 'created':
      out.string(result.path);
      if (type !== opcodes.create) out.stat(result.stat);
      return;
    case 'stat':
      out.stat(result.stat);
      return;
    case 'deleted':
    case 'checked':
      return;
    default:
      assert(false, `${result.kind} is no result of one write`);
  }
}

/** The header of a reply to a multi says 0 even when it failed: each result says its own. */
function writeMultiReply(
  out: JuteWriter,
  xid: number,
  types: readonly number[],
  result: OperationResult,
  zxid: number,
): void {
  if (result.kind === 'error' && result.failures === undefined) {
    out.reply(xid, zxid, errorNumber(result.error.code));
    out.end();
    return;
  }
  out.reply(xid, zxid, 0);
  types.forEach((type, index) => {
    if (result.kind === 'error') {
      const failure = result.failures?.[index];
      const error = failure === undefined ? 0 : errorNumber(failure.code);
      writeFailure(out, error);
    } else {
      assert(result.kind === 'multi', `${result.kind} is no result of a multi`);
      multiHeader(out, shownType(type), false, 0);
      writeBody(out, type, result.results[index]!);
    }
  });
  endMulti(out);
  out.end();
}

/** Clients know one type of result with a Stat. */
function shownType(type: number): number {
  const hasStat = type === opcodes.createContainer || type === opcodes.createTtl;
  return hasStat ? opcodes.create2 : type;
}

export function multiHeader(out: JuteWriter, type: number, done: boolean, error: number): void {
  out.int(type);
  out.bool(done);
  out.int(error);
}

/** ErrorResult, which says its error twice. */
export function writeFailure(out: JuteWriter, error: number): void {
  multiHeader(out, opcodes.error, false, error);
  out.int(error);
}

export function endMulti(out: JuteWriter): void {
  multiHeader(out, opcodes.error, true, -1);
}
