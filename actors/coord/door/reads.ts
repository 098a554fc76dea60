/** Reads of the member's own state, and the watches that they set. */
import { assert, MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Identity } from '../../../protocol/operations.ts';
import type { ZnodeReplies, ZnodeRequestName } from '../../../protocol/znode-api.ts';
import type { WatchTable, ZnodeState } from '../znodes/contract.ts';
import type { AnyZnodeBody, ZnodeBody } from './validation.ts';

export interface Reader {
  readonly state: ZnodeState;
  readonly identities: readonly Identity[];
  /** Of the session that watches; undefined for a request without one. */
  readonly watcher: { readonly session: SessionId; readonly watches: WatchTable } | undefined;
}

export type ReadBody =
  | ReadGet
  | ZnodeReplies['exists']
  | ZnodeReplies['children']
  | ZnodeReplies['sync']
  | ZnodeReplies['acl.get'];

/** Data as they are: the answer's form decides how they are written. */
export interface ReadGet {
  readonly data: Uint8Array;
  readonly stat: ZnodeReplies['get']['stat'];
  readonly zxid: number;
}

/** Names in one answer: well below a message, whatever the form. */
const NAMES_BYTES_MAX = limits.quorumMessageBytes / 2;

/** Throws NO_NODE, NO_AUTH, TOO_MANY_REQUESTS (watches). */
export function read(name: ZnodeRequestName, body: AnyZnodeBody, reader: Reader): ReadBody {
  switch (name) {
    case 'get':
      return readData(body as ZnodeBody<'get'>, reader);
    case 'exists':
      return readExists(body as ZnodeBody<'exists'>, reader);
    case 'children':
      return readChildren(body as ZnodeBody<'children'>, reader);
    case 'acl.get': {
      const { path } = body as ZnodeBody<'acl.get'>;
      const { acl, stat } = reader.state.acl(path, reader.identities);
      return { acl: [...acl], stat, zxid: reader.state.zxid };
    }
    case 'sync':
      return { zxid: reader.state.zxid };
    default:
      assert(false, `${name} is no read`);
  }
}

function readData({ path, watch }: ZnodeBody<'get'>, reader: Reader): ReadGet {
  const { data, stat } = reader.state.get(path, reader.identities);
  if (watch) setWatch(reader, 'data', path);
  return { data, stat, zxid: reader.state.zxid };
}

function readExists({ path, watch }: ZnodeBody<'exists'>, reader: Reader): ZnodeReplies['exists'] {
  const stat = reader.state.exists(path);
  if (watch) setWatch(reader, stat === undefined ? 'exist' : 'data', path);
  const { zxid } = reader.state;
  return stat === undefined ? { exists: false, zxid } : { exists: true, stat, zxid };
}

function readChildren(
  { path, watch, after, limit }: ZnodeBody<'children'>,
  reader: Reader,
): ZnodeReplies['children'] {
  const page = reader.state.children(path, reader.identities, after, limit);
  if (watch) setWatch(reader, 'child', path);
  const count = countThatFits(page.names);
  return {
    children: page.names.slice(0, count),
    stat: page.stat,
    more: page.more || count < page.names.length,
    zxid: reader.state.zxid,
  };
}

function countThatFits(names: readonly string[]): number {
  let bytes = 0;
  for (let index = 0; index < names.length; index++) {
    bytes += Buffer.byteLength(names[index]!) + 8;
    if (bytes > NAMES_BYTES_MAX) return Math.max(1, index);
  }
  return names.length;
}

function setWatch(reader: Reader, kind: 'data' | 'exist' | 'child', path: string): void {
  if (reader.watcher === undefined) {
    throw new MesozooError('BAD_REQUEST', 'a watch needs a session: open one, and give sessionId');
  }
  reader.watcher.watches.add(reader.watcher.session, kind, path);
}
