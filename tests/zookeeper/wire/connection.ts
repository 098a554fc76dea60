/**
 * One TCP connection that speaks ZooKeeper's protocol and hides nothing: what arrives is handed out in its order,
 * replies beside notifications, the end of the connection last. It does not ping, reconnect or check anything.
 */
import { connect, type Socket } from 'node:net';
import { frame, JuteReader, JuteWriter } from './jute.ts';
import type { Request } from './requests.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Hello {
  readonly protocolVersion?: number;
  readonly lastZxidSeen?: bigint;
  readonly timeoutMs?: number;
  readonly sessionId?: bigint;
  readonly password?: Buffer;
  /** Absent: the last field of the record is left out, as old clients do. */
  readonly readOnly?: boolean;
}

export interface Welcome {
  readonly protocolVersion: number;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** undefined: the field is not in the record. */
  readonly readOnly: boolean | undefined;
}

export type Incoming =
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | {
      readonly kind: 'reply';
      /** undefined: nothing was asked. */
      readonly request: Request | undefined;
      readonly expectedXid: number | undefined;
      readonly xid: number;
      readonly zxid: bigint;
      readonly error: number;
      readonly body: unknown;
      readonly bytesLeft: number;
    }
  | {
      readonly kind: 'event';
      readonly zxid: bigint;
      readonly type: number;
      readonly state: number;
      readonly path: string | null;
    }
  /** A frame that is not what was asked for. */
  | { readonly kind: 'garbled'; readonly problem: string; readonly payload: Buffer }
  | { readonly kind: 'closed' };

/** Nothing came, and the connection stayed open. */
export class SilenceError extends Error {}

const PASSWORD_BYTES = 16;
const NOTIFICATION_XID = -1;

export class WireConnection {
  readonly #socket: Socket;
  readonly #asked: { request: Request; xid: number }[] = [];
  readonly #arrived: Incoming[] = [];
  #pieces: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #welcomed = false;
  #lastXid = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#receive(bytes));
    // A reset is an end like any other: 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#hand({ kind: 'closed' }));
  }

  static open(address: Address): Promise<WireConnection> {
    return WireConnection.over(connect(address.port, address.host), 'connect');
  }

  /** Once the socket says that it is ready. */
  static over(socket: Socket, readyEvent: 'connect' | 'secureConnect'): Promise<WireConnection> {
    socket.setNoDelay(true);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once(readyEvent, () => {
        socket.off('error', reject);
        resolve(new WireConnection(socket));
      });
    });
  }

  sayHello(hello: Hello = {}): void {
    const writer = new JuteWriter()
      .int(hello.protocolVersion ?? 0)
      .long(hello.lastZxidSeen ?? 0n)
      .int(hello.timeoutMs ?? 10_000)
      .long(hello.sessionId ?? 0n)
      .buffer(hello.password ?? Buffer.alloc(PASSWORD_BYTES));
    if (hello.readOnly !== undefined) writer.bool(hello.readOnly);
    this.sendBytes(frame(writer.bytes()));
  }

  /** All in one piece, so that the server finds them together. */
  send(...requests: readonly Request[]): void {
    this.sendBytes(Buffer.concat(requests.map((request) => this.#encode(request))));
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next thing that arrives; rejects with `SilenceError` when nothing does. */
  async next(withinMs: number): Promise<Incoming> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const incoming = this.#arrived.shift();
      if (incoming) return incoming;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new SilenceError(`nothing came within ${withinMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Without a word to the server: the session lives on there. */
  drop(): void {
    this.#socket.destroy();
  }

  #encode(request: Request): Buffer {
    const xid = request.xid ?? ++this.#lastXid;
    this.#asked.push({ request, xid });
    return frame(new JuteWriter().int(xid).int(request.opcode).raw(request.body).bytes());
  }

  #receive(bytes: Buffer): void {
    this.#pieces = Buffer.concat([this.#pieces, bytes]);
    while (this.#pieces.length >= 4) {
      const end = 4 + this.#pieces.readInt32BE();
      if (this.#pieces.length < end) return;
      const payload = this.#pieces.subarray(4, end);
      this.#pieces = this.#pieces.subarray(end);
      this.#hand(this.#readOrComplain(payload));
    }
  }

  #readOrComplain(payload: Buffer): Incoming {
    try {
      return this.#read(new JuteReader(payload));
    } catch (error) {
      return { kind: 'garbled', problem: String(error), payload };
    }
  }

  #read(reader: JuteReader): Incoming {
    if (!this.#welcomed) {
      this.#welcomed = true;
      return { kind: 'welcome', welcome: readWelcome(reader) };
    }
    const xid = reader.int();
    const zxid = reader.long();
    const error = reader.int();
    if (xid === NOTIFICATION_XID)
      return {
        kind: 'event',
        zxid,
        type: reader.int(),
        state: reader.int(),
        path: reader.string(),
      };
    const asked = this.#takeAsked(xid);
    const body = error === 0 ? asked?.request.read(reader) : undefined;
    return {
      ...{ kind: 'reply', request: asked?.request, expectedXid: asked?.xid },
      ...{ xid, zxid, error, body, bytesLeft: reader.left },
    };
  }

  /** By its xid; a reply under a xid that nobody waits for is taken for that to the oldest request. */
  #takeAsked(xid: number): { request: Request; xid: number } | undefined {
    const place = this.#asked.findIndex((asked) => asked.xid === xid);
    return this.#asked.splice(Math.max(place, 0), 1)[0];
  }

  #hand(incoming: Incoming): void {
    this.#arrived.push(incoming);
    this.#wake();
  }
}

function readWelcome(reader: JuteReader): Welcome {
  return {
    protocolVersion: reader.int(),
    timeoutMs: reader.int(),
    sessionId: reader.long(),
    password: reader.buffer() ?? Buffer.alloc(0),
    readOnly: reader.left > 0 ? reader.bool() : undefined,
  };
}
