/**
 * The bytes of results, as sessions remember them: small, because a session keeps many (replies.ts).
 *
 * Zxids are written as differences to the operation's own and times to the entry's: mostly one to four bytes.
 */
import { type ErrorBody, type ErrorCode, errorCatalogue } from '../../../protocol/errors.ts';
import type { SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import type { OperationResult, Stat } from '../../../protocol/operations.ts';
import { type ByteReader, type ByteWriter, unreadable } from './bytes.ts';

const codes = {
  created: 1,
  deleted: 2,
  stat: 3,
  checked: 4,
  multi: 5,
  error: 6,
  failedMulti: 7,
  session: 8,
  closed: 9,
} as const;

export interface Origin {
  readonly zxid: number;
  readonly wallMs: number;
}

export function writeResult(writer: ByteWriter, result: OperationResult, origin: Origin): void {
  switch (result.kind) {
    case 'created':
      writer.u8(codes.created);
      writer.string(result.path);
      writeStat(writer, result.stat, origin);
      return;
    case 'deleted':
      writer.u8(codes.deleted);
      return;
    case 'stat':
      writer.u8(codes.stat);
      writeStat(writer, result.stat, origin);
      return;
    case 'checked':
      writer.u8(codes.checked);
      return;
    case 'multi':
      writer.u8(codes.multi);
      writer.varuint(result.results.length);
      for (const inner of result.results) writeResult(writer, inner, origin);
      return;
    case 'error':
      if (result.failures === undefined) {
        writer.u8(codes.error);
      } else {
        writer.u8(codes.failedMulti);
        writer.varuint(result.failures.length);
        writer.varuint(result.failures.findIndex((failure) => failure !== undefined));
      }
      writeError(writer, result.error);
      return;
    case 'session':
      writer.u8(codes.session);
      writer.varuint(result.incarnation);
      writer.varuint(result.timeoutMs);
      writer.varuint(result.number);
      return;
    case 'closed':
      writer.u8(codes.closed);
      return;
    default:
      result satisfies never;
  }
}

/** Throws MesozooError BAD_REQUEST. */
export function readResult(reader: ByteReader, origin: Origin): OperationResult {
  const code = reader.u8();
  switch (code) {
    case codes.created:
      return { kind: 'created', path: reader.string(), stat: readStat(reader, origin) };
    case codes.deleted:
      return { kind: 'deleted' };
    case codes.stat:
      return { kind: 'stat', stat: readStat(reader, origin) };
    case codes.checked:
      return { kind: 'checked' };
    case codes.multi: {
      const count = reader.varuint();
      const results: OperationResult[] = [];
      for (let index = 0; index < count; index++) results.push(readResult(reader, origin));
      return { kind: 'multi', results };
    }
    case codes.error:
      return { kind: 'error', error: readError(reader) };
    case codes.failedMulti: {
      const count = reader.varuint();
      const bad = reader.varuint();
      return multiFailure(readError(reader), bad, count);
    }
    case codes.session:
      return {
        kind: 'session',
        incarnation: reader.varuint() as SessionIncarnation,
        timeoutMs: reader.varuint(),
        number: reader.varuint(),
      };
    case codes.closed:
      return { kind: 'closed' };
    default:
      throw unreadable(`there is no result of kind ${code}`);
  }
}

/** Operation `bad` of `count` failed: those before it have no error, those after it were not tried. */
export function multiFailure(error: ErrorBody, bad: number, count: number): OperationResult {
  const failures = Array.from({ length: count }, (_, index) => {
    if (index === bad) return error;
    return index < bad ? undefined : notTried;
  });
  return { kind: 'error', error, failures };
}

export function errorBody(code: ErrorCode, message?: string): ErrorBody {
  const { meaning, definite } = errorCatalogue[code];
  return { code, message: message ?? meaning, definite };
}

export function failure(
  code: ErrorCode,
  message?: string,
): { readonly kind: 'error'; readonly error: ErrorBody } {
  return { kind: 'error', error: errorBody(code, message) };
}

const notTried = errorBody('RUNTIME_INCONSISTENCY');

function writeStat(writer: ByteWriter, stat: Stat, origin: Origin): void {
  writer.varint(origin.zxid - stat.czxid);
  writer.varint(origin.zxid - stat.mzxid);
  writer.varint(origin.zxid - stat.pzxid);
  writer.varint(origin.wallMs - stat.ctimeMs);
  writer.varint(origin.wallMs - stat.mtimeMs);
  writer.varint(stat.version);
  writer.varint(stat.cversion);
  writer.varint(stat.aversion);
  writer.string(stat.ephemeralOwner);
  writer.varuint(stat.dataLength);
  writer.varuint(stat.numChildren);
}

function readStat(reader: ByteReader, origin: Origin): Stat {
  return {
    czxid: (origin.zxid - reader.varint()) as Zxid,
    mzxid: (origin.zxid - reader.varint()) as Zxid,
    pzxid: (origin.zxid - reader.varint()) as Zxid,
    ctimeMs: origin.wallMs - reader.varint(),
    mtimeMs: origin.wallMs - reader.varint(),
    version: reader.varint(),
    cversion: reader.varint(),
    aversion: reader.varint(),
    ephemeralOwner: reader.string() as SessionId | '',
    dataLength: reader.varuint(),
    numChildren: reader.varuint(),
  };
}

/** The catalogue's own words are not stored. */
function writeError(writer: ByteWriter, error: ErrorBody): void {
  writer.string(error.code);
  writer.string(error.message === errorCatalogue[error.code].meaning ? '' : error.message);
}

function readError(reader: ByteReader): ErrorBody {
  const code = reader.string();
  const message = reader.string();
  if (!(code in errorCatalogue)) throw unreadable(`there is no error ${code}`);
  return errorBody(code as ErrorCode, message === '' ? undefined : message);
}
