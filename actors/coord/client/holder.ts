/**
 * Where a session is: opens it, attaches it at whichever member answers, and asks whether the member that holds it still
 * lives. Only the quorum says that a session has expired: until then it keeps trying.
 */
import { pack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId, SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import type { SessionReplies } from '../../../protocol/znode-api.ts';
import type { Logger, Ports } from '../../actor.ts';
import type { ClientTiming, CoordClientOptions, SessionState } from './contract.ts';
import { readOpened } from './incoming.ts';
import { backoffMs, isPassing, saysSessionIsGone } from './lane.ts';
import type { Outcome, Requests } from './requests.ts';
import { timingOf } from './timing.ts';

/** The session as the quorum knows it, and where it is. */
export interface Attachment {
  readonly session: SessionId;
  readonly password: string;
  readonly incarnation: number;
  /** Undefined while no member answers for the session. */
  readonly holder: string | undefined;
  readonly member: MemberId;
}

export interface HolderParts {
  readonly ports: Ports;
  readonly options: CoordClientOptions;
  readonly subjects: Subjects;
  readonly log: Logger;
  /** Undefined while the session is closed. */
  readonly requests: () => Requests | undefined;
  /** Where the session's events are to go. */
  readonly eventsTo: () => string;
  readonly state: () => SessionState;
  /** It was asked to end the session: that it is gone is no loss. */
  readonly isEnding: () => boolean;
  /** When the oldest request was sent that the present holder has not answered; now when there is none. */
  readonly oldestSentAtMs: () => number;
  /** A member holds the session, the first one or another one; `taken` is the number of the last write that was taken. */
  readonly attached: (taken: number) => void;
  /** No member answers for it; another one is looked for. */
  readonly lost: () => void;
  /** The quorum has ended it. */
  readonly expired: () => void;
  /** The holder has published an event that has not come. */
  readonly eventMissed: () => void;
}

export class Holder {
  attachment: Attachment | undefined;
  lastHeardMs = Number.NEGATIVE_INFINITY;
  timeoutMs: number;
  timing: ClientTiming;
  /** Why the last try to open or attach failed: for who gives up waiting. */
  lastProblem: MesozooError | undefined;
  private readonly parts: HolderParts;
  private heardAtMs = 0;
  private pingSentAtMs = 0;
  /** The first ping since the holder was heard. */
  private unansweredPingAtMs: number | undefined;
  private attachTries = 0;
  private attachAtMs = 0;
  /** Number of the last event of this attachment. */
  private eventsSeen = 0;

  constructor(parts: HolderParts) {
    this.parts = parts;
    const { timeoutMs, timing } = parts.options;
    this.timeoutMs = timeoutMs;
    this.timing = timingOf(timeoutMs, timing);
  }

  get session(): SessionId | undefined {
    return this.attachment?.session;
  }

  /** Of a request in the session; undefined while nobody answers. */
  subject(name: Parameters<Subjects['atHolder']>[1]): string | undefined {
    const holder = this.attachment?.holder;
    return holder === undefined ? undefined : this.parts.subjects.atHolder(holder, name);
  }

  startAttaching(): void {
    this.attachTries = 0;
    this.tryToAttach();
  }

  connectionChanged(connected: boolean): void {
    if (this.parts.requests() === undefined) return;
    // Events that were published meanwhile are lost: attaching anew finds what was missed.
    if (!connected) this.lost('disconnected');
    else if (this.isAttaching()) this.startAttaching();
  }

  /** An answer to what was sent then. */
  heard(sentAtMs: number): void {
    this.answered();
    this.lastHeardMs = Math.max(this.lastHeardMs, sentAtMs);
  }

  /** It lives, whatever it says. */
  answered(): void {
    this.heardAtMs = this.nowMs();
    this.unansweredPingAtMs = undefined;
  }

  /** Nothing more is expected of it: another one is looked for. */
  lost(why: string): void {
    if (this.parts.state() !== 'connected' || this.attachment === undefined) return;
    if (this.parts.isEnding()) return; // by ourselves
    this.parts.log.info('session suspended', { session: this.attachment.session, why });
    this.attachment = { ...this.attachment, holder: undefined };
    this.parts.lost();
    this.startAttaching();
  }

  /** The session is over. */
  forget(): void {
    this.attachment = undefined;
  }

  /** `events`, in an answer: the number of the last event that the holder has published to us. */
  noteEvents(events: unknown): void {
    if (typeof events !== 'number' || events === this.eventsSeen) return;
    const missed = events > this.eventsSeen;
    this.eventsSeen = events;
    if (missed) this.parts.eventMissed();
  }

  /** Of an event that has come; says whether one before it has not. */
  noteEvent(number: number | undefined): boolean {
    if (number === undefined) return false;
    const missed = number > this.eventsSeen + 1;
    this.eventsSeen = Math.max(this.eventsSeen, number);
    return missed;
  }

  ping(): void {
    const { attachment } = this;
    const requests = this.parts.requests();
    if (attachment?.holder === undefined || requests === undefined) return;
    const sentAtMs = this.nowMs();
    this.pingSentAtMs = sentAtMs;
    this.unansweredPingAtMs ??= sentAtMs;
    requests.ask(
      this.parts.subjects.atHolder(attachment.holder, 'ping'),
      pack({ sessionId: attachment.session }),
      limits.requestDeadlineMs,
      (outcome) => {
        if (this.attachment === attachment) this.receivePong(outcome, sentAtMs);
      },
    );
  }

  tick(): void {
    const nowMs = this.nowMs();
    if (this.parts.state() === 'connected') {
      const unansweredMs = nowMs - (this.unansweredPingAtMs ?? nowMs);
      if (unansweredMs > this.timing.silenceMs) this.lost('silent');
      else if (nowMs - this.parts.oldestSentAtMs() > this.timing.stuckMs) this.lost('stuck');
      else if (this.shouldPing(nowMs)) this.ping();
    }
    if (this.isAttaching() && nowMs >= this.attachAtMs) this.tryToAttach();
  }

  private isAttaching(): boolean {
    const state = this.parts.state();
    return state === 'connecting' || state === 'suspended';
  }

  /** Opens the session, or attaches it. Earlier tries still count: the quorum may take any of them, the last one wins. */
  private tryToAttach(): void {
    const { ports, options, subjects } = this.parts;
    const requests = this.parts.requests();
    if (requests === undefined || !ports.transport.isConnected()) {
      this.attachAtMs = this.nowMs() + this.timing.attachRetryMs;
      return;
    }
    this.attachTries += 1;
    const jitter = 0.75 + ports.random.next() / 2;
    this.attachAtMs = this.nowMs() + this.attachPauseMs() * jitter;
    const { attachment } = this;
    const sentAtMs = this.nowMs();
    const request = {
      timeoutMs: options.timeoutMs,
      eventsTo: this.parts.eventsTo(),
      numbered: true,
      ...(options.digest !== undefined && {
        auth: [{ scheme: 'digest', auth: options.digest }],
      }),
      ...(attachment !== undefined && {
        sessionId: attachment.session,
        password: attachment.password,
      }),
    };
    requests.ask(subjects.session('open'), pack(request), limits.requestDeadlineMs, (outcome) =>
      this.receiveOpen(outcome, attachment?.session, sentAtMs),
    );
  }

  /**
   * A try may be handed to a member that lost its power and that NATS still believes in. As long as the session may live,
   * the pauses leave room for several tries before it expires; after that they grow.
   */
  private attachPauseMs(): number {
    const { attachRetryMs } = this.timing;
    const pauseMs = backoffMs(attachRetryMs, this.attachTries);
    const mayLive = this.nowMs() - this.lastHeardMs < 2 * this.timeoutMs;
    return mayLive ? Math.min(pauseMs, Math.max(attachRetryMs, this.timeoutMs / 8)) : pauseMs;
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
      this.parts.expired();
      return;
    }
    this.lastProblem = problemOf(outcome);
    if (outcome.kind === 'error' && !isPassing(outcome.error))
      this.parts.log.error('session refused', { error: outcome.error });
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
    if (asked === undefined && (attachment !== undefined || this.parts.state() !== 'connecting')) {
      this.closeOrphan(opened);
      return;
    }
    if (asked !== attachment?.session) return;
    if (attachment !== undefined && opened.incarnation <= attachment.incarnation) return;
    this.attachment = {
      session: opened.sessionId as SessionId,
      password: opened.password,
      incarnation: opened.incarnation,
      holder: opened.holder,
      member: opened.member as MemberId,
    };
    this.timeoutMs = opened.timeoutMs;
    this.timing = timingOf(opened.timeoutMs, this.parts.options.timing);
    this.eventsSeen = opened.events ?? 0;
    this.lastProblem = undefined;
    this.heard(sentAtMs);
    this.pingSentAtMs = this.nowMs();
    this.parts.log.info('session attached', {
      session: opened.sessionId,
      member: opened.member,
      incarnation: opened.incarnation,
    });
    this.parts.attached(opened.number);
  }

  /** Two tries to open may both succeed; the second session has nothing, and need not live until it expires. */
  private closeOrphan(opened: SessionReplies['open']): void {
    if (opened.sessionId === this.session) return;
    const { ports, subjects } = this.parts;
    const { sessionId, password } = opened;
    ports.transport.publish(subjects.session('close'), pack({ sessionId, password }));
  }

  private receivePong(outcome: Outcome, sentAtMs: number): void {
    if (outcome.kind === 'noResponder') this.lost('no responder');
    else if (outcome.kind === 'error') {
      // UNAVAILABLE: the holder lives, but is cut off from the quorum. Another may not be.
      if (saysSessionIsGone(outcome.error) || isPassing(outcome.error))
        this.lost(outcome.error.code);
      else this.answered();
    } else if (outcome.kind === 'reply') {
      this.heard(sentAtMs);
      this.noteEvents(outcome.value.events);
    }
  }

  private shouldPing(nowMs: number): boolean {
    const sincePingMs = nowMs - this.pingSentAtMs;
    if (sincePingMs >= this.timing.pingIntervalMs) return true;
    const { probeAfterMs } = this.timing;
    return (
      nowMs - this.parts.oldestSentAtMs() >= probeAfterMs &&
      nowMs - this.heardAtMs >= probeAfterMs &&
      sincePingMs >= probeAfterMs
    );
  }

  private nowMs(): number {
    return this.parts.ports.clock.monotonicMs();
  }
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
