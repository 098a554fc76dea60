/**
 * The bounds that users meet or that more than one file must agree on; what bounds a single file stands in it. Names
 * say the unit, where it is not a count.
 */
export const limits = {
  /** nats-server's `max_payload` in infra/nats.conf: no message may be larger. */
  natsPayloadBytes: 2 * 1024 * 1024,
  /** Values are cut well below the payload so that headers and framing always fit. */
  quorumMessageBytes: 1280 * 1024,
  /** A znode's data: more than fits into a frame of ZooKeeper's default jute.maxbuffer, which is the bound there. */
  znodeDataBytes: 1024 * 1024,
  /** As Linux bounds the paths of files: longer ones are mistakes, and paths stand in every message. */
  pathBytes: 4096,
  /** Each is looked at on every access. */
  aclEntries: 64,
  /** Of a multi over NATS, whose answer must fit a message. */
  multiOperations: 1000,
  /** Of a multi over TCP: more than fit into a frame of the default jute.maxbuffer, which is the bound there. */
  tcpMultiOperations: 60_000,
  /** Of any one operation: the largest data, with a path, an ACL and the identities of who asks. */
  multiBytes: 1152 * 1024,
  /** Operations gathered into one slot in one turn; a larger one has a slot to itself. */
  batchOperations: 4096,
  batchBytes: 640 * 1024,
  /** Slots proposed and not yet decided: bounds memory and what a new leader must re-propose. */
  slotsInFlight: 64,
  /** Operations that wait at a holder for a leader: beyond it requests are refused with TOO_MANY_REQUESTS. */
  operationsWaiting: 50_000,
  /** Bytes of them. */
  waitingBytes: 64 * 1024 * 1024,
  /** Writes of one session without an answer; also how many last replies the tree keeps for repeats. */
  sessionOutstanding: 1024,
  /** Bytes of those replies: only sessions with large multis reach it; the oldest replies are then forgotten first. */
  sessionReplyBytes: 2 * 1024 * 1024,
  /** Bytes of the replies of all sessions: above it the session that writes keeps only its last one. */
  replyBytes: 256 * 1024 * 1024,
  /** Sessions that the tree holds: beyond it openings are refused with TOO_MANY_REQUESTS. */
  sessions: 50_000,
  /** Openings and attachments of a session whose repeats the tree knows for what they are. */
  sessionBeginnings: 16,
  /** Requests of one session that wait in its client: beyond it they are refused with TOO_MANY_REQUESTS. */
  clientWaiting: 16_384,
  /** Data in them: what a client may hold for a quorum that does not answer. */
  clientWaitingBytes: 64 * 1024 * 1024,
  /** A shorter one would end sessions in an election; a longer one would keep dead clients' ephemeral znodes. */
  sessionTimeoutMinMs: 2_000,
  sessionTimeoutMaxMs: 60_000,
  sessionTimeoutDefaultMs: 10_000,
  watchesPerSession: 100_000,
  /** Names of children in one answer: cut below the payload, with `more`. */
  childrenPerPage: 10_000,
  /** Reads or pings that one member answers late rather than never. */
  requestDeadlineMs: 10_000,
  taskRequestBytes: 64 * 1024,
  /** A call of a framework: it may launch many tasks at once. */
  frameworkCallBytes: 512 * 1024,
  launchesPerAccept: 1000,
  /** Frameworks that the tree knows, and those that were torn down: their ids never subscribe again. */
  frameworks: 1000,
  /** Offers that one framework has not answered. */
  offersPerFramework: 10_000,
  /** Requests of one framework that wait for resources. */
  requestsPerFramework: 200_000,
  /** Tasks that wait or run at one time: bounds the master's memory. */
  tasksLive: 200_000,
  dependenciesPerTask: 256,
  /** Attempts that one agent knows: its registration lists them all, in one message, with the longest ids there are. */
  attemptsPerAgent: 2000,
  /** Resources above these are taken for a mistake in units. */
  cpusMax: 1_000_000,
  memMiBMax: 1_000_000_000,
  /** Linux' own default of fs.nr_open. */
  openFilesMax: 1_048_576,
  listPage: 500,
  /** History entries kept in a task's znode. */
  taskHistory: 32,
  outputChunkBytes: 64 * 1024,
  followLeaseMs: 10_000,
  inspectLeaseMs: 10_000,
  /** Leases that one process holds at a time: each is looked at when another begins or ends. */
  inspectLeases: 512,
  /** A request has four short fields. */
  inspectRequestBytes: 4096,
  /** Of one published inspection event: values are left out above it. */
  inspectEventBytes: 256 * 1024,
  /** Events that wait to be published: beyond it they are lost, and every actor is begun anew. */
  inspectWaiting: 20_000,
} as const;
