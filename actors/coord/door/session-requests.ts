/** Opening, attaching, keeping alive and closing sessions. */
import type { Form } from '../../../protocol/codec.ts';
import { assert, type ErrorBody, MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, SessionIncarnation } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { OperationResult } from '../../../protocol/operations.ts';
import { isInbox } from '../../../protocol/subjects.ts';
import type { SessionReplies } from '../../../protocol/znode-api.ts';
import type { Ports } from '../../actor.ts';
import { identitiesOf, NOBODY } from './credentials.ts';
import { HeldSession } from './held-session.ts';
import type { OpenRequest } from './open-request.ts';
import type { Quorum } from './quorum.ts';
import type { SessionTable } from './session-table.ts';
import { parseHolderPing, parseSessionRequest, type SessionBody } from './validation.ts';

const NO_INCARNATION = 0 as SessionIncarnation;
const SESSION_ID_BYTES = 8;
const PASSWORD_BYTES = 16;
const TOKEN_BYTES = 16;

export interface SessionRequestsOptions {
  readonly quorum: Quorum;
  readonly ports: Ports;
  /** Subject prefix of the requests of held sessions. */
  readonly holder: (token: string) => string;
  readonly sessions: SessionTable;
}

export class SessionRequests {
  private readonly quorum: Quorum;
  private readonly ports: Ports;
  private readonly holder: (token: string) => string;
  private readonly sessions: SessionTable;

  constructor({ quorum, ports, holder, sessions }: SessionRequestsOptions) {
    this.quorum = quorum;
    this.ports = ports;
    this.holder = holder;
    this.sessions = sessions;
  }

  open(request: OpenRequest, value: Record<string, unknown>, form: Form): void {
    const body = parseSessionRequest('open', value);
    if (body.eventsTo !== undefined && !isInbox(body.eventsTo)) {
      throw new MesozooError(
        'BAD_REQUEST',
        'the field "eventsTo" must be an inbox of the asker, for example _INBOX.abc',
      );
    }
    if ((body.sessionId === undefined) !== (body.password === undefined)) {
      throw new MesozooError('BAD_REQUEST', 'give sessionId and password together, or neither');
    }
    const identities = body.auth === undefined ? NOBODY : identitiesOf(body.auth);
    const attaching = body.sessionId !== undefined;
    const id = (body.sessionId ?? this.randomHex(SESSION_ID_BYTES)) as SessionId;
    const password = body.password ?? this.randomHex(PASSWORD_BYTES);
    const common = {
      password: Buffer.from(password, 'hex'),
      timeoutMs: clampTimeout(body.timeoutMs),
      holder: this.quorum.member,
    };
    const operation = {
      session: id,
      incarnation: NO_INCARNATION,
      number: 0,
      identities: NOBODY,
      body: attaching
        ? ({ kind: 'attachSession', ...common } as const)
        : ({ kind: 'openSession', ...common, clientNumbered: body.numbered } as const),
    };
    this.quorum.submit(operation, (result) => {
      if (result.kind === 'error') {
        request.failWith(result.error);
        return;
      }
      assert(result.kind === 'session', `opening a session gave ${result.kind}`);
      const token = this.randomHex(TOKEN_BYTES);
      this.hold(id, { password, token, identities }, body, form, result);
      request.answer({
        sessionId: id,
        password,
        timeoutMs: result.timeoutMs,
        holder: this.holder(token),
        member: this.quorum.member,
        incarnation: result.incarnation,
        number: result.number,
        events: this.sessions.find(id)?.eventNumber ?? 0,
      } satisfies SessionReplies['open']);
    });
    request.isSubmitted = true;
  }

  private hold(
    id: SessionId,
    secrets: Pick<HeldSession['options'], 'password' | 'token' | 'identities'>,
    body: SessionBody<'open'>,
    form: Form,
    result: Extract<OperationResult, { kind: 'session' }>,
  ): void {
    const view = this.quorum.state().session(id);
    // Later operations of the same entry may have moved or ended it already.
    if (view === undefined || view.incarnation !== result.incarnation) return;
    this.sessions.hold(
      new HeldSession(this.quorum, {
        id,
        ...secrets,
        incarnation: result.incarnation,
        timeoutMs: result.timeoutMs,
        clientNumbered: view.clientNumbered,
        number: result.number,
        events: body.eventsTo === undefined ? undefined : { subject: body.eventsTo, form },
      }),
    );
    this.quorum.touch(id);
  }

  /** Through the queue: any member can tell the leader that the session lives. */
  ping(request: OpenRequest, value: Record<string, unknown>): void {
    const { sessionId, password } = parseSessionRequest('ping', value);
    this.checkContact();
    const id = sessionId as SessionId;
    this.withKnown(id, request, () => {
      if (!this.quorum.state().isPassword(id, Buffer.from(password, 'hex'))) {
        request.fail(new MesozooError('SESSION_EXPIRED'));
        return;
      }
      this.quorum.touch(id);
      request.answer(this.pingAnswer(id));
    });
  }

  pingHolder(request: OpenRequest, value: Record<string, unknown>, token: string): void {
    const { sessionId } = parseHolderPing(value);
    this.checkContact();
    const id = sessionId as SessionId;
    if (this.sessions.findBy(id, token) === undefined) {
      this.refuseForeign(request, id);
      return;
    }
    this.quorum.touch(id);
    request.answer(this.pingAnswer(id));
  }

  /** A pong says that the session lives on, which only a leader can bring about. */
  private checkContact(): void {
    if (this.quorum.isInContact()) return;
    throw new MesozooError(
      'UNAVAILABLE',
      'this member has no leader, or is far behind it: attach to another',
    );
  }

  close(request: OpenRequest, value: Record<string, unknown>): void {
    const { sessionId, password } = parseSessionRequest('close', value);
    const id = sessionId as SessionId;
    const held = this.sessions.find(id);
    if (held === undefined) {
      this.attachAndClose(request, id, password);
      return;
    }
    if (held.options.password !== password) throw new MesozooError('SESSION_EXPIRED');
    const written = (result: OperationResult) => answerClosed(request, result);
    held.take({ request, isClose: true, written }, this.ports.clock.monotonicMs());
  }

  /** Attaching proves the password, and ends what the former holder may still have under way. */
  private attachAndClose(request: OpenRequest, id: SessionId, password: string): void {
    const timeoutMs = this.quorum.state().session(id)?.timeoutMs ?? limits.sessionTimeoutDefaultMs;
    const operation = { session: id, number: 0, identities: NOBODY };
    const body = {
      kind: 'attachSession',
      password: Buffer.from(password, 'hex'),
      timeoutMs,
      holder: this.quorum.member,
    } as const;
    this.quorum.submit({ ...operation, incarnation: NO_INCARNATION, body }, (attached) => {
      if (attached.kind === 'error') {
        request.failWith(attached.error);
        return;
      }
      assert(attached.kind === 'session', `attaching a session gave ${attached.kind}`);
      try {
        this.quorum.submit(
          {
            ...operation,
            incarnation: attached.incarnation,
            body: { kind: 'closeSession', expired: false },
          },
          (result) => answerClosed(request, result),
        );
      } catch (error) {
        if (!(error instanceof MesozooError)) throw error;
        request.fail(error);
      }
    });
    request.isSubmitted = true;
  }

  /** A request in a session that is not held here, or not under this token. This member may lag, so it asks before it says that there is none. */
  refuseForeign(request: OpenRequest, id: SessionId): void {
    this.withKnown(id, request, () => request.fail(new MesozooError('SESSION_MOVED')));
  }

  private withKnown(id: SessionId, request: OpenRequest, known: () => void): void {
    const isKnown = () => {
      const view = this.quorum.state().session(id);
      return view !== undefined && !view.ofMember;
    };
    if (isKnown()) {
      known();
      return;
    }
    this.quorum.confirm(() => {
      if (isKnown()) known();
      else request.fail(new MesozooError('SESSION_EXPIRED'));
    });
  }

  private pingAnswer(id: SessionId): SessionReplies['ping'] {
    const { zxid } = this.quorum.state();
    const held = this.sessions.find(id);
    return held === undefined ? { zxid } : { zxid, events: held.eventNumber };
  }

  private randomHex(bytes: number): string {
    return Buffer.from(this.ports.random.bytes(bytes)).toString('hex');
  }
}

function answerClosed(request: OpenRequest, result: OperationResult): void {
  const error: ErrorBody | undefined = result.kind === 'error' ? result.error : undefined;
  if (error === undefined) request.answer({} satisfies SessionReplies['close']);
  else request.failWith(error);
}

function clampTimeout(timeoutMs: number): number {
  return Math.min(limits.sessionTimeoutMaxMs, Math.max(limits.sessionTimeoutMinMs, timeoutMs));
}
