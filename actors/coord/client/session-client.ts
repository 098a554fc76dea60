/**
 * A session with the quorum that outlives its holders (contract.ts).
 *
 * While a member holds the session, requests go to that member's own subject. When it is gone, silent or says that it
 * holds the session no longer, the client attaches at whichever member answers, and then sends its unanswered writes
 * again with their numbers, asks its unanswered reads again and sets its watches again. Only the quorum says that a
 * session has expired: until then the client keeps trying.
 */
import { pack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { type Subjects, subjectsOf } from '../../../protocol/subjects.ts';
import type {
  SessionEvent,
  SessionReplies,
  ZnodeReplies,
  ZnodeRequest,
  ZnodeRequestName,
} from '../../../protocol/znode-api.ts';
import type { Delivery, Logger, Ports, Subscription, Timer } from '../../actor.ts';
import type {
  Answer,
  ClientTiming,
  CoordClient,
  CoordClientOptions,
  Followed,
  SessionState,
} from './contract.ts';
import { Follower } from './follow.ts';
import { readOpened, readSessionEvent } from './incoming.ts';
import {
  backoffMs,
  IndefiniteError,
  isPassing,
  type LaneSession,
  saysSessionIsGone,
} from './lane.ts';
import { ReadLane } from './read-lane.ts';
import { requestBytes, requestProblem, writeNames } from './request-check.ts';
import { type Outcome, Requests } from './requests.ts';
import { TellingOrder } from './telling-order.ts';
import { WatchKeeper } from './watch-keeper.ts';
import { type WatchKind, watchOf } from './watches.ts';
import { WriteLane } from './write-lane.ts';

/** The session as the quorum knows it, and where it is. */
interface Attachment {
  readonly session: SessionId;
  readonly password: string;
  readonly incarnation: number;
  /** Undefined while no member answers for the session. */
  readonly holder: string | undefined;
  readonly member: MemberId;
}

interface Closing {
  readonly done: (() => void)[];
  readonly giveUpAtMs: number;
  askAtMs: number;
}

export class SessionClient implements CoordClient {
  state: SessionState = 'closed';
  lastHeardMs = Number.NEGATIVE_INFINITY;
  timeoutMs: number;
  /** Why the last try to open or attach failed: for who gives up waiting. */
  lastProblem: MesozooError | undefined;

  private readonly ports: Ports;
  private readonly options: CoordClientOptions;
  private readonly log: Logger;
  private readonly subjects: Subjects;
  private readonly stateHandlers = new Set<(state: SessionState) => void>();
  private readonly tell = new TellingOrder();
  private readonly watches: WatchKeeper;

  private timing: ClientTiming;
  private requests: Requests | undefined;
  private events: Subscription | undefined;
  private eventsTo = '';
  private attachment: Attachment | undefined;
  private writes: WriteLane;
  private reads: ReadLane;
  private waitingBytes = 0;
  private tickTimer: Timer | undefined;
  private closing: Closing | undefined;

  private holderHeardAtMs = 0;
  private pingSentAtMs = 0;
  /** The first ping since the holder was heard. */
  private unansweredPingAtMs: number | undefined;
  private attachTries = 0;
  private attachAtMs = 0;
  /** Number of the last event of this attachment. */
  private eventsSeen = 0;

  constructor(ports: Ports, options: CoordClientOptions) {
    this.ports = ports;
    this.options = options;
    this.log = ports.log.child({ part: 'session' });
    this.subjects = subjectsOf(options.cluster);
    this.timeoutMs = options.timeoutMs;
    this.timing = timingOf(options.timeoutMs, options.timing);
    [this.writes, this.reads] = this.newLanes();
    this.watches = new WatchKeeper({
      tell: this.tell,
      isAttached: () => this.attachment !== undefined,
      readUrgently: (kind, request, done) => this.readForever(kind, request, done, true),
    });
    ports.transport.onConnection((connected) => this.connectionChanged(connected));
  }

  get session(): SessionId | undefined {
    return this.attachment?.session;
  }

  /** Who holds it; undefined while nobody answers. */
  get member(): MemberId | undefined {
    return this.attachment?.holder === undefined ? undefined : this.attachment.member;
  }

  open(): void {
    if (this.state !== 'closed' && this.state !== 'expired') return;
    this.requests ??= new Requests(this.ports);
    if (this.events === undefined) {
      this.eventsTo = `${this.ports.transport.inbox}.${tokenOf(this.ports.random.bytes(8))}`;
      this.events = this.ports.transport.subscribe(this.eventsTo, (delivery) =>
        this.receiveEvent(delivery),
      );
    }
    this.tickTimer ??= this.ports.clock.after(this.timing.tickMs, () => this.tick());
    this.enter('connecting');
    this.startAttaching();
  }

  close(done?: () => void): void {
    if (this.closing !== undefined) {
      if (done !== undefined) this.closing.done.push(done);
      return;
    }
    if (this.state === 'closed') {
      if (done !== undefined) this.later(done);
      return;
    }
    this.closing = {
      done: done === undefined ? [] : [done],
      giveUpAtMs: this.nowMs() + CLOSE_MS,
      askAtMs: 0,
    };
    this.later(() => this.goOnClosing());
  }

  onState(handler: (state: SessionState) => void): { stop(): void } {
    // Of its own: the same handler may be given twice.
    const told = (state: SessionState) => handler(state);
    this.stateHandlers.add(told);
    return { stop: () => this.stateHandlers.delete(told) };
  }

  onEvent(handler: Parameters<CoordClient['onEvent']>[0]): void {
    this.watches.onEvent(handler);
  }

  request<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
    done: (answer: Answer<ZnodeReplies[Name]>) => void,
  ): void {
    const refusal = this.refusal(name, request);
    if (refusal !== undefined) {
      this.later(() => done({ ok: false, error: refusal }));
      return;
    }
    const bytes = requestBytes(request as Record<string, unknown>);
    this.waitingBytes += bytes;
    const settle = (answer: Answer<Record<string, unknown>>) => {
      this.waitingBytes -= bytes;
      done(answer as unknown as Answer<ZnodeReplies[Name]>);
    };
    if (writeNames.has(name)) {
      this.writes.add(name, request, (answer) => this.tell.after(() => settle(answer)));
      return;
    }
    this.reads.add(
      name,
      request,
      (answer, overtakenBy) => {
        // What failed shows nothing, and has a deadline.
        if (!answer.ok) settle(answer);
        else {
          const { looks } = this.watches;
          this.tell.after(() => {
            const watch =
              'watch' in request && request.watch === true
                ? watchOf(name as WatchKind, String(request.path), answer)
                : undefined;
            this.watches.settleRead(watch, () => settle(answer), overtakenBy, looks);
          });
        }
      },
      { after: this.writes.last, deadlineMs: limits.requestDeadlineMs },
    );
  }

  follow(
    kind: 'get' | 'exists' | 'children',
    path: string,
    handler: (answer: Answer<Followed>) => void,
  ): { stop(): void } {
    const follower = new Follower(kind, path, handler, (name, request, done) =>
      this.readForever(name, request, done),
    );
    this.later(() => follower.refresh());
    return this.watches.follow(follower);
  }

  // ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────

  private refusal<Name extends ZnodeRequestName>(
    name: Name,
    request: ZnodeRequest<Name>,
  ): MesozooError | undefined {
    if (this.state === 'closed' || this.closing !== undefined) return notOpen();
    if (this.state === 'expired') return new MesozooError('SESSION_EXPIRED');
    const problem = requestProblem(name, request);
    if (problem !== undefined) return problem;
    const waiting = this.writes.length + this.reads.length;
    if (waiting >= limits.clientWaiting || this.waitingBytes >= limits.clientWaitingBytes)
      return new MesozooError(
        'TOO_MANY_REQUESTS',
        `${waiting} requests of this session already wait`,
      );
    if (
      'watch' in request &&
      request.watch === true &&
      this.watches.size >= limits.watchesPerSession
    )
      return new MesozooError(
        'TOO_MANY_REQUESTS',
        `the session already has ${limits.watchesPerSession} watches`,
      );
    return undefined;
  }

  /** For followers and watches: waits as long as the session lives. */
  private readForever(
    name: WatchKind,
    request: { path: string; watch: boolean },
    done: (answer: Answer<Record<string, unknown>>) => void,
    urgent = false,
  ): void {
    if (this.state === 'closed' || this.state === 'expired') {
      const error = this.state === 'closed' ? notOpen() : new MesozooError('SESSION_EXPIRED');
      this.later(() => done({ ok: false, error }));
      return;
    }
    this.reads.add(name, request, (answer) => done(answer), { after: this.writes.last, urgent });
  }

  private newLanes(): [WriteLane, ReadLane] {
    const client = this;
    const session: LaneSession = {
      get requests() {
        return client.requests!;
      },
      get resendMs() {
        return client.timing.resendMs;
      },
      log: this.log,
      payloadBytesMax: this.ports.transport.maxPayloadBytes,
      nowMs: () => this.nowMs(),
      subject: (name) => {
        const holder = this.attachment?.holder;
        return holder === undefined ? undefined : this.subjects.atHolder(holder, name);
      },
      encode: (_name, request, number) =>
        pack({
          ...request,
          sessionId: this.attachment?.session,
          ...(number !== undefined && { number }),
        }),
      heard: (sentAtMs, value) => {
        this.heard(sentAtMs);
        this.noteEvents(value?.events);
      },
      holderAnswered: () => this.holderAnswered(),
      holderLost: (why) => this.holderLost(why),
    };
    const reads: ReadLane = new ReadLane(session, () => writes.answeredUpTo);
    const writes = new WriteLane(session, () => reads.pump());
    return [writes, reads];
  }

  // ── The holder ────────────────────────────────────────────────────────────────────────────────────────────

  private heard(sentAtMs: number): void {
    this.holderAnswered();
    this.lastHeardMs = Math.max(this.lastHeardMs, sentAtMs);
  }

  private holderAnswered(): void {
    this.holderHeardAtMs = this.nowMs();
    this.unansweredPingAtMs = undefined;
  }

  private holderLost(why: string): void {
    if (this.state !== 'connected' || this.attachment === undefined) return;
    if (this.closing !== undefined && this.closing.askAtMs > 0) return; // by ourselves
    this.log.info('session suspended', { session: this.attachment.session, why });
    this.attachment = { ...this.attachment, holder: undefined };
    this.writes.detached();
    this.reads.detached();
    this.enter('suspended');
    this.startAttaching();
  }

  private connectionChanged(connected: boolean): void {
    if (this.requests === undefined) return;
    // Events that were published meanwhile are lost: attaching anew finds what was missed.
    if (!connected) this.holderLost('disconnected');
    else if (this.isAttaching()) this.startAttaching();
  }

  private isAttaching(): boolean {
    return this.state === 'connecting' || this.state === 'suspended';
  }

  private startAttaching(): void {
    this.attachTries = 0;
    this.tryToAttach();
  }

  /** Opens the session, or attaches it. Earlier tries still count: the quorum may take any of them, the last one wins. */
  private tryToAttach(): void {
    if (this.requests === undefined || !this.ports.transport.isConnected()) {
      this.attachAtMs = this.nowMs() + this.timing.attachRetryMs;
      return;
    }
    this.attachTries += 1;
    const jitter = 0.75 + this.ports.random.next() / 2;
    this.attachAtMs =
      this.nowMs() + backoffMs(this.timing.attachRetryMs, this.attachTries) * jitter;
    const { attachment } = this;
    const sentAtMs = this.nowMs();
    const request = {
      timeoutMs: this.options.timeoutMs,
      eventsTo: this.eventsTo,
      numbered: true,
      ...(this.options.digest !== undefined && {
        auth: [{ scheme: 'digest', auth: this.options.digest }],
      }),
      ...(attachment !== undefined && {
        sessionId: attachment.session,
        password: attachment.password,
      }),
    };
    this.requests.ask(
      this.subjects.session('open'),
      pack(request),
      limits.requestDeadlineMs,
      (outcome) => this.receiveOpen(outcome, attachment?.session, sentAtMs),
    );
  }

  private receiveOpen(given: Outcome, session: SessionId | undefined, sentAtMs: number): void {
    const opened = given.kind === 'reply' ? readOpened(given.value) : undefined;
    if (opened !== undefined) {
      this.receiveOpened(opened, session, sentAtMs);
      return;
    }
    const outcome = given.kind === 'reply' ? notReadable() : given;
    if (!this.isAttaching() || session !== this.session) return;
    if (outcome.kind === 'error' && saysSessionIsGone(outcome.error) && session !== undefined) {
      this.expire();
      return;
    }
    this.lastProblem = problemOf(outcome);
    if (outcome.kind === 'error' && !isPassing(outcome.error))
      this.log.error('session refused', { error: outcome.error });
    // An answer that came at once is no reason to ask again at once.
    if (outcome.kind !== 'timeout')
      this.attachAtMs = Math.min(this.attachAtMs, this.nowMs() + this.timing.attachRetryMs);
  }

  private receiveOpened(
    opened: SessionReplies['open'],
    asked: SessionId | undefined,
    sentAtMs: number,
  ): void {
    const { attachment } = this;
    if (asked === undefined && (attachment !== undefined || this.state !== 'connecting')) {
      this.closeOrphan(opened);
      return;
    }
    if (asked !== attachment?.session) return;
    if (attachment !== undefined && opened.incarnation <= attachment.incarnation) return;
    if (this.state === 'connected') {
      this.writes.detached();
      this.reads.detached();
    }
    this.attachment = {
      session: opened.sessionId as SessionId,
      password: opened.password,
      incarnation: opened.incarnation,
      holder: opened.holder,
      member: opened.member as MemberId,
    };
    this.timeoutMs = opened.timeoutMs;
    this.timing = timingOf(opened.timeoutMs, this.options.timing);
    this.eventsSeen = opened.events ?? 0;
    this.lastProblem = undefined;
    this.heard(sentAtMs);
    this.pingSentAtMs = this.nowMs();
    this.log.info('session attached', {
      session: opened.sessionId,
      member: opened.member,
      incarnation: opened.incarnation,
    });
    // The holder takes them in this order: what was missed is told before an answer that shows it.
    this.watches.lookForMissedEvents();
    this.reads.attached();
    this.writes.attached(opened.number);
    this.enter('connected');
  }

  /** Two tries to open may both succeed; the second session has nothing, and need not live until it expires. */
  private closeOrphan(opened: SessionReplies['open']): void {
    if (opened.sessionId === this.session) return;
    const { sessionId, password } = opened;
    this.ports.transport.publish(this.subjects.session('close'), pack({ sessionId, password }));
  }

  private ping(): void {
    const { attachment } = this;
    if (attachment?.holder === undefined || this.requests === undefined) return;
    const sentAtMs = this.nowMs();
    this.pingSentAtMs = sentAtMs;
    this.unansweredPingAtMs ??= sentAtMs;
    this.requests.ask(
      this.subjects.atHolder(attachment.holder, 'ping'),
      pack({ sessionId: attachment.session }),
      limits.requestDeadlineMs,
      (outcome) => {
        if (this.attachment === attachment) this.receivePong(outcome, sentAtMs);
      },
    );
  }

  private receivePong(outcome: Outcome, sentAtMs: number): void {
    if (outcome.kind === 'noResponder') this.holderLost('no responder');
    else if (outcome.kind === 'error') {
      // UNAVAILABLE: the holder lives, but is cut off from the quorum. Another may not be.
      if (saysSessionIsGone(outcome.error) || isPassing(outcome.error))
        this.holderLost(outcome.error.code);
      else this.holderAnswered();
    } else if (outcome.kind === 'reply') {
      this.heard(sentAtMs);
      this.noteEvents(outcome.value.events);
    }
  }

  /** `events`, in an answer: the number of the last event that the holder has published to us. */
  private noteEvents(events: unknown): void {
    if (typeof events !== 'number' || events === this.eventsSeen) return;
    const missed = events > this.eventsSeen;
    this.eventsSeen = events;
    if (missed) this.watches.lookForMissedEvents();
  }

  private tick(): void {
    this.tickTimer = this.ports.clock.after(this.timing.tickMs, () => this.tick());
    const nowMs = this.nowMs();
    if (this.state === 'connected') {
      const unansweredMs = nowMs - (this.unansweredPingAtMs ?? nowMs);
      if (unansweredMs > this.timing.silenceMs) this.holderLost('silent');
      else if (nowMs - this.oldestSentAtMs > this.timing.stuckMs) this.holderLost('stuck');
      else if (this.shouldPing(nowMs)) this.ping();
    }
    if (this.isAttaching() && nowMs >= this.attachAtMs) this.tryToAttach();
    if (this.state === 'connected') this.writes.tick();
    this.reads.tick();
    if (this.closing !== undefined) this.goOnClosing();
  }

  /** Of the requests that the present holder has not answered; now when there is none. */
  private get oldestSentAtMs(): number {
    const nowMs = this.nowMs();
    return Math.min(this.writes.oldestSentAtMs ?? nowMs, this.reads.oldestSentAtMs ?? nowMs);
  }

  private shouldPing(nowMs: number): boolean {
    const sincePingMs = nowMs - this.pingSentAtMs;
    if (sincePingMs >= this.timing.pingIntervalMs) return true;
    const { probeAfterMs } = this.timing;
    return (
      nowMs - this.oldestSentAtMs >= probeAfterMs &&
      nowMs - this.holderHeardAtMs >= probeAfterMs &&
      sincePingMs >= probeAfterMs
    );
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────

  private receiveEvent(delivery: Delivery): void {
    let event: SessionEvent;
    try {
      event = readSessionEvent(delivery.payload);
    } catch (error) {
      this.log.warn('event not readable', { error });
      return;
    }
    if (event.sessionId !== this.session) return;
    if (event.event === 'expired') {
      this.holderLost('told of its expiry'); // attaching tells whether it is so
      return;
    }
    if (!('path' in event)) {
      this.ping(); // by ourselves, or by an earlier try of ours: the holder knows
      return;
    }
    const { number } = event;
    const missed = number !== undefined && number > this.eventsSeen + 1;
    if (number !== undefined) this.eventsSeen = Math.max(this.eventsSeen, number);
    this.reads.noteEvent(event);
    this.watches.receive(event);
    if (missed) this.watches.lookForMissedEvents();
  }

  // ── Endings ───────────────────────────────────────────────────────────────────────────────────────────────

  private expire(): void {
    this.log.warn('session expired', { session: this.session });
    this.attachment = undefined;
    const { writes, reads } = this;
    [this.writes, this.reads] = this.newLanes();
    // What was held back goes out in its order, events to their watches too.
    this.tell.release();
    this.watches.clear();
    this.enter('expired');
    writes.fail((wasSent) =>
      wasSent
        ? new IndefiniteError('SESSION_EXPIRED', 'the session has expired before the answer')
        : new MesozooError('SESSION_EXPIRED'),
    );
    reads.fail(() => new MesozooError('SESSION_EXPIRED'));
    this.watches.tellFollowersExpired(new MesozooError('SESSION_EXPIRED'));
    if (this.closing !== undefined) this.finishClosing();
    else if (this.options.reopen && this.state === 'expired') this.reopen();
  }

  private reopen(): void {
    this.open();
    this.watches.refreshFollowers();
  }

  /** Waits for the writes on the way, then closes the session at any member; after a while without that. */
  private goOnClosing(): void {
    const { closing, attachment } = this;
    if (closing === undefined) return;
    const nowMs = this.nowMs();
    if (attachment === undefined || nowMs >= closing.giveUpAtMs) {
      this.finishClosing();
      return;
    }
    if (this.writes.length > 0 && nowMs < closing.giveUpAtMs - CLOSE_MS / 2) return;
    if (nowMs < closing.askAtMs) return;
    closing.askAtMs = nowMs + this.timing.attachRetryMs;
    const { session: sessionId, password } = attachment;
    this.requests?.ask(
      this.subjects.session('close'),
      pack({ sessionId, password }),
      CLOSE_MS,
      (outcome) => {
        if (outcome.kind === 'reply') this.finishClosing();
        if (outcome.kind === 'error' && saysSessionIsGone(outcome.error)) this.finishClosing();
      },
    );
  }

  private finishClosing(): void {
    const { closing, requests } = this;
    if (closing === undefined) return;
    this.closing = undefined;
    this.attachment = undefined;
    const { writes, reads } = this;
    [this.writes, this.reads] = this.newLanes();
    // What was held back goes out in its order, events to their watches too.
    this.tell.release();
    this.watches.clear();
    this.tickTimer?.cancel();
    this.tickTimer = undefined;
    this.events?.unsubscribe();
    this.events = undefined;
    this.requests = undefined;
    this.enter('closed');
    writes.fail((wasSent) => new MesozooError(wasSent ? 'CONNECTION_LOST' : 'UNAVAILABLE'));
    reads.fail(notOpen);
    requests?.close();
    for (const done of closing.done) done();
  }

  private enter(state: SessionState): void {
    if (this.state === state) return;
    this.state = state;
    for (const handler of [...this.stateHandlers]) handler(state);
  }

  private later(run: () => void): void {
    this.ports.clock.after(0, run);
  }

  private nowMs(): number {
    return this.ports.clock.monotonicMs();
  }
}

/** A close that is not answered within this time is left to the session's timeout. */
const CLOSE_MS = 3_000;

function timingOf(timeoutMs: number, given: Partial<ClientTiming> | undefined): ClientTiming {
  const pingIntervalMs = Math.min(1_500, timeoutMs / 3);
  return {
    tickMs: Math.min(200, Math.max(20, timeoutMs / 40)),
    pingIntervalMs,
    probeAfterMs: Math.min(400, timeoutMs / 6),
    silenceMs: Math.min(1_200, timeoutMs / 4),
    stuckMs: Math.max(2_000, timeoutMs / 2),
    resendMs: 1_000,
    attachRetryMs: Math.min(500, timeoutMs / 8),
    ...given,
  };
}

function problemOf(outcome: Exclude<Outcome, { kind: 'reply' }>): MesozooError {
  if (outcome.kind === 'error') return outcome.error;
  if (outcome.kind === 'noResponder')
    return new MesozooError('UNAVAILABLE', 'no coord listens for sessions');
  return new MesozooError('TIMEOUT', 'no coord has answered');
}

function notReadable(): Exclude<Outcome, { kind: 'reply' }> {
  const error = new MesozooError('INTERNAL', 'the answer to the opening is not readable');
  return { kind: 'error', error };
}

function notOpen(): MesozooError {
  return new MesozooError('UNAVAILABLE', 'the session is not open');
}

function tokenOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
