/**
 * One connection of a ZooKeeper client, and the session in it.
 *
 * Replies go out in the order of the requests. A write leaves for the quorum as soon as it is read; a read behind it
 * waits until it is applied, and is carried out before the next operation is applied: it sees exactly the state that
 * the order of the requests says. `sync` and `closeSession` hold back everything behind them.
 */
import { assert, type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import type { Identity, OperationResult, SessionOperation } from '../../../protocol/operations.ts';
import type { Clock, Logger, Random, TcpConnection, TcpHandlers } from '../../actor.ts';
import { Fifo } from '../client/fifo.ts';
import type { Quorum } from '../door/quorum.ts';
import type { WatchTable } from '../znodes/contract.ts';
import {
  authenticate,
  identitiesOfConnection,
  isAuthEnough,
  WRONG_ENSEMBLE,
  withIdentities,
} from './auth.ts';
import { Framing } from './framing.ts';
import { JuteReader, JuteWriter, NO_BYTES } from './jute.ts';
import { opcodes, SYNC_CONNECTED, specialXids } from './opcodes.ts';
import { answerRead, isRead } from './reads.ts';
import { errorNumber, writeReply } from './replies.ts';
import { isWrite, readWrite } from './requests.ts';
import type { SaslExchange } from './sasl/exchange.ts';
import type { GatewaySettings } from './settings.ts';
import { Tally } from './tally.ts';

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

const PASSWORD_BYTES = 16;
const NO_INCARNATION = 0 as SessionIncarnation;
const NO_SESSION = '0000000000000000';
const NOBODY: readonly Identity[] = Object.freeze([]);
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
  identities: readonly Identity[];
  state: 'greeting' | 'opening' | 'open' | 'closing' | 'closed' = 'greeting';
  isDirty = false;
  received = 0;
  sent = 0;
  establishedMs = 0;
  readonly latencyMs = new Tally();
  /** The last request that was answered. */
  readonly last = { type: 0, xid: 0, zxid: 0, atMs: 0 };
  /** When the bytes came that are read now. */
  private heardMs = 0;
  private readonly framing = new Framing();
  private readonly waiting = new Fifo<Waiting>();
  /** A `sync` or `closeSession` waits or is under way; what came behind it. */
  private isHeldBack = false;
  private held: Buffer[] = [];
  private number = 0;
  private isPaused = false;
  private isLeaving = false;
  private hasReadOnlyFlag = true;
  private sasl: SaslExchange | undefined;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.identities = identitiesOfConnection(options.tcp, options.settings);
  }

  get outstanding(): number {
    return this.waiting.length + this.held.length;
  }

  // ── The socket ──────────────────────────────────────────────────────────────────────────────────────────────

  data(bytes: Uint8Array): void {
    if (this.state === 'closed') return;
    this.framing.push(bytes);
    this.heardMs = this.options.clock.monotonicMs();
    if (this.state === 'open') this.options.quorum.touch(this.session);
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
      this.guarded(() => (this.state === 'greeting' ? this.connect(frame) : this.receive(frame)));
    }
    if (this.isPaused) {
      this.isPaused = false;
      this.options.tcp.resume();
    }
  }

  flush(): void {
    this.isDirty = false;
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

  private connect(frame: Buffer): void {
    const { settings, quorum, random } = this.options;
    const reader = new JuteReader(frame);
    reader.int();
    const seenZxid = reader.long();
    const askedMs = reader.int();
    const former = reader.hex();
    const password = Buffer.from(reader.buffer() ?? NO_BYTES);
    // Old clients do not send it, and do not read it either.
    this.hasReadOnlyFlag = reader.left > 0;
    if (!this.options.admits(former !== NO_SESSION)) {
      this.options.log.info('too many new connections', {
        address: this.options.tcp.remoteAddress,
      });
      this.close();
      return;
    }
    if (seenZxid > quorum.state().zxid) {
      this.options.log.info('client has seen more than this member', { seenZxid });
      this.close();
      return;
    }
    const timeoutMs = Math.min(
      settings.sessionTimeoutMaxMs,
      Math.max(settings.sessionTimeoutMinMs, askedMs),
    );
    this.state = 'opening';
    const holder = quorum.member;
    if (former === NO_SESSION) {
      const own = Buffer.from(random.bytes(PASSWORD_BYTES));
      this.begin(newSessionId(holder, random), own, {
        ...{ kind: 'openSession', password: own, timeoutMs, holder, clientNumbered: false },
      });
    } else {
      const body = { kind: 'attachSession', password, timeoutMs, holder } as const;
      this.begin(former as SessionId, password, body);
    }
  }

  private begin(session: SessionId, password: Buffer, body: SessionOperation): void {
    const operation = {
      session,
      incarnation: NO_INCARNATION,
      number: 0,
      identities: NOBODY,
      body,
    };
    this.options.quorum.submit(operation, (result) => {
      if (this.state === 'opening') this.begun(session, password, result);
    });
  }

  private begun(session: SessionId, password: Buffer, result: OperationResult): void {
    const view = this.options.quorum.state().session(session);
    if (result.kind !== 'session' || view?.incarnation !== result.incarnation) {
      this.writeConnected(0, NO_SESSION, Buffer.alloc(PASSWORD_BYTES));
      this.close();
      return;
    }
    this.session = session;
    this.incarnation = result.incarnation;
    this.number = result.number;
    this.timeoutMs = result.timeoutMs;
    this.state = 'open';
    this.establishedMs = this.options.clock.monotonicMs();
    this.options.opened(this);
    this.options.quorum.touch(session);
    this.writeConnected(result.timeoutMs, session, password);
    this.readOn();
  }

  private writeConnected(timeoutMs: number, session: string, password: Uint8Array): void {
    const { out } = this;
    out.begin();
    out.int(0);
    out.int(timeoutMs);
    out.hex(session);
    out.buffer(password);
    if (this.hasReadOnlyFlag) out.bool(false);
    out.end();
    this.touch();
  }

  // ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────

  private receive(frame: Buffer): void {
    this.received += 1;
    this.options.heard();
    if (this.isHeldBack) {
      this.held.push(frame);
      return;
    }
    const reader = new JuteReader(frame);
    const xid = reader.int();
    const type = reader.int();
    if (type === opcodes.auth) this.authenticate(xid, reader);
    else if (type === opcodes.sasl) this.answerSasl(xid, reader);
    else if (!isAuthEnough(this.identities, this.options.settings))
      this.refuseForGood(xid, type, 'SESSION_REQUIRES_AUTH');
    else if (isWrite(type)) this.write(xid, type, reader);
    else if (type === opcodes.deleteContainer) this.refuse(xid, type, 'BAD_REQUEST');
    else if (type === opcodes.reconfig && !this.options.settings.reconfigEnabled)
      this.refuse(xid, type, 'RECONFIG_DISABLED');
    else {
      const isBarrier = type === opcodes.sync || type === opcodes.closeSession;
      if (isBarrier) this.isHeldBack = true;
      this.queue({ xid, type, frame, types: NO_TYPES, sinceMs: this.heardMs });
    }
  }

  /** What need not wait is carried out at once. */
  private queue(request: Waiting): void {
    if (this.waiting.length === 0) this.carryOut(request);
    else this.waiting.push(request);
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
    const proven = authenticate(
      scheme,
      reader.buffer() ?? NO_BYTES,
      this.options.tcp,
      this.options.settings,
    );
    if (proven === WRONG_ENSEMBLE) {
      this.close();
      return;
    }
    if (proven === undefined || !this.addIdentities(proven)) {
      this.refuseForGood(xid, opcodes.auth, 'AUTH_FAILED');
      return;
    }
    this.reply(xid, opcodes.auth);
  }

  private answerSasl(xid: number, reader: JuteReader): void {
    const { log, tcp, beginSasl } = this.options;
    this.sasl ??= beginSasl();
    const { token, proven, refused, why } = this.sasl.answer(reader.buffer() ?? NO_BYTES);
    if (why !== undefined) log.info('SASL refused', { address: tcp.remoteAddress, reason: why });
    if (refused !== undefined || !this.addIdentities(proven))
      this.refuseForGood(xid, opcodes.sasl, refused ?? 'AUTH_FAILED');
    else this.reply(xid, opcodes.sasl, { token });
  }

  /** False where there are too many. */
  private addIdentities(added: readonly Identity[]): boolean {
    const identities = withIdentities(this.identities, added);
    if (identities === undefined) return false;
    this.identities = identities;
    return true;
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
        if (type === opcodes.sasl) this.out.int(NO_TOKEN);
        this.out.end();
        this.close();
      } else writeReply(this.out, request, refused, zxid);
    } else if (request.token !== undefined) {
      this.out.reply(request.xid, NO_ZXID, 0);
      if (request.token === null) this.out.int(NO_TOKEN);
      else this.out.buffer(request.token);
      this.out.end();
    } else if (type === opcodes.sync) this.sync(request);
    else if (type === opcodes.closeSession) this.closeSession(request);
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
    if (type !== opcodes.sync && type !== opcodes.closeSession) this.answeredNow(request);
    this.touch();
  }

  /** A request that is carried out as it comes has waited for nobody: the clock need not be asked. */
  private answeredNow(request: Waiting): void {
    const { clock, quorum } = this.options;
    const hasWaited = request.sinceMs !== this.heardMs;
    const nowMs = hasWaited ? clock.monotonicMs() : this.heardMs;
    this.answered(request, quorum.state().zxid, nowMs);
  }

  private answered({ type, xid, sinceMs }: Waiting, zxid: number, nowMs: number): void {
    this.sent += 1;
    const latencyMs = Math.round(nowMs - sinceMs);
    this.latencyMs.add(latencyMs);
    this.options.answered(latencyMs, isWrite(type));
    const { last } = this;
    last.type = type;
    last.xid = xid;
    last.zxid = zxid;
    last.atMs = nowMs;
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

  private goOn(): void {
    this.isHeldBack = false;
    const frames = this.held;
    this.held = [];
    for (const frame of frames) if (this.state === 'open') this.guarded(() => this.receive(frame));
  }

  private closeSession(request: Waiting): void {
    this.state = 'closing';
    const operation = {
      session: this.session,
      incarnation: this.incarnation,
      number: 0,
      identities: NOBODY,
      body: { kind: 'closeSession', expired: false },
    } as const;
    this.guarded(() =>
      this.options.quorum.submit(operation, (_result, zxid) => {
        if (this.state !== 'closing') return;
        this.out.reply(request.xid, zxid, 0);
        this.out.end();
        this.close();
      }),
    );
  }

  resetStatistics(): void {
    this.received = 0;
    this.sent = 0;
    this.latencyMs.reset();
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
/** The length of a buffer that is null. */
const NO_TOKEN = -1;
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

function isOfSession(code: MesozooError['code']): boolean {
  return code === 'SESSION_EXPIRED' || code === 'SESSION_MOVED' || code === 'SEQUENCE_GAP';
}

/** As ZooKeeper's: the member in the top byte, and positive as a signed number while there are fewer than 128. */
function newSessionId(member: MemberId, random: Random): SessionId {
  const bytes = Buffer.from(random.bytes(8));
  bytes[0] = member;
  return bytes.toString('hex') as SessionId;
}
