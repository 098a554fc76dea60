/**
 * A session over ZooKeeper's protocol by bare frames, which moves to another member with its id and password when a
 * connection is lost or silent. A lost connection tells its user nothing of what was under way.
 */
import type { SeededRandom } from '../../../simulation/random.ts';
import { pause } from '../../cluster/harness.ts';
import {
  type Address,
  type Incoming,
  SilenceError,
  type Welcome,
  WireConnection,
} from '../../zookeeper/wire/connection.ts';
import type { Request } from '../../zookeeper/wire/requests.ts';
import type { RunRecord } from '../run/record.ts';
import { SessionWitness } from './session-witness.ts';

/** The least that members grant. */
export const SESSION_TIMEOUT_MS = 4_000;
const SILENCE_MS = 1_500;
const RETRY_MS = 50;
const CHANGED = 3;
const EXPIRED_ERRORS: ReadonlySet<number> = new Set([-112, -118]);

export type Reply = Extract<Incoming, { kind: 'reply' }>;

export class ConnectionLost extends Error {}

export class TcpSession {
  witness: SessionWitness;
  private readonly name: string;
  private readonly addresses: readonly Address[];
  private readonly random: SeededRandom;
  private readonly record: RunRecord;
  private connection: WireConnection | undefined;
  private welcome: Welcome | undefined;

  constructor(
    name: string,
    addresses: readonly Address[],
    random: SeededRandom,
    record: RunRecord,
  ) {
    this.name = name;
    this.addresses = addresses;
    this.random = random;
    this.record = record;
    this.witness = new SessionWitness(name, record);
  }

  /** Undefined before the first `connect` and after `abandon`. */
  get id(): bigint | undefined {
    return this.welcome?.sessionId;
  }

  get timeoutMs(): number {
    return this.welcome?.timeoutMs ?? SESSION_TIMEOUT_MS;
  }

  /** One try at one member; false: to be tried again. */
  async connect(): Promise<boolean> {
    if (this.connection !== undefined) return true;
    try {
      const connection = await WireConnection.open(this.random.pick(this.addresses));
      this.connection = connection;
      connection.sayHello({
        timeoutMs: SESSION_TIMEOUT_MS,
        lastZxidSeen: BigInt(this.witness.zxid),
        ...(this.welcome !== undefined && {
          sessionId: this.welcome.sessionId,
          password: this.welcome.password,
        }),
        readOnly: false,
      });
      const first = await connection.next(SILENCE_MS);
      if (first.kind === 'welcome') {
        this.welcomed(first.welcome);
        return this.connection !== undefined;
      }
      if (first.kind !== 'closed') this.record.violation(`${this.name}: a hello got ${first.kind}`);
    } catch (error) {
      if (!isLoss(error)) throw error;
    }
    this.drop();
    await pause(RETRY_MS);
    return false;
  }

  /**
   * Sends the requests in one piece; `answered` is called with each reply when it arrives, in the order of the requests.
   * Rejects with ConnectionLost when not all have come.
   */
  async ask(
    requests: readonly Request[],
    answered: (reply: Reply, place: number) => void,
  ): Promise<void> {
    const { connection } = this;
    if (connection === undefined) throw new ConnectionLost();
    try {
      connection.send(...requests);
      for (const [place, request] of requests.entries())
        answered(await this.replyTo(connection, request), place);
    } catch (error) {
      this.drop();
      throw isLoss(error) ? new ConnectionLost(undefined, { cause: error }) : error;
    }
  }

  /** Its connection is lost; the session may go on at another member. */
  drop(): void {
    this.connection?.drop();
    this.connection = undefined;
    this.witness.watchesLost();
  }

  /** Never to come back, without a word to the members. */
  abandon(): void {
    this.drop();
    this.welcome = undefined;
    this.witness = new SessionWitness(this.name, this.record);
  }

  private welcomed(welcome: Welcome): void {
    if (welcome.sessionId === 0n) {
      this.record.count('TCP sessions expired');
      this.abandon();
      return;
    }
    this.record.count(this.welcome === undefined ? 'TCP sessions' : 'TCP sessions moved');
    this.welcome = welcome;
  }

  private async replyTo(connection: WireConnection, request: Request): Promise<Reply> {
    const least = this.witness.zxid;
    for (;;) {
      const incoming = await connection.next(SILENCE_MS);
      switch (incoming.kind) {
        case 'event':
          if (incoming.type === CHANGED && incoming.path !== null)
            this.witness.event(incoming.path);
          continue;
        case 'reply':
          if (EXPIRED_ERRORS.has(incoming.error)) throw new ConnectionLost();
          if (incoming.request !== request || incoming.xid !== incoming.expectedXid)
            this.record.violation(
              `${this.name}: the reply to ${incoming.request?.name} under xid ${incoming.xid} came in the place of that to ${request.name}`,
            );
          this.witness.reply(request.name, Number(incoming.zxid), least);
          return incoming;
        case 'closed':
          throw new ConnectionLost();
        default:
          throw new Error(`${this.name}: ${request.name} got ${incoming.kind}`);
      }
    }
  }
}

function isLoss(error: unknown): boolean {
  if (error instanceof ConnectionLost || error instanceof SilenceError) return true;
  // Nobody listens, or the member died while the connection was made.
  return ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}
