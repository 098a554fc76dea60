/**
 * A session with the quorum that outlives its holders (contract.ts).
 *
 * While a member holds the session, requests go to that member's own subject. When it is gone, silent or says that it
 * holds the session no longer, the session is attached at whichever member answers (holder.ts), and then the client
 * sends its unanswered writes again with their numbers, asks its unanswered reads again and sets its watches again.
 */
import { pack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { type Subjects, subjectsOf } from '../../../protocol/subjects.ts';
import type {
  SessionEvent,
  ZnodeReplies,
  ZnodeRequest,
  ZnodeRequestName,
} from '../../../protocol/znode-api.ts';
import type { Delivery, Logger, Ports, Subscription, Timer } from '../../actor.ts';
import type {
  Answer,
  CoordClient,
  CoordClientOptions,
  Followed,
  SessionState,
} from './contract.ts';
import { Follower } from './follow.ts';
import { Holder } from './holder.ts';
import { readSessionEvent } from './incoming.ts';
import { IndefiniteError, type LaneSession, saysSessionIsGone } from './lane.ts';
import { ReadLane } from './read-lane.ts';
import { requestBytes, requestProblem, writeNames } from './request-check.ts';
import { Requests } from './requests.ts';
import { TellingOrder } from './telling-order.ts';
import { WatchKeeper } from './watch-keeper.ts';
import { type WatchKind, watchOf } from './watches.ts';
import { WriteLane } from './write-lane.ts';

interface Closing {
  readonly done: (() => void)[];
  readonly giveUpAtMs: number;
  askAtMs: number;
}

export class SessionClient implements CoordClient {
  state: SessionState = 'closed';

  private readonly ports: Ports;
  private readonly options: CoordClientOptions;
  private readonly log: Logger;
  private readonly subjects: Subjects;
  private readonly stateHandlers = new Set<(state: SessionState) => void>();
  private readonly tell = new TellingOrder();
  private readonly watches: WatchKeeper;

  private readonly holder: Holder;
  private requests: Requests | undefined;
  private events: Subscription | undefined;
  private eventsTo = '';
  private writes: WriteLane;
  private reads: ReadLane;
  private waitingBytes = 0;
  private tickTimer: Timer | undefined;
  private closing: Closing | undefined;

  constructor(ports: Ports, options: CoordClientOptions) {
    this.ports = ports;
    this.options = options;
    this.log = ports.log.child({ part: 'session' });
    this.subjects = subjectsOf(options.cluster);
    this.holder = this.newHolder();
    [this.writes, this.reads] = this.newLanes();
    this.watches = new WatchKeeper({
      tell: this.tell,
      isAttached: () => this.session !== undefined,
      readUrgently: (kind, request, done) => this.readForever(kind, request, done, true),
    });
    ports.transport.onConnection((connected) => this.holder.connectionChanged(connected));
  }

  get session(): SessionId | undefined {
    return this.holder.session;
  }

  /** Who holds it; undefined while nobody answers. */
  get member(): MemberId | undefined {
    const { attachment } = this.holder;
    return attachment?.holder === undefined ? undefined : attachment.member;
  }

  get lastHeardMs(): number {
    return this.holder.lastHeardMs;
  }

  get timeoutMs(): number {
    return this.holder.timeoutMs;
  }

  /** Why the last try to open or attach failed: for who gives up waiting. */
  get lastProblem(): MesozooError | undefined {
    return this.holder.lastProblem;
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
    this.tickTimer ??= this.ports.clock.after(this.holder.timing.tickMs, () => this.tick());
    this.enter('connecting');
    this.holder.startAttaching();
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
        return client.holder.timing.resendMs;
      },
      log: this.log,
      payloadBytesMax: this.ports.transport.maxPayloadBytes,
      nowMs: () => this.nowMs(),
      subject: (name) => this.holder.subject(name),
      encode: (_name, request, number) =>
        pack({
          ...request,
          sessionId: this.session,
          ...(number !== undefined && { number }),
        }),
      heard: (sentAtMs, value) => {
        this.holder.heard(sentAtMs);
        this.holder.noteEvents(value?.events);
      },
      holderAnswered: () => this.holder.answered(),
      holderLost: (why) => this.holder.lost(why),
    };
    const reads: ReadLane = new ReadLane(session, () => writes.answeredUpTo);
    const writes = new WriteLane(session, () => reads.pump());
    return [writes, reads];
  }

  // ── The holder ────────────────────────────────────────────────────────────────────────────────────────────

  private newHolder(): Holder {
    return new Holder({
      ports: this.ports,
      options: this.options,
      subjects: this.subjects,
      log: this.log,
      requests: () => this.requests,
      eventsTo: () => this.eventsTo,
      state: () => this.state,
      isEnding: () => this.closing !== undefined && this.closing.askAtMs > 0,
      oldestSentAtMs: () => this.oldestSentAtMs,
      attached: (taken) => this.attached(taken),
      lost: () => {
        this.detachLanes();
        this.enter('suspended');
      },
      expired: () => this.expire(),
      eventMissed: () => this.watches.lookForMissedEvents(),
    });
  }

  private attached(taken: number): void {
    if (this.state === 'connected') this.detachLanes();
    // The holder takes them in this order: what was missed is told before an answer that shows it.
    this.watches.lookForMissedEvents();
    this.reads.attached();
    this.writes.attached(taken);
    this.enter('connected');
  }

  private detachLanes(): void {
    this.writes.detached();
    this.reads.detached();
  }

  private tick(): void {
    this.tickTimer = this.ports.clock.after(this.holder.timing.tickMs, () => this.tick());
    this.holder.tick();
    if (this.state === 'connected') this.writes.tick();
    this.reads.tick();
    if (this.closing !== undefined) this.goOnClosing();
  }

  /** Of the requests that the present holder has not answered; now when there is none. */
  private get oldestSentAtMs(): number {
    const nowMs = this.nowMs();
    return Math.min(this.writes.oldestSentAtMs ?? nowMs, this.reads.oldestSentAtMs ?? nowMs);
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
      this.holder.lost('told of its expiry'); // attaching tells whether it is so
      return;
    }
    if (!('path' in event)) {
      this.holder.ping(); // by ourselves, or by an earlier try of ours: the holder knows
      return;
    }
    const missed = this.holder.noteEvent(event.number);
    this.reads.noteEvent(event);
    this.watches.receive(event);
    if (missed) this.watches.lookForMissedEvents();
  }

  // ── Endings ───────────────────────────────────────────────────────────────────────────────────────────────

  private expire(): void {
    this.log.warn('session expired', { session: this.session });
    this.holder.forget();
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
    const { closing } = this;
    const { attachment } = this.holder;
    if (closing === undefined) return;
    const nowMs = this.nowMs();
    if (attachment === undefined || nowMs >= closing.giveUpAtMs) {
      this.finishClosing();
      return;
    }
    if (this.writes.length > 0 && nowMs < closing.giveUpAtMs - CLOSE_MS / 2) return;
    if (nowMs < closing.askAtMs) return;
    closing.askAtMs = nowMs + this.holder.timing.attachRetryMs;
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
    this.holder.forget();
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

function notOpen(): MesozooError {
  return new MesozooError('UNAVAILABLE', 'the session is not open');
}

function tokenOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
