/**
 * The requests of one connection, whose replies go out in their order. A write leaves for the quorum as soon as it is
 * read; a read behind it waits until it is applied, and is carried out before the next operation is applied: it sees
 * exactly the state that the order of the requests says. `sync`, `reconfig` and `closeSession` hold back everything
 * behind them.
 */
import { assert, type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import type { Zxid } from '../../../protocol/ids.ts';
import type { Identity, OperationResult } from '../../../protocol/operations.ts';
import { Fifo } from '../client/fifo.ts';
import type { ClientConnection } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { Credentials } from './credentials.ts';
import { NOBODY } from './greeting.ts';
import { JuteReader, type JuteWriter, NO_BYTES } from './jute.ts';
import { isOfTree, opcodes } from './opcodes.ts';
import { answerRead, isRead } from './reads.ts';
import { isDefinite, readReconfig, writeConfiguration } from './reconfig.ts';
import { errorNumber, writeReply } from './replies.ts';
import { isWrite, readWrite, wholeResult } from './requests.ts';
import {
  failure,
  isBarrier,
  isOfSession,
  NO_FRAME,
  NO_TYPES,
  NO_ZXID,
  needsQuorum,
  pathOf,
  type Waiting,
} from './waiting.ts';

export class RequestLine {
  /** Of the session's last write. */
  number = 0;
  private readonly connection: ClientConnection;
  private readonly options: ConnectionOptions;
  private readonly out: JuteWriter;
  private readonly credentials: Credentials;
  private readonly waiting = new Fifo<Waiting>();
  /** A `sync` or `closeSession` waits or is under way; what came behind it. */
  private isHeldBack = false;
  private held: Buffer[] = [];
  /** How many of those the question covers that has left; undefined while it has not. */
  private confirmedCount: number | undefined;
  private isConfirmed = false;

  constructor(connection: ClientConnection) {
    this.connection = connection;
    this.options = connection.options;
    this.out = connection.out;
    this.credentials = new Credentials(connection.options);
  }

  get identities(): readonly Identity[] {
    return this.credentials.identities;
  }

  get outstanding(): number {
    return this.waiting.length + this.held.length;
  }

  /** The turn ends: a question that has gathered reads leaves with it. */
  turnEnded(): void {
    this.confirmedCount ??= this.held.length;
  }

  /** Nobody is there any more who would be answered. */
  drop(): void {
    this.waiting.takeAll();
    this.held = [];
    this.credentials.drop();
  }

  // ── As they come ────────────────────────────────────────────────────────────────────────────────────────────

  /** In the order in which they came. */
  receive(frame: Buffer): void {
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
    else if (this.connection.isReadOnly && needsQuorum(type))
      this.refuse(xid, type, 'NOT_READ_ONLY');
    else if (isWrite(type)) this.write(xid, type, reader);
    else if (this.mustConfirm(type)) this.confirm(frame);
    else if (type === opcodes.deleteContainer) this.refuse(xid, type, 'BAD_REQUEST');
    else if (type === opcodes.reconfig && !this.options.settings.reconfigEnabled)
      this.refuse(xid, type, 'RECONFIG_DISABLED');
    else {
      if (isBarrier(type)) this.isHeldBack = true;
      this.queue({ xid, type, frame, types: NO_TYPES, sinceMs: this.connection.heardMs });
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
    this.connection.touch();
    this.options.quorum.confirm(() => this.goOn(this.confirmedCount));
  }

  private write(xid: number, type: number, reader: JuteReader): void {
    const { quorum } = this.options;
    try {
      const asked = readWrite(type, reader, {
        identities: this.identities,
        settings: this.options.settings,
      });
      const request: Waiting = {
        xid,
        type,
        types: asked.types,
        frame: undefined,
        sinceMs: this.connection.heardMs,
      };
      quorum.submit(
        {
          session: this.connection.session,
          incarnation: this.connection.incarnation,
          number: this.number + 1,
          identities: this.identities,
          body: asked.operation,
        },
        (result, zxid) => this.written(request, wholeResult(asked, result), zxid),
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
    if (outcome === 'elsewhere') this.connection.close();
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
    this.queue({
      xid,
      type,
      types: NO_TYPES,
      frame: NO_FRAME,
      sinceMs: this.connection.heardMs,
      ...more,
    });
  }

  private written(request: Waiting, result: OperationResult, zxid: Zxid): void {
    if (this.connection.state !== 'open' && this.connection.state !== 'closing') return;
    if (result.kind === 'error' && isOfSession(result.error.code)) {
      this.replyError(request, result.error.code, zxid);
      this.connection.close();
      return;
    }
    assert(this.waiting.shift() === request, 'writes are applied in the order of their numbers');
    writeReply(this.out, request, result, zxid);
    this.answered(request, zxid, this.options.clock.monotonicMs());
    this.connection.touch();
    this.carryOutWaiting();
  }

  private carryOutWaiting(): void {
    for (
      let next = this.waiting.peek();
      next?.frame !== undefined &&
      (this.connection.state === 'open' || this.connection.state === 'closing');
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
        this.connection.close();
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
        session: this.connection.session,
        identities: this.identities,
        watches: this.options.watches,
        notify: (event, path) => this.connection.notify(event, path),
      });
    } else {
      // ZooKeeper closes as well: it cannot know what else such a client sends.
      this.replyError(request, 'UNIMPLEMENTED', -1);
      this.connection.close();
    }
    if (!isBarrier(type)) this.answeredNow(request);
    this.connection.touch();
  }

  /** A request that is carried out as it comes has waited for nobody: the clock need not be asked. */
  private answeredNow(request: Waiting): void {
    const { clock, quorum } = this.options;
    const hasWaited = request.sinceMs !== this.connection.heardMs;
    const nowMs = hasWaited ? clock.monotonicMs() : this.connection.heardMs;
    this.answered(request, quorum.state().zxid, nowMs);
  }

  private answered(request: Waiting, zxid: number, nowMs: number): void {
    const latencyMs = this.connection.statistics.answered(request, zxid, nowMs);
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
      if (this.connection.state !== 'open') return;
      const { zxid } = this.options.quorum.state();
      this.out.reply(request.xid, zxid, 0);
      this.out.string(path);
      this.out.end();
      this.answered(request, zxid, this.options.clock.monotonicMs());
      this.connection.touch();
      this.goOn();
    });
  }

  private reconfigure(request: Waiting): void {
    const { quorum, settings, clock } = this.options;
    try {
      const wanted = readReconfig(request.frame!, this.identities, settings);
      quorum.reconfigure(wanted, (error) => {
        if (this.connection.state !== 'open') return;
        if (error !== undefined && !isDefinite(error)) {
          this.connection.close();
          return;
        }
        const state = quorum.state();
        if (error !== undefined) this.replyError(request, error.code);
        else writeConfiguration(this.out, request.xid, state);
        this.answered(request, state.zxid, clock.monotonicMs());
        this.connection.touch();
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
    if (this.connection.state !== 'open') return;
    this.isHeldBack = false;
    const frames = this.held;
    this.held = [];
    for (const [index, frame] of frames.entries()) {
      this.isConfirmed = index < confirmedCount;
      if (this.isHeldBack) this.held.push(frame);
      else if (this.isOpen()) this.connection.guarded(() => this.take(frame));
    }
    this.isConfirmed = false;
  }

  private isOpen(): boolean {
    return this.connection.state === 'open';
  }

  private closeSession(request: Waiting): void {
    this.connection.state = 'closing';
    if (this.connection.isReadOnly) {
      this.farewell(request, this.options.quorum.state().zxid);
      return;
    }
    const operation = {
      session: this.connection.session,
      incarnation: this.connection.incarnation,
      number: 0,
      identities: NOBODY,
      body: { kind: 'closeSession', expired: false },
    } as const;
    this.connection.guarded(() =>
      this.options.quorum.submit(operation, (_result, zxid) => {
        if (this.connection.state === 'closing') this.farewell(request, zxid);
      }),
    );
  }

  private farewell({ xid }: Waiting, zxid: Zxid): void {
    this.out.reply(xid, zxid, 0);
    this.out.end();
    this.connection.close();
  }

  private replyError(
    { xid }: Waiting,
    code: MesozooError['code'],
    zxid: number = this.options.quorum.state().zxid,
  ): void {
    this.out.reply(xid, zxid, errorNumber(code));
    this.out.end();
    this.connection.touch();
  }
}
