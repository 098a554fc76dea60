/**
 * One connection of a ZooKeeper client, and the session in it.
 *
 * Replies go out in the order of the requests. A write leaves for the quorum as soon as it is read; a read behind it
 * waits until it is applied, and is carried out before the next operation is applied: it sees exactly the state that
 * the order of the requests says. `sync`, `reconfig` and `closeSession` hold back everything behind them.
 */
import { assert, type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, Zxid } from '../../../protocol/ids.ts';
import type { Identity, OperationResult } from '../../../protocol/operations.ts';
import type { Clock, Logger, Random, TcpConnection, TcpHandlers } from '../../actor.ts';
import type { PlantedBugs } from '../../planted.ts';
import { Fifo } from '../client/fifo.ts';
import type { Quorum } from '../door/quorum.ts';
import type { WatchTable } from '../znodes/contract.ts';
import { ConnectionStatistics } from './connection-statistics.ts';
import { Credentials } from './credentials.ts';
import { Framing } from './framing.ts';
import { type Greeted, Greeting, NO_INCARNATION, NOBODY } from './greeting.ts';
import { JuteReader, JuteWriter, NO_BYTES } from './jute.ts';
import { isOfTree, opcodes, SYNC_CONNECTED, specialXids } from './opcodes.ts';
import { answerRead, isRead } from './reads.ts';
import { isDefinite, readReconfig, writeConfiguration } from './reconfig.ts';
import { errorNumber, writeReply } from './replies.ts';
import { isWrite, readWrite } from './requests.ts';
import type { SaslExchange } from './sasl/exchange.ts';
import type { GatewaySettings } from './settings.ts';

export interface ConnectionOptions {
  readonly tcp: TcpConnection;
  readonly quorum: Quorum;
  readonly settings: GatewaySettings;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Logger;
  readonly watches: WatchTable;
  /** What a four-letter word answers; undefined for what is none. */
  readonly word: (word: string) => string | undefined;
  readonly beginSasl: () => SaslExchange;
  /** Something waits to be flushed, or to be read on. */
  readonly touched: (connection: ClientConnection) => void;
  /** The session is this connection's from now on. */
  readonly opened: (connection: ClientConnection) => void;
  readonly closed: (connection: ClientConnection) => void;
  /** A request was answered after so long. */
  readonly answered: (latencyMs: number, isWrite: boolean) => void;
  /** Credentials were wrong. */
  readonly authFailed: () => void;
  /** A request has come. */
  readonly heard: () => void;
  /** Whether the member has room for another request. */
  readonly hasRoom: () => boolean;
  /** Whether one more session may begin, or go on, here. */
  readonly admits: (isRenewal: boolean) => boolean;
  /** So many bytes leave together. */
  readonly wrote: (bytes: number) => void;
  readonly planted?: PlantedBugs | undefined;
}

interface Waiting {
  readonly xid: number;
  readonly type: number;
  /** Undefined for a write that is under way. */
  readonly frame: Buffer | undefined;
  readonly types: readonly number[];
  readonly sinceMs: number;
  /** The reply, in its turn. */
  readonly refused?: Extract<OperationResult, { kind: 'error' }>;
  /** The connection closes after its reply. */
  readonly isLast?: boolean;
  /** Of SASL: what the client is told; null is none. */
  readonly token?: Buffer | null;
}

const NO_TYPES: readonly number[] = Object.freeze([]);
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
  private heardMs = 0;
  private readonly framing = new Framing();
  private readonly waiting = new Fifo<Waiting>();
  /** A `sync` or `closeSession` waits or is under way; what came behind it. */
  private isHeldBack = false;
  private held: Buffer[] = [];
  /** How many of those the question covers that has left; undefined while it has not. */
  private confirmedCount: number | undefined;
  private isConfirmed = false;
  private number = 0;
  private isPaused = false;
  private readonly credentials: Credentials;
  private isLeaving = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.acceptedMs = options.clock.monotonicMs();
    this.credentials = new Credentials(options);
  }

  get identities(): readonly Identity[] {
    return this.credentials.identities;
  }

  get outstanding(): number {
    return this.waiting.length + this.held.length;
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
    this.confirmedCount ??= this.held.length;
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
    this.waiting.takeAll();
    this.held = [];
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
  private guarded(handle: () => void): void {
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
    this.number = number;
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

  // ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────

  private receive(frame: Buffer): void {
    this.statistics.received += 1;
    this.options.heard();
    if (this.isHeldBack) this.held.push(frame);
    else this.take(frame);
  }

  private take(frame: Buffer): void {
    const reader = new JuteReader(frame);
    const xid = reader.int();
    const type = reader.int();
    if (type === opcodes.auth) this.authenticate(xid, reader);
    else if (type === opcodes.sasl) this.answerSasl(xid, reader);
    else if (!this.credentials.areEnough) this.refuseForGood(xid, type, 'SESSION_REQUIRES_AUTH');
    else if (this.isReadOnly && needsQuorum(type)) this.refuse(xid, type, 'NOT_READ_ONLY');
    else if (isWrite(type)) this.write(xid, type, reader);
    else if (this.mustConfirm(type)) this.confirm(frame);
    else if (type === opcodes.deleteContainer) this.refuse(xid, type, 'BAD_REQUEST');
    else if (type === opcodes.reconfig && !this.options.settings.reconfigEnabled)
      this.refuse(xid, type, 'RECONFIG_DISABLED');
    else {
      if (isBarrier(type)) this.isHeldBack = true;
      this.queue({ xid, type, frame, types: NO_TYPES, sinceMs: this.heardMs });
    }
  }

  /** What need not wait is carried out at once. */
  private queue(request: Waiting): void {
    if (this.waiting.length === 0 || this.options.planted?.has('read-overtakes-write'))
      this.carryOut(request);
    else this.waiting.push(request);
  }

  private mustConfirm(type: number): boolean {
    return this.options.settings.linearizableReads && !this.isConfirmed && isOfTree(type);
  }

  /**
   * A read that must be as new as its question: nothing passes it until the leader has said how far this member must be.
   * That holds for all that came until the question left, at the end of the turn.
   */
  private confirm(frame: Buffer): void {
    this.isHeldBack = true;
    this.held.push(frame);
    this.confirmedCount = undefined;
    this.touch();
    this.options.quorum.confirm(() => this.goOn(this.confirmedCount));
  }

  private write(xid: number, type: number, reader: JuteReader): void {
    const { quorum } = this.options;
    try {
      const { operation, types, refused } = readWrite(type, reader, {
        identities: this.identities,
        settings: this.options.settings,
      });
      if (refused !== undefined) {
        this.queue({ xid, type, types, frame: NO_FRAME, refused, sinceMs: this.heardMs });
        return;
      }
      const request: Waiting = { xid, type, types, frame: undefined, sinceMs: this.heardMs };
      quorum.submit(
        {
          session: this.session,
          incarnation: this.incarnation,
          number: this.number + 1,
          identities: this.identities,
          body: operation,
        },
        (result, zxid) => this.written(request, result, zxid),
      );
      this.number += 1;
      this.waiting.push(request);
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.reply(xid, type, { refused: { kind: 'error', error: error.toBody() } });
    }
  }

  private authenticate(xid: number, reader: JuteReader): void {
    reader.int();
    const scheme = reader.string();
    const outcome = this.credentials.prove(scheme, reader.buffer() ?? NO_BYTES);
    if (outcome === 'elsewhere') this.close();
    else if (outcome === 'refused') this.refuseForGood(xid, opcodes.auth, 'AUTH_FAILED');
    else this.reply(xid, opcodes.auth);
  }

  private answerSasl(xid: number, reader: JuteReader): void {
    const outcome = this.credentials.answerSasl(reader.buffer() ?? NO_BYTES);
    if ('refused' in outcome) this.refuseForGood(xid, opcodes.sasl, outcome.refused);
    else this.reply(xid, opcodes.sasl, outcome);
  }

  /** In its turn. */
  private refuse(xid: number, type: number, code: ErrorCode): void {
    this.reply(xid, type, { refused: failure(code) });
  }

  /** The connection closes after the reply, which has its turn; what comes behind it is not looked at. */
  private refuseForGood(xid: number, type: number, code: ErrorCode): void {
    this.options.authFailed();
    this.isHeldBack = true;
    this.reply(xid, type, { refused: failure(code), isLast: true });
  }

  /** To what needs no more than that its turn comes. */
  private reply(
    xid: number,
    type: number,
    more: Pick<Waiting, 'refused' | 'isLast' | 'token'> = {},
  ): void {
    this.queue({ xid, type, types: NO_TYPES, frame: NO_FRAME, sinceMs: this.heardMs, ...more });
  }

  private written(request: Waiting, result: OperationResult, zxid: Zxid): void {
    if (this.state !== 'open' && this.state !== 'closing') return;
    if (result.kind === 'error' && isOfSession(result.error.code)) {
      this.replyError(request, result.error.code, zxid);
      this.close();
      return;
    }
    assert(this.waiting.shift() === request, 'writes are applied in the order of their numbers');
    writeReply(this.out, request, result, zxid);
    this.answered(request, zxid, this.options.clock.monotonicMs());
    this.touch();
    this.carryOutWaiting();
  }

  private carryOutWaiting(): void {
    for (
      let next = this.waiting.peek();
      next?.frame !== undefined && (this.state === 'open' || this.state === 'closing');
      next = this.waiting.peek()
    ) {
      this.waiting.shift();
      this.carryOut(next);
    }
  }

  private carryOut(request: Waiting): void {
    const { type, frame, refused } = request;
    if (refused !== undefined) {
      const { zxid } = this.options.quorum.state();
      if (request.isLast === true) {
        this.out.reply(request.xid, NO_ZXID, errorNumber(refused.error.code));
        // Java's client reads a token even where there is an error.
        if (type === opcodes.sasl) this.out.buffer(null);
        this.out.end();
        this.close();
      } else writeReply(this.out, request, refused, zxid);
    } else if (request.token !== undefined) {
      this.out.reply(request.xid, NO_ZXID, 0);
      this.out.buffer(request.token);
      this.out.end();
    } else if (type === opcodes.sync) this.sync(request);
    else if (type === opcodes.closeSession) this.closeSession(request);
    else if (type === opcodes.reconfig) this.reconfigure(request);
    else if (type === opcodes.auth) {
      this.out.reply(request.xid, NO_ZXID, 0);
      this.out.end();
    } else if (type === opcodes.sasl) {
      // As a ZooKeeper without a login context: it has nothing to say to the token.
      this.out.reply(request.xid, NO_ZXID, 0);
      this.out.buffer(null);
      this.out.end();
    } else if (isRead(type)) {
      answerRead(request, new JuteReader(frame!, 8), this.out, {
        state: this.options.quorum.state(),
        session: this.session,
        identities: this.identities,
        watches: this.options.watches,
        notify: (event, path) => this.notify(event, path),
      });
    } else {
      // ZooKeeper closes as well: it cannot know what else such a client sends.
      this.replyError(request, 'UNIMPLEMENTED', -1);
      this.close();
    }
    if (!isBarrier(type)) this.answeredNow(request);
    this.touch();
  }

  /** A request that is carried out as it comes has waited for nobody: the clock need not be asked. */
  private answeredNow(request: Waiting): void {
    const { clock, quorum } = this.options;
    const hasWaited = request.sinceMs !== this.heardMs;
    const nowMs = hasWaited ? clock.monotonicMs() : this.heardMs;
    this.answered(request, quorum.state().zxid, nowMs);
  }

  private answered(request: Waiting, zxid: number, nowMs: number): void {
    const latencyMs = this.statistics.answered(request, zxid, nowMs);
    this.options.answered(latencyMs, isWrite(request.type));
  }

  private sync(request: Waiting): void {
    const path = pathOf(request.frame!);
    if (path === undefined) {
      this.replyError(request, 'MARSHALLING_ERROR');
      this.goOn();
      return;
    }
    this.options.quorum.confirm(() => {
      if (this.state !== 'open') return;
      const { zxid } = this.options.quorum.state();
      this.out.reply(request.xid, zxid, 0);
      this.out.string(path);
      this.out.end();
      this.answered(request, zxid, this.options.clock.monotonicMs());
      this.touch();
      this.goOn();
    });
  }

  private reconfigure(request: Waiting): void {
    const { quorum, settings, clock } = this.options;
    try {
      const wanted = readReconfig(request.frame!, this.identities, settings);
      quorum.reconfigure(wanted, (error) => {
        if (this.state !== 'open') return;
        if (error !== undefined && !isDefinite(error)) {
          this.close();
          return;
        }
        const state = quorum.state();
        if (error !== undefined) this.replyError(request, error.code);
        else writeConfiguration(this.out, request.xid, state);
        this.answered(request, state.zxid, clock.monotonicMs());
        this.touch();
        this.goOn();
      });
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      this.replyError(request, error.code);
      this.goOn();
    }
  }

  /** With what was held back; reads among the first `confirmedCount` need not be confirmed any more. */
  private goOn(confirmedCount = 0): void {
    if (this.state !== 'open') return;
    this.isHeldBack = false;
    const frames = this.held;
    this.held = [];
    for (const [index, frame] of frames.entries()) {
      this.isConfirmed = index < confirmedCount;
      if (this.isHeldBack) this.held.push(frame);
      else if (this.isOpen()) this.guarded(() => this.take(frame));
    }
    this.isConfirmed = false;
  }

  private isOpen(): boolean {
    return this.state === 'open';
  }

  private closeSession(request: Waiting): void {
    this.state = 'closing';
    if (this.isReadOnly) {
      this.farewell(request, this.options.quorum.state().zxid);
      return;
    }
    const operation = {
      session: this.session,
      incarnation: this.incarnation,
      number: 0,
      identities: NOBODY,
      body: { kind: 'closeSession', expired: false },
    } as const;
    this.guarded(() =>
      this.options.quorum.submit(operation, (_result, zxid) => {
        if (this.state === 'closing') this.farewell(request, zxid);
      }),
    );
  }

  private farewell({ xid }: Waiting, zxid: Zxid): void {
    this.out.reply(xid, zxid, 0);
    this.out.end();
    this.close();
  }

  notify(type: number, path: string): void {
    const { out } = this;
    out.reply(specialXids.notification, -1, 0);
    out.int(type);
    out.int(SYNC_CONNECTED);
    out.string(path);
    out.end();
    this.touch();
  }

  private replyError(
    { xid }: Waiting,
    code: MesozooError['code'],
    zxid: number = this.options.quorum.state().zxid,
  ): void {
    this.out.reply(xid, zxid, errorNumber(code));
    this.out.end();
    this.touch();
  }

  private touch(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.options.touched(this);
  }
}

/** Of an answer to credentials, which stand outside the order of changes. */
const NO_ZXID = 0;
const NO_FRAME = Buffer.alloc(0);

const failure = (code: ErrorCode) =>
  ({ kind: 'error', error: new MesozooError(code).toBody() }) as const;

/** Of a `sync`; undefined when it is not there. */
function pathOf(frame: Buffer): string | undefined {
  try {
    return new JuteReader(frame, 8).string();
  } catch (error) {
    if (error instanceof MesozooError) return undefined;
    throw error;
  }
}

/** What has no answer at once, and holds back whatever comes behind it until then. */
function isBarrier(type: number): boolean {
  return type === opcodes.sync || type === opcodes.closeSession || type === opcodes.reconfig;
}

/** What a member that only reads cannot do. */
function needsQuorum(type: number): boolean {
  return isWrite(type) || type === opcodes.sync || type === opcodes.reconfig;
}

function isOfSession(code: MesozooError['code']): boolean {
  return code === 'SESSION_EXPIRED' || code === 'SESSION_MOVED' || code === 'SEQUENCE_GAP';
}
