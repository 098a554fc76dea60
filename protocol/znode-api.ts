/**
 * The tree and sessions as NATS clients see them (public). Requests on `mz.znode.<name>` are for one call;
 * in a session the same requests, with `sessionId`, go to the holder's subject that `open` returned, followed by
 * `.<name>`. Data are a string (UTF-8) or, in MessagePack, bytes; `dataBase64` carries bytes in JSON.
 * Replies give `data` as a string where the bytes are UTF-8 and the form is JSON, else `dataBase64`; in MessagePack
 * always bytes in `data`. Data that a client of ZooKeeper has written as null read as no bytes.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { TTL_MS_MAX } from './operations.ts';

const path = z.string().min(1).max(limits.pathBytes);
const bytes = z.union([
  z.string(),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected a string or bytes'),
]);
const version = z.int().min(-1).max(2_147_483_647).default(-1);
const serverList = z.string().max(limits.znodeDataBytes).optional();
const aclEntry = z.strictObject({
  permissions: z.int().min(1).max(31),
  scheme: z.string().min(1).max(64),
  id: z.string().max(512),
});
const acl = z.array(aclEntry).min(1).max(limits.aclEntries);
/** `user:password` in clear for the scheme digest: it goes no further than the member that is asked. */
const auth = z
  .array(z.strictObject({ scheme: z.literal('digest'), auth: z.string().min(1).max(1024) }))
  .max(16);

/** In each request on the tree. */
const common = {
  sessionId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** The client's own number of this write (1, 2, …), in a session that was opened with `numbered`. */
  number: z.int().min(1).optional(),
  /** For a request without a session; a session's credentials are given when it is opened. */
  auth: auth.optional(),
};
const watch = z.boolean().default(false);
/**
 * Linearizable: the leader confirms its ballot with a majority after the request has arrived. By default true for a
 * request without a session, which any member may answer, and false in a session, which sees its own writes anyway;
 * false is the fast read of the state of the member that answers.
 */
const linearizable = z.boolean().optional();

const createFields = {
  path,
  data: bytes.optional(),
  dataBase64: z.base64().optional(),
  acl: acl.optional(),
  ephemeral: z.boolean().default(false),
  sequential: z.boolean().default(false),
  /** Goes by itself once it has had children and has none; neither ephemeral nor sequential, without `ttlMs`. */
  container: z.boolean().default(false),
  /** Goes by itself when it was not changed for so long and has no children; not ephemeral. */
  ttlMs: z.int().min(1).max(TTL_MS_MAX).optional(),
};
const setFields = { path, data: bytes.optional(), dataBase64: z.base64().optional(), version };
const deleteFields = { path, version };

export const multiOperation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), ...createFields }),
  z.strictObject({ op: z.literal('set'), ...setFields }),
  z.strictObject({ op: z.literal('delete'), ...deleteFields }),
  z.strictObject({ op: z.literal('check'), path, version }),
]);

/** Name of the request → its schema. The last token of the subject is the name. */
export const znodeRequests = {
  create: z.strictObject({ ...common, ...createFields }),
  get: z.strictObject({ ...common, path, watch, linearizable }),
  set: z.strictObject({ ...common, ...setFields }),
  delete: z.strictObject({ ...common, ...deleteFields }),
  exists: z.strictObject({ ...common, path, watch, linearizable }),
  /** In pages: names after `after`, in byte order. */
  children: z.strictObject({
    ...common,
    path,
    watch,
    linearizable,
    after: z.string().max(limits.pathBytes).optional(),
    limit: z.int().min(1).max(limits.childrenPerPage).default(limits.childrenPerPage),
  }),
  multi: z.strictObject({
    ...common,
    operations: z.array(multiOperation).max(limits.multiOperations),
  }),
  sync: z.strictObject({ ...common, path: path.default('/') }),
  'acl.get': z.strictObject({ ...common, path, linearizable }),
  'acl.set': z.strictObject({ ...common, path, acl, version }),
  /**
   * Other members, in ZooKeeper's words: either `joining` (`server.4=HOST:PORT:PORT;HOST:PORT`, commas between) and
   * `leaving` (numbers, commas between), or all `newMembers`; with none of them the same members get a new version.
   * `version` is the zxid of the members that are to be changed, as the data of /zookeeper/config and its mzxid tell
   * it; -1 for any.
   */
  reconfig: z.strictObject({
    ...common,
    joining: serverList,
    leaving: serverList,
    newMembers: serverList,
    version: z.int().min(-1).default(-1),
  }),
} as const;
export type ZnodeRequestName = keyof typeof znodeRequests;
export type ZnodeRequest<Name extends ZnodeRequestName> = z.input<(typeof znodeRequests)[Name]>;

export const sessionRequests = {
  open: z.strictObject({
    timeoutMs: z.int().min(1).max(86_400_000).default(limits.sessionTimeoutDefaultMs),
    /** Subject that watch events are published to; a client's own inbox. */
    eventsTo: z.string().min(1).max(256).optional(),
    auth: auth.optional(),
    /** The client numbers its writes, so that a repeat after a reconnect gets its own reply. */
    numbered: z.boolean().default(false),
    /** To attach an existing session to the member that answers. */
    sessionId: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .optional(),
    password: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .optional(),
  }),
  ping: z.strictObject({
    sessionId: z.string().regex(/^[0-9a-f]{16}$/),
    password: z.string().regex(/^[0-9a-f]{32}$/),
  }),
  close: z.strictObject({
    sessionId: z.string().regex(/^[0-9a-f]{16}$/),
    password: z.string().regex(/^[0-9a-f]{32}$/),
  }),
} as const;
/** Of `<holder>.ping`: who knows the holder's subject need not show the password. */
export const holderPing = sessionRequests.ping.omit({ password: true });

/**
 * Answers. Each also may be `{error}`. `zxid` is the write's own, or the last applied one for a read. In a session that
 * has `eventsTo`, each also has `events`, the number of the last event published to it (see SessionEvent): a client
 * that has not had that event knows before it shows the answer.
 */
export interface StatBody {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: string;
  readonly dataLength: number;
  readonly numChildren: number;
}
export interface ZnodeReplies {
  create: { path: string; stat: StatBody; zxid: number };
  get: { data?: string | Uint8Array; dataBase64?: string; stat: StatBody; zxid: number };
  set: { stat: StatBody; zxid: number };
  delete: { zxid: number };
  exists: { exists: boolean; stat?: StatBody; zxid: number };
  children: { children: string[]; stat: StatBody; more: boolean; zxid: number };
  multi: {
    results: (
      | { op: 'create'; path: string; stat: StatBody }
      | { op: 'set'; stat: StatBody }
      | { op: 'delete' }
      | { op: 'check' }
    )[];
    zxid: number;
  };
  sync: { zxid: number };
  'acl.get': {
    acl: { permissions: number; scheme: string; id: string }[];
    stat: StatBody;
    zxid: number;
  };
  'acl.set': { stat: StatBody; zxid: number };
  /** As `get` of /zookeeper/config: most of the new members have stored that they are. */
  reconfig: ZnodeReplies['get'];
}
export interface SessionReplies {
  /**
   * `holder`: subject prefix for the session's requests, a secret of its client, new with each attachment; `number`: last write taken, where the client numbers;
   * `events`: number after which the events of this holder go on (see SessionEvent).
   */
  open: {
    sessionId: string;
    password: string;
    timeoutMs: number;
    holder: string;
    member: number;
    incarnation: number;
    number: number;
    events: number;
  };
  /** `events`: number of the last event that was published to this session by its present holder (see SessionEvent). */
  ping: { zxid: number; events?: number };
  close: Record<string, never>;
}
/**
 * Published to `eventsTo`, in MessagePack or JSON as the session was opened. Events come before a reply that shows what
 * caused them. `number` counts the events of a session at one holder, one by one; answers tell the last one, and one that
 * was left out says that watches were lost: a client that has missed one reads again what it watches.
 */
export type SessionEvent =
  | {
      readonly event: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';
      readonly sessionId: string;
      readonly path: string;
      readonly zxid: number;
      readonly number?: number;
    }
  | { readonly event: 'expired' | 'moved'; readonly sessionId: string };
