/**
 * ZooKeeper's protocol as its clients speak it, on one simulated connection at a time: frames out, replies matched with
 * their requests, and back to some member with the same session after every end.
 */
import type { Ports, TcpConnection, TcpHandlers } from '../../actors/actor.ts';
import type { JuteWriter } from '../../actors/coord/gateway/jute.ts';
import { opcodes, specialXids } from '../../actors/coord/gateway/opcodes.ts';
import { header, hello, request, welcome } from '../../actors/coord/gateway/testing/frames.ts';
import type { ReplyOrderChecker } from '../checkers/reply-order.ts';
import type { SeededRandom } from '../random.ts';

/** `lost`: the connection ended before the reply came. */
export type Reply =
  | { readonly kind: 'reply'; readonly zxid: number; readonly error: number; readonly body: Buffer }
  | { readonly kind: 'lost' };

export interface ZookeeperConnectionOptions {
  readonly servers: readonly string[];
  readonly dial: (server: string, handlers: TcpHandlers) => TcpConnection;
  readonly random: SeededRandom;
  readonly replies: ReplyOrderChecker;
  /** For checkers: names the present session. */
  readonly sessionName: () => string;
  /** Connected; `isNew`: with a session that has just begun. */
  readonly connected: (isNew: boolean) => void;
  readonly expired: () => void;
  readonly event: (path: string) => void;
}

const RECONNECT_MS = [50, 300] as const;
/** A third of the session's time is for pings, two thirds without a word end the connection. */
const TICK_MS = 500;
const PING_AFTER_MS = 3000;
const SILENCE_MAX_MS = 6500;
const NO_PASSWORD = Buffer.alloc(16);
const HEADER_BYTES = 16;
const SESSION_EXPIRED = -112;

interface Waiting {
  readonly xid: number;
  readonly then: (reply: Reply) => void;
}

export class ZookeeperConnection {
  private readonly ports: Ports;
  private readonly options: ZookeeperConnectionOptions;
  private connection: TcpConnection | undefined;
  private pieces: Buffer = Buffer.alloc(0);
  private waiting: Waiting[] = [];
  private session = '';
  private password: Uint8Array = NO_PASSWORD;
  private xid = 0;
  private heardMs = 0;
  private sentMs = 0;
  /** The greatest of any reply. */
  lastZxid = 0;
  isOpen = false;

  constructor(ports: Ports, options: ZookeeperConnectionOptions) {
    this.ports = ports;
    this.options = options;
  }

  start(): void {
    this.connect();
    this.tick();
  }

  ask(type: number, body: (out: JuteWriter) => void, then: (reply: Reply) => void): void {
    this.send(++this.xid, type, body, then);
  }

  setWatches(paths: readonly string[]): void {
    this.send(
      specialXids.setWatches,
      opcodes.setWatches,
      (out) => {
        out.long(this.lastZxid);
        for (const list of [paths, [], []]) out.strings(list);
      },
      () => undefined,
    );
  }

  private send(
    xid: number,
    type: number,
    body: (out: JuteWriter) => void,
    then: (reply: Reply) => void,
  ): void {
    if (!this.isOpen) {
      then({ kind: 'lost' });
      return;
    }
    this.waiting.push({ xid, then });
    this.sentMs = this.ports.clock.monotonicMs();
    this.connection?.write(request(xid, type, body));
  }

  private connect(): void {
    const { options, ports } = this;
    this.pieces = Buffer.alloc(0);
    this.heardMs = ports.clock.monotonicMs();
    const handlers: TcpHandlers = {
      data: (bytes) => this.connection === connection && this.receive(bytes),
      drained: () => undefined,
      closed: () => this.connection === connection && this.lost(),
    };
    const connection: TcpConnection = options.dial(options.random.pick(options.servers), handlers);
    this.connection = connection;
    connection.write(hello(this.session, this.password, this.lastZxid));
  }

  private tick(): void {
    const { clock } = this.ports;
    clock.after(TICK_MS, () => {
      const nowMs = clock.monotonicMs();
      if (this.connection !== undefined && nowMs - this.heardMs > SILENCE_MAX_MS) this.drop();
      else if (this.isOpen && nowMs - this.sentMs > PING_AFTER_MS)
        this.send(
          specialXids.ping,
          opcodes.ping,
          () => undefined,
          () => undefined,
        );
      this.tick();
    });
  }

  private drop(): void {
    const { connection } = this;
    // First: whoever hears of its own doing as well would connect twice.
    this.lost();
    connection?.destroy();
  }

  private lost(): void {
    this.connection = undefined;
    this.isOpen = false;
    const { waiting } = this;
    this.waiting = [];
    for (const { then } of waiting) then({ kind: 'lost' });
    const { random } = this.options;
    this.ports.clock.after(random.between(...RECONNECT_MS), () => this.connect());
  }

  private receive(bytes: Uint8Array): void {
    this.heardMs = this.ports.clock.monotonicMs();
    this.pieces = Buffer.concat([this.pieces, bytes]);
    while (this.pieces.length >= 4 && this.connection !== undefined) {
      const end = 4 + this.pieces.readInt32BE();
      if (this.pieces.length < end) return;
      const frame = this.pieces.subarray(4, end);
      this.pieces = this.pieces.subarray(end);
      if (this.isOpen) this.read(frame);
      else this.welcomed(frame);
    }
  }

  private welcomed(frame: Buffer): void {
    const { timeoutMs, session, password } = welcome(frame);
    if (timeoutMs === 0) {
      this.session = '';
      this.password = NO_PASSWORD;
      this.options.expired();
      this.drop();
      return;
    }
    const isNew = this.session === '';
    this.session = session;
    this.password = Buffer.from(password);
    this.isOpen = true;
    this.options.connected(isNew);
  }

  private read(frame: Buffer): void {
    const { xid, zxid, error } = header(frame);
    const body = frame.subarray(HEADER_BYTES);
    if (xid === specialXids.notification) {
      // Type and state come first.
      const length = body.readInt32BE(8);
      this.options.event(body.toString('utf8', 12, 12 + length));
      return;
    }
    const asked = this.waiting[0];
    this.options.replies.reply(this.options.sessionName(), asked?.xid, xid, zxid);
    // As ZooKeeper's clients do it: what stands in it cannot be read as an answer to another question.
    if (asked?.xid !== xid) {
      this.drop();
      return;
    }
    this.waiting.shift();
    if (zxid > this.lastZxid) this.lastZxid = zxid;
    asked.then({ kind: 'reply', zxid, error, body });
    if (error === SESSION_EXPIRED) this.drop();
  }
}
