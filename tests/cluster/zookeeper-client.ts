/**
 * A client of ZooKeeper's protocol that does what every such client does: one session, taken to another server with its
 * id and password when the connection ends. What was asked and not answered then is asked again by who asked.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Address,
  type Hello,
  type Incoming,
  WireConnection,
} from '../zookeeper/wire/connection.ts';
import type { Request } from '../zookeeper/wire/requests.ts';

/** Longer than any answer takes on a busy machine. */
const ANSWER_MS = 15_000;
const DIAL_AGAIN_MS = 10;

export class SessionLostError extends Error {}
/** The connection has ended before the reply: nobody knows what became of the request. */
export class ConnectionEndedError extends Error {}

export interface Answered<Body> {
  readonly error: number;
  readonly body: Body;
}

export class ZooKeeperClient {
  /** How often the session went to a server. */
  connects = 0;
  private readonly addresses: readonly Address[];
  private readonly timeoutMs: number;
  private place: number;
  private connection: WireConnection | undefined;
  private session: Pick<Hello, 'sessionId' | 'password'> = {};
  private lastZxid = 0n;

  /** `first`: the place of the address that is tried first. */
  constructor(addresses: readonly Address[], first: number, timeoutMs: number) {
    this.addresses = addresses;
    this.place = first;
    this.timeoutMs = timeoutMs;
  }

  /** Rejects with ConnectionEndedError, SessionLostError, SilenceError. */
  async ask<Body>(request: Request<Body>): Promise<Answered<Body>> {
    this.connection ??= await this.connect();
    this.connection.send(request);
    for (;;) {
      const incoming = await this.connection.next(ANSWER_MS);
      if (incoming.kind === 'event') continue;
      if (incoming.kind !== 'reply') throw this.endOf(incoming);
      if (incoming.zxid > this.lastZxid) this.lastZxid = incoming.zxid;
      return { error: incoming.error, body: incoming.body as Body };
    }
  }

  drop(): void {
    this.connection?.drop();
    this.connection = undefined;
  }

  /** One server after another until one takes the session: for no longer than the session lives without one. */
  private async connect(): Promise<WireConnection> {
    const untilMs = performance.now() + this.timeoutMs;
    while (performance.now() < untilMs) {
      const address = this.addresses[this.place++ % this.addresses.length] as Address;
      const connection = await WireConnection.open(address).catch(() => undefined);
      if (connection !== undefined && (await this.isWelcome(connection))) return connection;
      await pause(DIAL_AGAIN_MS);
    }
    throw new SessionLostError(`no server has taken the session within ${this.timeoutMs} ms`);
  }

  private async isWelcome(connection: WireConnection): Promise<boolean> {
    const { timeoutMs, lastZxid } = this;
    connection.sayHello({ timeoutMs, lastZxidSeen: lastZxid, readOnly: false, ...this.session });
    const incoming = await connection.next(ANSWER_MS);
    // A server that is not as far as this client, or has no leader, says nothing and closes.
    if (incoming.kind === 'closed') return false;
    if (incoming.kind !== 'welcome') throw this.endOf(incoming);
    const { sessionId, password } = incoming.welcome;
    if (sessionId === 0n) throw new SessionLostError('the session has expired');
    this.session = { sessionId, password };
    this.connects += 1;
    return true;
  }

  private endOf(incoming: Incoming): Error {
    this.drop();
    if (incoming.kind === 'closed') return new ConnectionEndedError('the connection has ended');
    return new TypeError(`no reply: ${incoming.kind}`);
  }
}
