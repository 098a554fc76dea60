/**
 * The contract of every actor, and the ports through which it reaches the world.
 *
 * An actor is synchronous: messages, timers, finished saves and ended processes arrive as calls of the handlers
 * that it gave to its ports; nothing is awaited. The host (host.ts) runs all of them one after another, in a
 * mailbox, and calls `endTurn` once after each batch, so that what has gathered is proposed, saved and sent once.
 * The same actors run over `runtime/` (the real world) and `simulation/` (a virtual, seeded one).
 */
import type { z } from 'zod';
import type { ErrorBody } from '../protocol/errors.ts';
import type { Inspection } from './inspection.ts';

export interface Actor {
  /** Called once, before any input. */
  start(): void;
  /** Called after every batch of inputs. */
  endTurn(): void;
  /** Ends in good order (withdraw endpoints, close sessions, kill tasks); calls `done` when the ports are no longer needed. */
  stop(done: () => void): void;
}

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly log: Logger;
  /** Absent where nobody can ask. */
  readonly inspection?: Inspection | undefined;
}

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back. For everything that measures or waits. */
  monotonicMs(): number;
  /** Milliseconds since 1970, for people and for `ctime`; may jump. */
  wallMs(): number;
  after(delayMs: number, handler: () => void): Timer;
}

export interface Random {
  /** In [0, 1). */
  next(): number;
  bytes(count: number): Uint8Array;
}

/** Events, not prose: one short constant message, and fields. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  child(fields: Record<string, unknown>): Logger;
}

// ── Transport: NATS ─────────────────────────────────────────────────────────────────────────────────────────

export interface Delivery {
  readonly subject: string;
  /** Valid after the handler has returned as well; never written to. */
  readonly payload: Uint8Array;
  /** Where an answer is expected; absent for a plain publish. */
  readonly reply?: string;
  /** NATS' own status of an answer without payload; 503: nobody listens on the subject that was asked ("no responders"). */
  readonly status?: number;
}

export interface Subscription {
  /** At once: what has been sent to it and was not handed over yet is dropped. */
  unsubscribe(): void;
  /**
   * Nothing new is sent to it, but what was sent before is still handed over. `drained` is called once, never inside the
   * call, when that has happened, or when the connection breaks and takes with it what was under way; never after
   * `unsubscribe`. For a queue, whose messages nobody else gets.
   */
  drain(drained: () => void): void;
}

export interface Endpoint {
  /** NATS service that the endpoint belongs to (`$SRV.INFO.<service>`), for example `mesozoo-tasks`. */
  readonly service: string;
  /** Name within the service: letters, digits, `-` and `_`. */
  readonly name: string;
  readonly subject: string;
  /** Members of one queue share the requests. A leader's endpoint has a queue of its own. */
  readonly queue: string;
  readonly description?: string;
  /** What a request must be: shown as JSON Schema to those who ask `$SRV.INFO`. Checking it is the actor's own. */
  readonly schema?: z.ZodType;
}

/**
 * Publish and subscribe as NATS does it: at most once. Messages between one publisher and one subscriber keep
 * their order while both stay connected; any may be lost, and after a reconnect some may come twice.
 */
export interface Transport {
  /** Subject prefix (without a final dot) under which only this actor may listen. Unique to this connection. */
  readonly inbox: string;
  readonly maxPayloadBytes: number;
  /** Never throws for a lost connection: the message is then lost or sent later, as NATS does. Throws PAYLOAD_TOO_LARGE. */
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  subscribe(
    subject: string,
    handler: (delivery: Delivery) => void,
    options?: { queue?: string },
  ): Subscription;
  /** Offers an endpoint as a NATS service, visible to `$SRV.PING`, `INFO` and `STATS`; `unsubscribe` and `drain` withdraw it. */
  serve(endpoint: Endpoint, handler: (delivery: Delivery) => void): Subscription;
  isConnected(): boolean;
  /** Told at each change. */
  onConnection(handler: (connected: boolean) => void): void;
}

export interface PublishOptions {
  readonly reply?: string;
  /** Also sets `Nats-Service-Error` and `Nats-Service-Error-Code`. */
  readonly error?: ErrorBody;
}

// ── Storage: files of one actor ─────────────────────────────────────────────────────────────────────────────

export interface StorageFailure {
  readonly code: 'DISK_FULL' | 'DISK_FAILED';
  readonly message: string;
}
export type Saved = (failure?: StorageFailure) => void;

/**
 * Named files in one directory (names have no slash). Reads are synchronous and meant for start and recovery, and
 * for small pieces later. Writes are carried out in the order of the calls; `saved` is called when the data are on
 * disk (after `fdatasync`), never inside the call. After a crash any suffix of what was not yet `saved` may be
 * missing or torn. After a failure nothing more is written to any file, and everything fails with it: a failed sync
 * is never repeated.
 */
export interface Storage {
  list(): readonly { readonly name: string; readonly bytes: number }[];
  read(name: string, offset?: number, length?: number): Uint8Array;
  /** Appends the pieces in order, creating the file, and syncs once. Several appends that wait share one sync. */
  append(name: string, pieces: readonly Uint8Array[], saved: Saved): void;
  /**
   * The same, from byte `at` on, which lies in the file or at its end. After a crash any part of what was not yet `saved`
   * may be missing, not its end alone: the former bytes stand there.
   */
  write(name: string, at: number, pieces: readonly Uint8Array[], saved: Saved): void;
  /** Whole content at once: after a crash there is the old content or the new, never a mixture. */
  replace(name: string, content: Uint8Array, saved: Saved): void;
  /**
   * Cuts a torn tail at recovery; synchronous and synced on return. What stands from `doubtfulFrom` on is written once
   * more: after a sync that failed it may be in the cache only, where the system takes it for written, and a sync would
   * not bring it to the disk. Throws MesozooError DISK_FAILED.
   */
  truncate(name: string, bytes: number, doubtfulFrom?: number): void;
  /** Removing a file that is not there is no failure. */
  remove(name: string, saved: Saved): void;
  rename(from: string, to: string, saved: Saved): void;
}

// ── TCP: connections of clients ─────────────────────────────────────────────────────────────────────────────

export interface TcpConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly isSecure: boolean;
  /**
   * Of the certificate that the client has proven to hold, as RFC 2253 writes it, or the alternative name that the
   * process was told to take; undefined when it showed none.
   */
  readonly subject: string | undefined;
  /** Written and not yet taken by the network. */
  readonly waitingBytes: number;
  /** The bytes are the connection's own from now on. Nothing happens on one that has ended. */
  write(bytes: Uint8Array): void;
  /** Nothing more is read until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes once everything written has left. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface TcpHandlers {
  /** The bytes are the receiver's own. */
  data(bytes: Uint8Array): void;
  /** Called once, however the connection ended; nothing follows. */
  closed(): void;
  /** What was written has left, after `waitingBytes` was not 0. */
  drained(): void;
}

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Connections that may wait for `accept`; undefined is the system's own bound. */
  readonly backlog?: number | undefined;
  /** Asked of every connection, or of those that begin with it; without it of none. */
  readonly tls?: 'needed' | 'offered' | undefined;
}

export interface Tcp {
  /**
   * Calls `failed` when the address cannot be had, with what the system said. `accept` is called with connections
   * that are ready: those with TLS after their handshake, with the keys that the process was given; where it is only
   * offered, after their first byte.
   */
  listen(
    address: TcpAddress,
    accept: (connection: TcpConnection) => TcpHandlers,
    failed: (reason: string) => void,
  ): { close(): void };
}

// ── HTTP: pages that tell about an actor ────────────────────────────────────────────────────────────────────

export interface HttpRequest {
  /** `GET` */
  readonly method: string;
  /** Decoded, without the query: `/commands/ruok`. */
  readonly path: string;
  /** Decoded; of a name that stands there twice the first value. */
  readonly query: ReadonlyMap<string, string>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Http {
  /** `reply` is called once for each request; what the request carries is not read. Calls `failed` as `Tcp.listen` does. */
  listen(
    address: { readonly host: string; readonly port: number },
    handler: (request: HttpRequest, reply: (answer: HttpAnswer) => void) => void,
    failed: (reason: string) => void,
  ): { close(): void };
}

// ── GSSAPI: clients that prove themselves with Kerberos ───────────────────────────────────────────────────────

/** The service that clients have a ticket for, with its key. */
export interface Gss {
  /** The realm of this machine; empty where it has none. */
  readonly defaultRealm: string;
  /** For one client. */
  accept(): GssContext;
}

/** Throws AUTH_FAILED, with a reason for the log, where the client's bytes prove nothing. */
export interface GssContext {
  /** `token` is the client's, and then for the client; with `principal` it has proven who it is. */
  step(token: Uint8Array): { readonly token: Uint8Array; readonly principal: string | undefined };
  /** Once there is a principal: signs what the client is sent. */
  wrap(message: Uint8Array): Uint8Array;
  /** Likewise: checks that the client has signed it. */
  unwrap(message: Uint8Array): Uint8Array;
  /** To be called once nothing more comes of it, also after an error; may be called again. */
  dispose(): void;
}

// ── Processes: what an agent runs ───────────────────────────────────────────────────────────────────────────

export interface LaunchSpec {
  /** Names the sandbox directory: files of one attempt, kept until `removeSandbox`. */
  readonly sandbox: string;
  readonly argv: readonly string[];
  /**
   * Replaces the whole environment of the process. The port adds what only it knows: MESOZOO_SANDBOX and
   * MESOS_SANDBOX (the sandbox's working directory), and HOME where none is given.
   */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly limits?: {
    readonly openFiles?: number;
    readonly addressSpaceMiB?: number;
    readonly fileSizeMiB?: number;
  };
}

/** What identifies a process for good: a pid alone may be used again. Plain data, fit for a checkpoint. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as the kernel tells it (jiffies since boot), and the boot's id. */
  readonly startedAt: string;
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  /** It is gone and left no record: its supervisor was killed too, or the machine was started again. */
  | { readonly kind: 'vanished' };

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly memBytes: number;
  readonly processes: number;
}

export interface Processes {
  /** Starts a session and process group of its own; stdout and stderr go to files in the sandbox. */
  launch(
    spec: LaunchSpec,
    started: (result: ProcessIdentity | { readonly failure: string }) => void,
  ): void;
  /** Calls `ended` once, when the process is gone; also for one that a former agent process started, or that ended meanwhile. */
  watch(sandbox: string, identity: ProcessIdentity, ended: (end: ProcessEnd) => void): void;
  /** Finds what an agent had launched when it crashed before it could note the identity; undefined when nothing was started. */
  find(sandbox: string): ProcessIdentity | undefined;
  /** To every process of the group; a group that is gone is no failure. */
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void;
  usage(identity: ProcessIdentity): ProcessUsage | undefined;
  /** Bytes of an output from `offset`, at most `length`, and the size so far; undefined when there is no such file. */
  readOutput(
    sandbox: string,
    stream: 'stdout' | 'stderr',
    offset: number,
    length: number,
  ): { readonly bytes: Uint8Array; readonly size: number } | undefined;
  listSandboxes(): readonly string[];
  removeSandbox(sandbox: string): void;
}
