/** What changes nothing in the tree, answered from this member's own state. */
import { errorCatalogue, MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import type { Identity } from '../../../protocol/operations.ts';
import type { WatchTable, ZnodeState } from '../znodes/contract.ts';
import type { JuteReader, JuteWriter } from './jute.ts';
import { eventTypes, opcodes, specialXids } from './opcodes.ts';
import { endMulti, errorNumber, multiHeader, writeFailure } from './replies.ts';

export interface ReadContext {
  readonly state: ZnodeState;
  readonly session: SessionId;
  readonly identities: readonly Identity[];
  readonly watches: WatchTable;
  /** Sends a notification, before the reply that is being written. */
  readonly notify: (type: number, path: string) => void;
}

const ALL = Number.MAX_SAFE_INTEGER;

type Read = (reader: JuteReader, out: JuteWriter, context: ReadContext) => void;

/**
 * Each reads its request and writes the body of its reply. They throw MesozooError; what was written is dropped then.
 * Notifications of `setWatches` come before its reply, so it reads everything and looks before it writes.
 */
const reads: Readonly<Record<number, Read>> = {
  [opcodes.getData]: (reader, out, context) => {
    const path = reader.text();
    const isWatched = reader.bool();
    const { data, isNull, stat } = context.state.get(path, context.identities);
    if (isWatched) context.watches.add(context.session, 'data', path);
    out.buffer(isNull ? null : data);
    out.stat(stat);
  },
  [opcodes.exists]: (reader, out, context) => {
    const path = reader.text();
    const isWatched = reader.bool();
    // The one read that ZooKeeper looks for this; others find no znode there.
    if (path.includes('\0')) throw new MesozooError('BAD_REQUEST');
    const stat = context.state.exists(path);
    if (isWatched) context.watches.add(context.session, stat ? 'data' : 'exist', path);
    if (stat === undefined) throw new MesozooError('NO_NODE');
    out.stat(stat);
  },
  [opcodes.getChildren]: (reader, out, context) => {
    out.strings(children(reader, context).names);
  },
  [opcodes.getChildren2]: (reader, out, context) => {
    const { names, stat } = children(reader, context);
    out.strings(names);
    out.stat(stat);
  },
  [opcodes.getAcl]: (reader, out, { state, identities }) => {
    const { acl, stat } = state.acl(reader.text(), identities);
    out.acl(acl);
    out.stat(stat);
  },
  [opcodes.multiRead]: readMany,
  [opcodes.setWatches]: (reader, _out, context) => setWatches(reader, context, false),
  [opcodes.setWatches2]: (reader, _out, context) => setWatches(reader, context, true),
  [opcodes.addWatch]: (reader, out, context) => {
    const path = reader.string();
    const mode = reader.int();
    const kind = addModes[mode];
    if (kind === undefined) throw new MesozooError('MARSHALLING_ERROR', `no mode: ${mode}`);
    context.watches.add(context.session, kind, path);
    out.int(0);
  },
  [opcodes.checkWatches]: (reader, _out, { watches, session }) => {
    const { path, kind } = watcherOf(reader, reader.text());
    if (!watches.has(session, kind, path)) throw noWatcher();
  },
  [opcodes.removeWatches]: (reader, _out, { watches, session }) => {
    const { path, kind } = watcherOf(reader, reader.string());
    if (!watches.remove(session, kind, path)) throw noWatcher();
  },
  [opcodes.getEphemerals]: (reader, out, { state, session }) => {
    const prefix = reader.string();
    out.strings(
      state.ephemerals(session).filter((path) => prefix === '' || path.startsWith(prefix)),
    );
  },
  [opcodes.getAllChildrenNumber]: (reader, out, { state, identities }) => {
    const path = reader.text();
    if (!state.mayRead(path, identities)) throw new MesozooError('NO_AUTH');
    out.int(state.descendantCount(path));
  },
  [opcodes.whoAmI]: (_reader, out, { identities }) => {
    out.vector(identities, ({ scheme, id }) => {
      out.string(scheme);
      const colon = scheme === 'digest' ? id.indexOf(':') : -1;
      out.string(colon < 0 ? id : id.slice(0, colon));
    });
  },
  [opcodes.ping]: () => undefined,
};

export function isRead(type: number): boolean {
  return reads[type] !== undefined;
}

/** Writes the whole reply, whatever comes of it. */
export function answerRead(
  request: { readonly xid: number; readonly type: number },
  reader: JuteReader,
  out: JuteWriter,
  context: ReadContext,
): void {
  const { type } = request;
  const xid = type === opcodes.ping ? specialXids.ping : request.xid;
  const { zxid } = context.state;
  // Notifications come first, and are frames of their own: only their requests are read before the reply begins.
  const isWatchSetting = type === opcodes.setWatches || type === opcodes.setWatches2;
  try {
    if (isWatchSetting) reads[type]!(reader, out, context);
    out.reply(xid, zxid, 0);
    if (!isWatchSetting) reads[type]!(reader, out, context);
    out.end();
  } catch (error) {
    if (!(error instanceof MesozooError)) throw error;
    if (!isWatchSetting) out.drop();
    out.reply(xid, zxid, readErrorNumber(error));
    out.end();
  }
}

/** A path that can be none names no node to a reader (ZooKeeper looks into its map, and does not check). */
function readErrorNumber({ code }: MesozooError): number {
  return errorNumber(code === 'BAD_PATH' ? 'NO_NODE' : code);
}

function children(
  reader: JuteReader,
  { state, session, identities, watches }: ReadContext,
): ReturnType<ZnodeState['children']> {
  const path = reader.text();
  const isWatched = reader.bool();
  const found = state.children(path, identities, undefined, ALL);
  if (isWatched) watches.add(session, 'child', path);
  return found;
}

/** Results one by one, each with its own error. */
function readMany(reader: JuteReader, out: JuteWriter, context: ReadContext): void {
  for (;;) {
    const type = reader.int();
    const done = reader.bool();
    reader.int();
    if (done) break;
    if (type !== opcodes.getData && type !== opcodes.getChildren)
      throw new MesozooError('MARSHALLING_ERROR', `a multiRead has no read of type ${type}`);
    const start = out.length;
    try {
      multiHeader(out, type, false, 0);
      readOfMany(type, reader, out, context);
    } catch (error) {
      if (!(error instanceof MesozooError) || error.code === 'MARSHALLING_ERROR') throw error;
      out.length = start;
      writeFailure(out, readErrorNumber(error));
    }
  }
  endMulti(out);
}

/** Sets no watch, whatever the request says: as in ZooKeeper, whose clients never ask for one here. */
function readOfMany(type: number, reader: JuteReader, out: JuteWriter, context: ReadContext): void {
  const path = reader.text();
  reader.bool();
  if (type === opcodes.getData) {
    const { data, isNull, stat } = context.state.get(path, context.identities);
    out.buffer(isNull ? null : data);
    out.stat(stat);
  } else {
    out.strings(context.state.children(path, context.identities, undefined, ALL).names);
  }
}

/**
 * After a reconnect: what the client watches, as far as it has seen. What has changed since is told at once, the rest
 * is watched again (DataTree.setWatches).
 */
function setWatches(reader: JuteReader, context: ReadContext, hasPersistent: boolean): void {
  const { state, session, watches, notify } = context;
  const seenZxid = reader.long();
  const paths = () => reader.strings();
  const [data, exist, child] = [paths(), paths(), paths()];
  const [persistent, recursive] = hasPersistent ? [paths(), paths()] : [[], []];
  for (const path of data) {
    const stat = state.exists(path);
    if (stat === undefined) notify(eventTypes.deleted, path);
    else if (stat.mzxid > seenZxid) notify(eventTypes.dataChanged, path);
    else watches.add(session, 'data', path);
  }
  for (const path of exist) {
    if (state.exists(path) !== undefined) notify(eventTypes.created, path);
    else watches.add(session, 'exist', path);
  }
  for (const path of child) {
    const stat = state.exists(path);
    if (stat === undefined) notify(eventTypes.deleted, path);
    else if (stat.pzxid > seenZxid) notify(eventTypes.childrenChanged, path);
    else watches.add(session, 'child', path);
  }
  for (const path of persistent) watches.add(session, 'persistent', path);
  for (const path of recursive) watches.add(session, 'recursive', path);
}

const addModes = ['persistent', 'recursive'] as const;

/** Watcher.WatcherType. */
const watcherTypes = {
  1: 'child',
  2: 'data',
  3: 'any',
  4: 'persistent',
  5: 'recursive',
} as const;

function watcherOf(
  reader: JuteReader,
  path: string,
): {
  readonly path: string;
  readonly kind: (typeof watcherTypes)[keyof typeof watcherTypes];
} {
  const type = reader.int();
  const kind = (watcherTypes as Record<number, (typeof watcherTypes)[1 | 2 | 3 | 4 | 5]>)[type];
  if (kind === undefined) throw new MesozooError('MARSHALLING_ERROR', `no watcher: ${type}`);
  return { path, kind };
}

function noWatcher(): MesozooError {
  return new MesozooError('NO_WATCHER', errorCatalogue.NO_WATCHER.meaning);
}
