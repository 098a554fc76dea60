/**
 * Every request that clients send, as a value: its opcode, its fields for the eye, its bytes, and how the body of its
 * reply is read. Nothing is checked, so that wrong requests can be made as well as right ones.
 */
import { type JuteReader, JuteWriter } from './jute.ts';
import {
  type AclEntry,
  createFlags,
  openAcl,
  readAcl,
  readStat,
  type Stat,
  writeAcl,
} from './records.ts';

export interface Request<Reply = unknown> {
  readonly name: string;
  readonly opcode: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** Of a reply without an error. */
  readonly read: (reader: JuteReader) => Reply;
  /** When it is not the connection's next. */
  readonly xid?: number;
}

type Write = (writer: JuteWriter) => unknown;
const nothing = () => ({});

function request<Reply>(
  name: string,
  opcode: number,
  fields: Record<string, unknown>,
  write: Write,
  read: (reader: JuteReader) => Reply,
): Request<Reply> {
  const writer = new JuteWriter();
  write(writer);
  return { name, opcode, fields, body: writer.bytes(), read };
}

const readPath = (reader: JuteReader) => ({ path: reader.string() });
const readPathAndStat = (reader: JuteReader) => ({ path: reader.string(), stat: readStat(reader) });
const readStatAlone = (reader: JuteReader): { stat: Stat } => ({ stat: readStat(reader) });
/** No order is promised. */
const readNames = (reader: JuteReader) => reader.vector(() => reader.string())?.sort() ?? null;

export function text(data: Buffer | null): string | null {
  return data?.toString('utf8') ?? null;
}

// ── Changes ─────────────────────────────────────────────────────────────────────────────────────────────────

export interface CreateOptions {
  readonly data?: string | null;
  readonly acl?: readonly AclEntry[] | null;
  readonly flags?: number;
}

function creation<Reply>(
  name: string,
  opcode: number,
  path: string | null,
  options: CreateOptions & { ttlMs?: bigint },
  read: (reader: JuteReader) => Reply,
): Request<Reply> {
  const { data = '', acl = openAcl, flags = 0, ttlMs } = options;
  return request(
    name,
    opcode,
    { path, ...options },
    (writer) => {
      writer.string(path).buffer(data === null ? null : Buffer.from(data));
      writeAcl(writer, acl);
      writer.int(flags);
      if (ttlMs !== undefined) writer.long(ttlMs);
    },
    read,
  );
}

export const create = (path: string | null, options: CreateOptions = {}) =>
  creation('create', 1, path, options, readPath);
export const create2 = (path: string, options: CreateOptions = {}) =>
  creation('create2', 15, path, options, readPathAndStat);
export const createContainer = (path: string, options: CreateOptions = {}) =>
  creation(
    'createContainer',
    19,
    path,
    { flags: createFlags.container, ...options },
    readPathAndStat,
  );
export const createTtl = (path: string, ttlMs: bigint, options: CreateOptions = {}) =>
  creation('createTtl', 21, path, { flags: createFlags.ttl, ...options, ttlMs }, readPathAndStat);

/** `name` without a reply's body: delete, check, deleteContainer. */
const versioned = (name: string, opcode: number) => (path: string, version: number) =>
  request(name, opcode, { path, version }, (w) => w.string(path).int(version), nothing);
/** "delete" is a word of the language. */
export const remove = (path: string, version = -1) => versioned('delete', 2)(path, version);
export const check = (path: string, version = -1) => versioned('check', 13)(path, version);
export const deleteContainer = (path: string) =>
  request('deleteContainer', 20, { path }, (w) => w.string(path), nothing);

export const setData = (path: string, data: string | null, version = -1) =>
  request(
    'setData',
    5,
    { path, data, version },
    (w) =>
      w
        .string(path)
        .buffer(data === null ? null : Buffer.from(data))
        .int(version),
    readStatAlone,
  );

export const setAcl = (path: string, acl: readonly AclEntry[], version = -1) =>
  request(
    'setACL',
    7,
    { path, acl, version },
    (w) => {
      w.string(path);
      writeAcl(w, acl);
      w.int(version);
    },
    readStatAlone,
  );

export const reconfig = (fields: {
  joining?: string | null;
  leaving?: string | null;
  members?: string | null;
  fromConfig?: bigint;
}) =>
  request(
    'reconfig',
    16,
    fields,
    (w) =>
      w
        .string(fields.joining ?? null)
        .string(fields.leaving ?? null)
        .string(fields.members ?? null)
        .long(fields.fromConfig ?? -1n),
    (reader) => ({ data: text(reader.buffer()), stat: readStat(reader) }),
  );

// ── Reads ───────────────────────────────────────────────────────────────────────────────────────────────────

const watched = <Reply>(name: string, opcode: number, read: (reader: JuteReader) => Reply) => {
  return (path: string, watch = false) =>
    request(name, opcode, { path, watch }, (w) => w.string(path).bool(watch), read);
};
const ofPath = <Reply>(name: string, opcode: number, read: (reader: JuteReader) => Reply) => {
  return (path: string) => request(name, opcode, { path }, (w) => w.string(path), read);
};

export const exists = watched('exists', 3, readStatAlone);
export const getData = watched('getData', 4, (reader) => ({
  data: text(reader.buffer()),
  stat: readStat(reader),
}));
export const getChildren = watched('getChildren', 8, (reader) => ({ children: readNames(reader) }));
export const getChildren2 = watched('getChildren2', 12, (reader) => ({
  children: readNames(reader),
  stat: readStat(reader),
}));
export const getAcl = ofPath('getACL', 6, (reader) => ({
  acl: readAcl(reader),
  stat: readStat(reader),
}));
export const sync = ofPath('sync', 9, readPath);
export const getEphemerals = ofPath('getEphemerals', 103, (reader) => ({
  ephemerals: readNames(reader),
}));
export const getAllChildrenNumber = ofPath('getAllChildrenNumber', 104, (reader) => ({
  total: reader.int(),
}));
export const whoAmI = () =>
  request('whoAmI', 107, {}, nothing, (reader) => ({
    identities: reader.vector(() => ({ scheme: reader.string(), user: reader.string() })),
  }));

// ── Watches ─────────────────────────────────────────────────────────────────────────────────────────────────

export const watchModes = { persistent: 0, persistentRecursive: 1 } as const;
export const watcherTypes = {
  children: 1,
  data: 2,
  any: 3,
  persistent: 4,
  persistentRecursive: 5,
} as const;

export const addWatch = (path: string, mode: number) =>
  request(
    'addWatch',
    106,
    { path, mode },
    (w) => w.string(path).int(mode),
    (reader) => ({
      error: reader.int(),
    }),
  );
const ofWatcher = (name: string, opcode: number) => (path: string, watcherType: number) =>
  request(name, opcode, { path, watcherType }, (w) => w.string(path).int(watcherType), nothing);
export const checkWatches = ofWatcher('checkWatches', 17);
export const removeWatches = ofWatcher('removeWatches', 18);

export interface WatchedPaths {
  readonly data?: readonly string[];
  readonly exist?: readonly string[];
  readonly child?: readonly string[];
  readonly persistent?: readonly string[];
  readonly recursive?: readonly string[];
}

const SET_WATCHES_XID = -8;
export const setWatches = (relativeZxid: bigint, paths: WatchedPaths) => ({
  ...request('setWatches', 101, { ...paths }, (w) => threeLists(w, relativeZxid, paths), nothing),
  xid: SET_WATCHES_XID,
});
export const setWatches2 = (relativeZxid: bigint, paths: WatchedPaths) => ({
  ...request(
    'setWatches2',
    105,
    { ...paths },
    (w) =>
      threeLists(w, relativeZxid, paths)
        .strings(paths.persistent ?? [])
        .strings(paths.recursive ?? []),
    nothing,
  ),
  xid: SET_WATCHES_XID,
});
function threeLists(writer: JuteWriter, relativeZxid: bigint, paths: WatchedPaths): JuteWriter {
  return writer
    .long(relativeZxid)
    .strings(paths.data ?? [])
    .strings(paths.exist ?? [])
    .strings(paths.child ?? []);
}

// ── The session ─────────────────────────────────────────────────────────────────────────────────────────────

export const ping = () => ({ ...request('ping', 11, {}, nothing, nothing), xid: -2 });
export const closeSession = () => request('closeSession', -11, {}, nothing, nothing);
export const auth = (scheme: string, credentials: string) => ({
  ...request(
    'auth',
    100,
    { scheme, credentials },
    (w) => w.int(0).string(scheme).buffer(Buffer.from(credentials)),
    nothing,
  ),
  xid: -4,
});
/** Any opcode with any body, for what no client would send. */
export const bare = (opcode: number, body: Buffer = Buffer.alloc(0), name = 'bare'): Request => ({
  ...request(name, opcode, { opcode, body: body.toString('hex') }, (w) => w.raw(body), nothing),
});
