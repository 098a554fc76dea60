/** The Transport port over a NATS connection: callbacks in, publishes out, reconnecting for ever. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import {
  type ConnectionOptions,
  credsAuthenticator,
  DebugEvents,
  Events,
  type Msg,
  type NatsConnection,
  NatsError,
  type Subscription as NatsSubscription,
  headers as newHeaders,
} from 'nats';
import type {
  Delivery,
  Endpoint,
  Logger,
  PublishOptions,
  Subscription,
  Transport,
} from '../actors/actor.ts';
import { MesozooError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { inboxPrefixes, type Role } from '../protocol/subjects.ts';
import { ServiceRegistry } from './nats-services.ts';
import { connectHard } from './nats-socket.ts';
import { serviceErrorNumber, serviceErrorText } from './service-error.ts';

/** A server that answers none of two pings is given up: after three seconds at most. */
const PING_INTERVAL_MS = 1000;
const PINGS_OUT_MAX = 2;
const DIAL_TIMEOUT_MS = 1500;
const RECONNECT_WAIT_MS = 50;
const RECONNECT_JITTER_MS = 100;
const DRAIN_MS = 1000;
const NO_RESPONDERS = 503;

export interface ConnectOptions {
  /** One address, or several with commas between them: `nats://127.0.0.1:4222`. */
  readonly url: string;
  readonly role: Role;
  /** Shown by the server's monitoring, for example `coord-1`. */
  readonly name: string;
  /** Without user, token and creds the connection is an ordinary client, where the server allows that. */
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Path of a file with a JWT and its seed, read at each connection. */
  readonly creds?: string;
  /** Paths of PEM files. Given, even empty, the server must speak TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** What this connection publishes does not come back to it. */
  readonly noEcho?: boolean;
  readonly log: Logger;
  /** How long to wait for the first connection; for ever without it. */
  readonly firstConnectTimeoutMs?: number;
  readonly version?: string;
  /** The connection is over though nobody closed it, and comes back never. Without this it is thrown, to end the process. */
  ended?(error: MesozooError): void;
}

export interface ConnectedTransport {
  readonly transport: Transport;
  /** Sends what waits, then closes; does not wait long for a server that is gone. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Throws AUTH_FAILED when the server refuses the credentials, UNAVAILABLE when none answers in time.
 *
 * A connection that ends for good without having been closed here leaves a process that hears nothing and lives on:
 * UNAVAILABLE is thrown then where nothing catches it, so that the process ends and is started again.
 */
export async function connectTransport(options: ConnectOptions): Promise<ConnectedTransport> {
  const connection = await firstConnection(options);
  const transport = new NatsTransport(connection, options);
  return {
    transport,
    drain: async () => {
      transport.endIsAsked();
      await endConnection(() => Promise.race([connection.drain(), pause(DRAIN_MS)]));
      await endConnection(() => connection.close());
    },
    close: () => {
      transport.endIsAsked();
      return endConnection(() => connection.close());
    },
  };
}

async function firstConnection(options: ConnectOptions): Promise<NatsConnection> {
  const startedMs = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      return await connectHard({
        servers: options.url.split(',').map((server) => server.trim()),
        name: options.name,
        ...identityOf(options),
        noEcho: options.noEcho ?? false,
        timeout: Math.min(DIAL_TIMEOUT_MS, options.firstConnectTimeoutMs ?? DIAL_TIMEOUT_MS),
        pingInterval: PING_INTERVAL_MS,
        maxPingOut: PINGS_OUT_MAX,
        reconnect: true,
        maxReconnectAttempts: -1,
        reconnectDelayHandler: () => RECONNECT_WAIT_MS + Math.random() * RECONNECT_JITTER_MS,
        // A server that starts again with its secrets not yet in place must not end us.
        ignoreAuthErrorAbort: true,
        inboxPrefix: inboxPrefixes[options.role],
      });
    } catch (cause) {
      if (cause instanceof NatsError && cause.isAuthError()) {
        throw new MesozooError('AUTH_FAILED', `${options.url} refuses ${identityText(options)}`, {
          cause,
        });
      }
      const waitedMs = performance.now() - startedMs;
      if (options.firstConnectTimeoutMs !== undefined && waitedMs > options.firstConnectTimeoutMs) {
        throw new MesozooError(
          'UNAVAILABLE',
          `no NATS server answers at ${options.url}: ${(cause as Error).message}`,
          { cause },
        );
      }
      if (tries % 50 === 0) options.log.warn('waiting for NATS', { url: options.url, cause });
      await pause(RECONNECT_WAIT_MS);
    }
  }
}

function identityOf({ user, pass, token, creds, tls }: ConnectOptions): ConnectionOptions {
  return {
    ...(user !== undefined && { user, pass: pass ?? '' }),
    ...(token !== undefined && { token }),
    ...(creds !== undefined && { authenticator: credsAuthenticator(() => readFileSync(creds)) }),
    ...(tls !== undefined && {
      tls: {
        ...(tls.ca !== undefined && { caFile: tls.ca }),
        ...(tls.cert !== undefined && { certFile: tls.cert }),
        ...(tls.key !== undefined && { keyFile: tls.key }),
      },
    }),
  };
}

function identityText({ user, token, creds }: ConnectOptions): string {
  if (token !== undefined) return 'the token';
  if (creds !== undefined) return `the credentials of ${creds}`;
  return user === undefined ? 'a connection without credentials' : `the user ${user}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function endConnection(end: () => Promise<void>): Promise<void> {
  try {
    await end();
  } catch (error) {
    // Closed already, or the server is gone: what was asked for has happened.
    if (!(error instanceof NatsError)) throw error;
  }
}

class NatsTransport implements Transport {
  readonly inbox: string;
  readonly maxPayloadBytes: number;
  private readonly connection: NatsConnection;
  private readonly log: Logger;
  private readonly services: ServiceRegistry;
  private readonly connectionHandlers: ((connected: boolean) => void)[] = [];
  private readonly options: ConnectOptions;
  private connected = true;
  private endAsked = false;

  constructor(connection: NatsConnection, options: ConnectOptions) {
    this.connection = connection;
    this.log = options.log;
    this.options = options;
    this.inbox = `${inboxPrefixes[options.role]}.${randomBytes(12).toString('hex')}`;
    this.maxPayloadBytes = connection.info?.max_payload ?? limits.natsPayloadBytes;
    this.services = new ServiceRegistry({
      subscribe: (subject, handler) => this.subscribe(subject, handler),
      publish: (subject, payload) => this.publish(subject, payload),
      nowMs: () => performance.now(),
      newId: () => randomBytes(11).toString('hex').toUpperCase(),
      version: options.version ?? '0.1.0',
      metadata: { instance: options.name },
    });
    void this.followStatus();
    void this.followEnd();
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    if (payload.length > this.maxPayloadBytes)
      throw new MesozooError(
        'PAYLOAD_TOO_LARGE',
        `${payload.length} bytes for ${subject}, the server takes ${this.maxPayloadBytes}`,
      );
    this.services.published(subject, options?.error?.code);
    // Lost, as it would be a moment later: the package would keep it without a bound.
    if (!this.connected || this.connection.isClosed() || this.connection.isDraining()) return;
    if (options === undefined) this.connection.publish(subject, payload);
    else this.publishWith(subject, payload, options);
  }

  subscribe(
    subject: string,
    handler: (delivery: Delivery) => void,
    options?: { queue?: string },
  ): Subscription {
    const subscription = this.connection.subscribe(subject, {
      ...(options?.queue !== undefined && { queue: options.queue }),
      callback: (error, message) => {
        if (error !== null) this.log.error('subscription refused', { subject, error });
        else deliver(message, handler);
      },
    });
    let unsubscribed = false;
    return {
      unsubscribe: () => {
        unsubscribed = true;
        if (!subscription.isClosed()) subscription.unsubscribe();
      },
      drain: (drained) =>
        void this.drain(subscription).then(() => {
          if (!unsubscribed) drained();
        }),
    };
  }

  serve(endpoint: Endpoint, handler: (delivery: Delivery) => void): Subscription {
    const registered = this.services.add(endpoint);
    const subscription = this.subscribe(
      endpoint.subject,
      (delivery) => {
        registered.received(delivery.reply);
        handler(delivery);
      },
      { queue: endpoint.queue },
    );
    return {
      unsubscribe: () => {
        subscription.unsubscribe();
        registered.remove();
      },
      drain: (drained) => {
        subscription.drain(drained);
        registered.remove();
      },
    };
  }

  /** The package asks the server with a ping: before its answer comes what was sent before. */
  private async drain(subscription: NatsSubscription): Promise<void> {
    // Without a connection nothing is under way, and the ping would wait for the next one.
    if (!this.connected && !subscription.isClosed()) subscription.unsubscribe();
    if (!subscription.isClosed()) await endConnection(() => subscription.drain());
  }

  isConnected(): boolean {
    return this.connected;
  }

  onConnection(handler: (connected: boolean) => void): void {
    this.connectionHandlers.push(handler);
  }

  private publishWith(subject: string, payload: Uint8Array, options: PublishOptions): void {
    const { reply, error } = options;
    if (error === undefined) {
      this.connection.publish(subject, payload, { ...(reply !== undefined && { reply }) });
      return;
    }
    const headers = newHeaders();
    headers.set('Nats-Service-Error', serviceErrorText(error));
    headers.set('Nats-Service-Error-Code', String(serviceErrorNumber(error.code)));
    this.connection.publish(subject, payload, { headers, ...(reply !== undefined && { reply }) });
  }

  private async followStatus(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === Events.Disconnect) this.changed(false);
      else if (status.type === Events.Reconnect) this.changed(true);
      else if (status.type === Events.Error)
        this.log.warn('NATS error', { code: status.data, context: status.permissionContext });
      else if (status.type === DebugEvents.StaleConnection)
        this.log.warn('NATS server does not answer');
    }
  }

  endIsAsked(): void {
    this.endAsked = true;
  }

  private async followEnd(): Promise<void> {
    const cause = await this.connection.closed();
    this.changed(false);
    if (this.endAsked) return;
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    const error = new MesozooError(
      'UNAVAILABLE',
      `the connection to ${this.options.url} has ended for good${why}`,
      { cause },
    );
    if (this.options.ended === undefined) throw error;
    this.options.ended(error);
  }

  private changed(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    this.log.info(connected ? 'NATS connected' : 'NATS disconnected');
    for (const handler of this.connectionHandlers) handler(connected);
  }
}

function deliver(message: Msg, handler: (delivery: Delivery) => void): void {
  const payload = message.data;
  const status = payload.length === 0 && message.headers?.code === NO_RESPONDERS;
  const delivery: Delivery = {
    subject: message.subject,
    payload,
    ...(message.reply && { reply: message.reply }),
    ...(status && { status: NO_RESPONDERS }),
  };
  try {
    handler(delivery);
  } catch (error) {
    // The package would end its reading in silence: out of it, to stop the process.
    queueMicrotask(() => {
      throw error;
    });
  }
}
