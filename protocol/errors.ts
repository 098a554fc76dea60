/**
 * The catalogue of errors: code, meaning, and whether the outcome is definite.
 * A definite error says that nothing was changed; after an indefinite one the write may have happened.
 * Those that ZooKeeper knows too carry its number (KeeperException.Code).
 */
export interface ErrorKind {
  readonly definite: boolean;
  readonly meaning: string;
  readonly zookeeper?: number;
}

export const errorCatalogue = {
  // requests
  BAD_REQUEST: {
    definite: true,
    meaning: 'the request is not readable or a field has a wrong type or value',
    zookeeper: -8,
  },
  UNKNOWN_FIELD: {
    definite: true,
    meaning: 'the request has a field that does not exist',
    zookeeper: -8,
  },
  PAYLOAD_TOO_LARGE: {
    definite: true,
    meaning: 'the request is larger than the limit',
    zookeeper: -8,
  },
  TOO_MANY_REQUESTS: { definite: true, meaning: 'a queue is full: send again later' },
  NOT_LEADER: { definite: true, meaning: 'this member or master does not lead: send again' },
  UNAVAILABLE: {
    definite: true,
    meaning: 'no majority of coords, or no leading master, at the moment',
  },
  TIMEOUT: {
    definite: false,
    meaning: 'no answer within the deadline: the request may have been carried out',
    zookeeper: -7,
  },
  CONNECTION_LOST: {
    definite: false,
    meaning: 'the connection broke before the answer: the request may have been carried out',
    zookeeper: -4,
  },
  INTERNAL: { definite: false, meaning: 'a fault of ours: see the log', zookeeper: -1 },
  // znodes
  NO_NODE: { definite: true, meaning: 'the znode does not exist', zookeeper: -101 },
  NO_AUTH: { definite: true, meaning: 'the ACL of the znode does not allow this', zookeeper: -102 },
  BAD_VERSION: { definite: true, meaning: 'the znode has another version', zookeeper: -103 },
  NO_CHILDREN_FOR_EPHEMERALS: {
    definite: true,
    meaning: 'an ephemeral znode cannot have children',
    zookeeper: -108,
  },
  NODE_EXISTS: { definite: true, meaning: 'the znode exists already', zookeeper: -110 },
  NOT_EMPTY: { definite: true, meaning: 'the znode has children', zookeeper: -111 },
  INVALID_ACL: {
    definite: true,
    meaning: 'the ACL is empty or has an unknown scheme, id or permission',
    zookeeper: -114,
  },
  QUOTA_EXCEEDED: {
    definite: true,
    meaning: 'a hard limit of the quota leaves no room for this',
    zookeeper: -125,
  },
  BAD_PATH: { definite: true, meaning: 'the path is not a legal znode path', zookeeper: -8 },
  RUNTIME_INCONSISTENCY: {
    definite: true,
    meaning: 'not tried, because an earlier operation of the multi failed',
    zookeeper: -2,
  },
  // sessions
  SESSION_EXPIRED: {
    definite: true,
    meaning: 'the session does not exist or has expired: open a new one',
    zookeeper: -112,
  },
  SESSION_MOVED: {
    definite: true,
    meaning: 'the session is attached to another member',
    zookeeper: -118,
  },
  SEQUENCE_GAP: {
    definite: true,
    meaning: 'an earlier write of the session is missing: send it again first',
  },
  REPLY_FORGOTTEN: {
    definite: false,
    meaning: 'the write was carried out, its reply is no longer kept',
  },
  AUTH_FAILED: { definite: true, meaning: 'the credentials are not valid', zookeeper: -115 },
  // what only ZooKeeper's clients ask
  MARSHALLING_ERROR: {
    definite: true,
    meaning: 'the bytes of the request are not what its type says',
    zookeeper: -5,
  },
  UNIMPLEMENTED: {
    definite: true,
    meaning: 'there is no such request, or it is switched off here',
    zookeeper: -6,
  },
  SESSION_REQUIRES_AUTH: {
    definite: true,
    meaning: 'the member serves only sessions that have proven who they are',
    zookeeper: -124,
  },
  NOT_READ_ONLY: {
    definite: true,
    meaning: 'the member has lost the quorum and serves reads alone: ask another one',
    zookeeper: -119,
  },
  RECONFIG_DISABLED: {
    definite: true,
    meaning: 'the members are changed only where zoo.cfg has reconfigEnabled',
    zookeeper: -123,
  },
  RECONFIG_IN_PROGRESS: {
    definite: true,
    meaning: 'the members are being changed already: send again',
    zookeeper: -14,
  },
  NEW_CONFIG_NO_QUORUM: {
    definite: true,
    meaning: 'not most of the new members, or not all that join, are connected and up to date',
    zookeeper: -13,
  },
  NO_WATCHER: { definite: true, meaning: 'there is no such watch', zookeeper: -121 },
  // tasks
  NO_TASK: { definite: true, meaning: 'there is no such task' },
  NO_DEPENDENCY: { definite: true, meaning: 'a task in dependsOn does not exist' },
  DEPENDENCY_CYCLE: { definite: true, meaning: 'the dependencies make a circle' },
  IDEMPOTENCY_CONFLICT: {
    definite: true,
    meaning: 'the idempotency key was used with a different request',
  },
  TASK_ENDED: { definite: true, meaning: 'the task has already ended' },
  NO_OUTPUT: { definite: true, meaning: 'the task has no output yet, or it has been cleared away' },
  // frameworks
  NO_FRAMEWORK: {
    definite: true,
    meaning: 'there is no such framework, or it was torn down: its id can never subscribe again',
  },
  NOT_SUBSCRIBED: {
    definite: true,
    meaning:
      'the stream id is not that of the present subscription: subscribe again under the same framework id',
  },
  FAILED_OVER: {
    definite: true,
    meaning: 'another instance of the framework has subscribed under its id since',
  },
  NO_REQUEST: { definite: true, meaning: 'no request of this id waits for resources' },
  // agents
  NO_AGENT: { definite: true, meaning: 'the agent is not registered' },
  LAUNCH_FAILED: { definite: true, meaning: 'the process could not be started' },
  // disks
  DISK_FULL: {
    definite: false,
    meaning: 'no space left on the device: free some and start the member again',
  },
  DISK_FAILED: { definite: false, meaning: 'a write or fdatasync failed: the member has stopped' },
  LOG_DAMAGED: { definite: false, meaning: 'a record that had been synced is damaged or missing' },
  STATE_DIVERGED: {
    definite: false,
    meaning:
      "the member's tree is not that of the majority: if it stops again, move its data away and start it empty",
  },
  WRONG_DATA_DIRECTORY: {
    definite: true,
    meaning: 'the data belong to another cluster, member or version',
  },
  // start
  PORT_TAKEN: { definite: true, meaning: 'the port is in use' },
  MISSING_PROGRAM: { definite: true, meaning: 'a program that is needed is not installed' },
  BAD_ARGUMENT: { definite: true, meaning: 'a command line argument is wrong' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;

/** The form in which an error travels: `{"error": {...}}`. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly definite: boolean;
}

export class MesozooError extends Error {
  override readonly name = 'MesozooError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: { cause?: unknown }) {
    super(message ?? errorCatalogue[code].meaning, options);
    this.code = code;
  }

  get definite(): boolean {
    return errorCatalogue[this.code].definite;
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, definite: this.definite };
  }

  static fromBody(body: ErrorBody): MesozooError {
    const code = body.code in errorCatalogue ? body.code : 'INTERNAL';
    return new MesozooError(code, body.message);
  }
}

/** A broken invariant is our bug: it stops the process (the host turns it into an exit with the log's last word). */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
