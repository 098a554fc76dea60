/**
 * One connection of a ZooKeeper client, and the session in it: its socket, how it begins and how it ends. Its requests
 * stand in a line of their own (request-line.ts).
 */
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import type { Identity } from '../../../protocol/operations.ts';
import type { TcpHandlers } from '../../actor.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { ConnectionStatistics } from './connection-statistics.ts';
import { Framing } from './framing.ts';
import { type Greeted, Greeting, NO_INCARNATION } from './greeting.ts';
import { JuteWriter } from './jute.ts';
import { SYNC_CONNECTED, specialXids } from './opcodes.ts';
import { RequestLine } from './request-line.ts';

/** Requests without an answer: above it nothing more is read from this connection. */
const WAITING_MAX = 4096;
/** Unsent bytes above which nothing more is read, and above which the client is given up. */
const UNSENT_PAUSE_BYTES = 4 * 1024 * 1024;
const UNSENT_MAX_BYTES = 128 * 1024 * 1024;

export class ClientConnection implements TcpHandlers {
  readonly options: ConnectionOptions;
  readonly out = new JuteWriter();
  session = '' as SessionId;
  incarnation = NO_INCARNATION;
  timeoutMs = 0;
  /** Let in to read, by a member without a quorum. */
  isReadOnly = false;
  state: 'greeting' | 'opening' | 'open' | 'closing' | 'closed' = 'greeting';
  isDirty = false;
  readonly acceptedMs: number;
  readonly statistics = new ConnectionStatistics();
  /** When the bytes came that are read now. */
  heardMs = 0;
  private readonly framing = new Framing();
  private readonly requests: RequestLine;
  private isPaused = false;
  private isLeaving = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.acceptedMs = options.clock.monotonicMs();
    this.requests = new RequestLine(this);
  }

  get identities(): readonly Identity[] {
    return this.requests.identities;
  }

  get outstanding(): number {
    return this.requests.outstanding;
  }

  // ── The socket ──────────────────────────────────────────────────────────────────────────────────────────────

  data(bytes: Uint8Array): void {
    if (this.state === 'closed') return;
    this.framing.push(bytes);
    this.heardMs = this.options.clock.monotonicMs();
    if (this.state === 'open') this.heardOf();
    this.readOn();
  }

  drained(): void {
    this.readOn();
  }

  closed(): void {
    this.finish();
  }

  /** Reads as much as there is room for. */
  readOn(): void {
    if (this.isLeaving) return;
    while (this.state === 'greeting' || this.state === 'open') {
      if (this.state === 'open' && !this.hasRoom()) {
        this.pause();
        return;
      }
      if (this.state === 'greeting' && this.isWord()) return;
      const frame = this.framing.next(this.options.settings.maxFrameBytes);
      if (frame === undefined) break;
      if (frame === 'bad') {
        this.options.log.debug('frame too large', { address: this.options.tcp.remoteAddress });
        this.close();
        return;
      }
      this.guarded(() => (this.state === 'greeting' ? this.greet(frame) : this.receive(frame)));
    }
    if (this.isPaused) {
      this.isPaused = false;
      this.options.tcp.resume();
    }
  }

  flush(): void {
    this.isDirty = false;
    this.requests.turnEnded();
    const { tcp } = this.options;
    if (this.out.length > 0) {
      this.options.wrote(this.out.length);
      tcp.write(this.out.take());
    }
    if (tcp.waitingBytes > UNSENT_MAX_BYTES) this.abort();
    else if (this.isLeaving) this.closeOnceQuiet();
    else if (this.isPaused) this.readOn();
  }

  /** Nothing more is read; what was read is answered, and then it closes. */
  leave(): void {
    this.isLeaving = true;
    this.options.tcp.pause();
    this.closeOnceQuiet();
  }

  /** One whose session begins or ends closes after the answer to that. */
  private closeOnceQuiet(): void {
    if (this.state === 'greeting' || (this.state === 'open' && this.outstanding === 0))
      this.close();
  }

  /** What was written still leaves. */
  close(): void {
    if (this.state === 'closed') return;
    this.flushLast();
    this.options.tcp.end();
    this.finish();
  }

  abort(): void {
    this.options.tcp.destroy();
    this.finish();
  }

  private flushLast(): void {
    if (this.out.length > 0) this.options.tcp.write(this.out.take());
  }

  private finish(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.requests.drop();
    this.options.closed(this);
  }

  private hasRoom(): boolean {
    return (
      this.outstanding < WAITING_MAX &&
      this.options.tcp.waitingBytes + this.out.length < UNSENT_PAUSE_BYTES &&
      this.options.quorum.hasRoom() &&
      // Who waits for nothing may always ask.
      (this.outstanding === 0 || this.options.hasRoom())
    );
  }

  private pause(): void {
    if (!this.isPaused) this.options.tcp.pause();
    this.isPaused = true;
    this.options.touched(this);
  }

  /** Bytes that nobody can read end this connection, and nothing else. */
  guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.options.log.debug('connection closed', { reason: error.message });
      this.close();
    }
  }

  // ── Beginning ───────────────────────────────────────────────────────────────────────────────────────────────

  private isWord(): boolean {
    const first = this.framing.peek();
    if (first === undefined) return false;
    const answer = this.options.word(first.toString('latin1'));
    if (answer === undefined) return false;
    this.options.tcp.write(Buffer.from(answer));
    this.close();
    return true;
  }

  private greet(frame: Buffer): void {
    const { options } = this;
    const { quorum, settings, random, log, admits, tcp } = options;
    this.state = 'opening';
    const greeting = new Greeting({
      ...{ quorum, settings, random, log, admits, out: this.out },
      isOver: () => this.state !== 'opening',
      greeted: (greeted) => this.greeted(greeted),
      written: (isWelcome) => {
        this.touch();
        if (isWelcome) this.readOn();
        else this.close();
      },
      turnAway: (why) => {
        log.info('client turned away', { address: tcp.remoteAddress, why });
        this.close();
      },
    });
    greeting.read(frame);
  }

  private greeted({ session, incarnation, number, timeoutMs, isReadOnly }: Greeted): void {
    this.session = session;
    this.incarnation = incarnation;
    this.requests.number = number;
    this.timeoutMs = timeoutMs;
    this.isReadOnly = isReadOnly;
    this.state = 'open';
    this.statistics.establishedMs = this.options.clock.monotonicMs();
    this.options.opened(this);
    this.heardOf();
  }

  /** The leader hears of the session, unless it is this member's alone. */
  private heardOf(): void {
    if (!this.isReadOnly) this.options.quorum.touch(this.session);
  }

  private receive(frame: Buffer): void {
    this.statistics.received += 1;
    this.options.heard();
    this.requests.receive(frame);
  }

  // ── The answers ─────────────────────────────────────────────────────────────────────────────────────────────

  notify(type: number, path: string): void {
    const { out } = this;
    out.reply(specialXids.notification, -1, 0);
    out.int(type);
    out.int(SYNC_CONNECTED);
    out.string(path);
    out.end();
    this.touch();
  }

  /** Something is to be flushed at the end of the turn. */
  touch(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.options.touched(this);
  }
}
