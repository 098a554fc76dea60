/** One session that keeps a number of requests outstanding, and tells of every reply how long it took. */
import { connect, type Socket } from 'node:net';
import {
  connectFrame,
  errorOf,
  FrameCutter,
  type Template,
  writeNumber,
  XID_AT,
  xidOf,
} from './frames.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** `nowMs` of the monotonic clock; `error` is ZooKeeper's code, 0 for success. */
export type Replied = (nowMs: number, latencyMs: number, error: number) => void;

const SESSION_TIMEOUT_MS = 30_000;

/** Rejects when the server takes no session: it refuses, closes the connection or says nothing in time. */
export function openConnection(server: Server, waitMs = 10_000): Promise<LoadConnection> {
  return new Promise((resolve, reject) => {
    const where = `${server.host}:${server.port}`;
    const socket = connect({ ...server, noDelay: true });
    const fail = (why: string) => {
      socket.destroy();
      clearTimeout(timer);
      reject(new Error(`${where}: ${why}`));
    };
    const timer = setTimeout(() => fail('no session in time'), waitMs);
    const cutter = new FrameCutter();
    const failed = (error: Error) => fail(error.message);
    const closed = () => fail('closed before there was a session');
    const greeted = (chunk: Buffer) =>
      cutter.push(chunk, () => {
        clearTimeout(timer);
        socket.off('data', greeted).off('error', failed).off('close', closed);
        resolve(new LoadConnection(socket, where));
      });
    socket.on('data', greeted).on('error', failed).on('close', closed);
    socket.once('connect', () => socket.write(connectFrame(SESSION_TIMEOUT_MS)));
  });
}

export class LoadConnection {
  private readonly cutter = new FrameCutter();
  /** When each outstanding request was sent, by the order of xids: replies come in that order. */
  private sentAt = new Float64Array(1);
  private nextXid = 1;
  private awaitedXid = 1;
  private replied: Replied = () => undefined;
  private more: (() => Template) | undefined;
  private number = 0;
  private drained: (() => void) | undefined;
  /** Why it can do no more; undefined while it can. */
  broken: Error | undefined;

  private readonly socket: Socket;
  private readonly where: string;

  constructor(socket: Socket, where: string) {
    this.socket = socket;
    this.where = where;
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('error', (error) => this.break(error.message));
    socket.on('close', () => this.break('closed by the server'));
  }

  /** From now on `outstanding` requests are under way, until `stop`. Throws when some still are. */
  start(outstanding: number, next: () => Template, replied: Replied): void {
    if (this.outstanding > 0) throw new Error('the connection is busy');
    this.sentAt = new Float64Array(outstanding);
    this.replied = replied;
    this.more = next;
    this.send(outstanding);
  }

  /** Sends no more; resolves when all is answered, or never will be because the connection broke. */
  stop(): Promise<void> {
    this.more = undefined;
    return new Promise((resolve) => {
      if (this.outstanding === 0 || this.broken !== undefined) resolve();
      else this.drained = resolve;
    });
  }

  /** One request alone: its error code. Rejects when the connection breaks or the reply takes too long. */
  async ask(template: Template, waitMs = 10_000): Promise<number> {
    let code: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    this.start(
      1,
      () => template,
      (_now, _latency, error) => {
        code = error;
      },
    );
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.stop(), late]);
    clearTimeout(timer);
    if (code === undefined) throw this.broken ?? new Error(`${this.where}: no reply in time`);
    return code;
  }

  close(): void {
    this.more = undefined;
    this.socket.removeAllListeners('close').destroy();
  }

  private get outstanding(): number {
    return this.nextXid - this.awaitedXid;
  }

  private received(chunk: Buffer): void {
    const now = performance.now();
    let answered = 0;
    this.cutter.push(chunk, (bytes, start) => {
      const xid = xidOf(bytes, start);
      // Pings and watch events are no replies to a request.
      if (xid < 0) return;
      if (xid !== this.awaitedXid) {
        this.break(`a reply to ${xid} where one to ${this.awaitedXid} was due`);
        return;
      }
      const sentAt = this.sentAt[xid % this.sentAt.length] ?? now;
      this.awaitedXid += 1;
      answered += 1;
      this.replied(now, now - sentAt, errorOf(bytes, start));
    });
    if (answered > 0 && this.broken === undefined) this.send(answered);
    if (this.outstanding === 0) this.settle();
  }

  /** One write for all of them, as a client does that has many things to say. */
  private send(count: number): void {
    if (this.more === undefined || this.broken !== undefined) return;
    const templates: Template[] = [];
    let size = 0;
    for (let index = 0; index < count; index++) {
      const template = this.more();
      templates.push(template);
      size += template.bytes.length;
    }
    const batch = Buffer.allocUnsafe(size);
    const now = performance.now();
    let at = 0;
    for (const { bytes, lastDigitAt } of templates) {
      batch.set(bytes, at);
      batch.writeInt32BE(this.nextXid, at + XID_AT);
      if (lastDigitAt !== undefined) writeNumber(batch, at + lastDigitAt, this.number++);
      this.sentAt[this.nextXid % this.sentAt.length] = now;
      this.nextXid += 1;
      at += bytes.length;
    }
    this.socket.write(batch);
  }

  private break(why: string): void {
    this.broken ??= new Error(`${this.where}: ${why}`);
    this.socket.destroy();
    this.settle();
  }

  private settle(): void {
    this.drained?.();
    this.drained = undefined;
  }
}
