/**
 * The writes of one session: numbered in the order of the calls, a bounded window of them on the way, each kept until
 * it is answered, and sent again with the same number after a loss or at the next holder. The quorum takes exactly the
 * next number, and gives a repeat the reply that it had; so each write is applied once.
 *
 * A number must never be left out: a write that the holder refuses unread is answered with that error, and an empty
 * multi takes its number. If the tree had taken the number and refused the write by the same code (INVALID_ACL,
 * BAD_REQUEST, BAD_PATH are both), that is a repeat without effect, answered with the stored error.
 */
import { assert, type ErrorCode, MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { ZnodeRequestName } from '../../../protocol/znode-api.ts';
import { Fifo } from './fifo.ts';
import {
  backoffMs,
  isPassing,
  type LaneSession,
  READS_ON_THE_WAY,
  RETRY_MIN_MS,
  type Settle,
  saysSessionIsGone,
} from './lane.ts';
import type { Call, Outcome } from './requests.ts';

interface Write {
  readonly number: number;
  name: ZnodeRequestName;
  request: object;
  readonly settle: Settle;
  /** Told when all earlier writes are answered. */
  answer: Parameters<Settle>[0] | undefined;
  /** The answer is known, but an empty multi still has to take the number. */
  filling: boolean;
  payload: Uint8Array | undefined;
  call: Call | undefined;
  firstSentAtMs: number;
  retryAtMs: number;
  tries: number;
}

/** Only `apply` answers with these: the number is taken. After any other error that is not certain. */
const decidedErrors: ReadonlySet<ErrorCode> = new Set([
  'NO_NODE',
  'NO_AUTH',
  'BAD_VERSION',
  'NO_CHILDREN_FOR_EPHEMERALS',
  'NODE_EXISTS',
  'NOT_EMPTY',
  'RUNTIME_INCONSISTENCY',
  'REPLY_FORGOTTEN',
]);

/** The holder counts the reads on the way as well. */
const WRITES_ON_THE_WAY = limits.sessionOutstanding - READS_ON_THE_WAY;

/** All are sent again after a gap was reported, but not for each of the reports that one loss brings. */
const GAP_RESEND_MIN_MS = 50;

export class WriteLane {
  private readonly session: LaneSession;
  private readonly answered: () => void;
  private lastNumber = 0;
  private readonly waiting = new Fifo<Write>();
  /** By number, ascending. */
  private readonly onTheWay = new Map<number, Write>();
  private gapResentAtMs = Number.NEGATIVE_INFINITY;

  /** `answered` is called after each answer: reads may have waited for it. */
  constructor(session: LaneSession, answered: () => void) {
    this.session = session;
    this.answered = answered;
  }

  /** Number of the last write that was asked for. */
  get last(): number {
    return this.lastNumber;
  }

  /** Every write up to here is answered. */
  get answeredUpTo(): number {
    const [lowest] = this.onTheWay.keys();
    return (lowest ?? this.waiting.peek()?.number ?? this.lastNumber + 1) - 1;
  }

  get length(): number {
    return this.waiting.length + this.onTheWay.size;
  }

  /** When the oldest unanswered write was first sent to the present holder. */
  get oldestSentAtMs(): number | undefined {
    const [oldest] = this.onTheWay.values();
    return oldest?.firstSentAtMs;
  }

  add(name: ZnodeRequestName, request: object, settle: Settle): void {
    this.lastNumber += 1;
    this.waiting.push({
      number: this.lastNumber,
      name,
      request,
      settle,
      answer: undefined,
      filling: false,
      payload: undefined,
      call: undefined,
      firstSentAtMs: 0,
      retryAtMs: 0,
      tries: 0,
    });
    this.pump();
  }

  /** A member holds the session (again): everything unanswered goes out, in order. */
  attached(taken: number): void {
    assert(
      taken >= this.answeredUpTo,
      `the quorum has write ${taken} as the session's last, but ${this.answeredUpTo} was answered`,
    );
    for (const write of this.onTheWay.values()) {
      write.tries = 0;
      if (isOpen(write)) this.send(write);
    }
    this.pump();
  }

  /** Answers to what was sent so far no longer count. */
  detached(): void {
    for (const write of this.onTheWay.values()) {
      write.call?.end();
      write.call = undefined;
    }
  }

  /** Sends again what was not answered in time. */
  tick(): void {
    const nowMs = this.session.nowMs();
    for (const write of this.onTheWay.values())
      if (isOpen(write) && write.retryAtMs <= nowMs) this.send(write);
  }

  /** Answers everything with the error; says of each whether it had been sent. */
  fail(error: (wasSent: boolean) => MesozooError): void {
    const sent = [...this.onTheWay.values()];
    this.onTheWay.clear();
    const waiting = this.waiting.takeAll();
    for (const write of sent) {
      write.call?.end();
      write.settle(write.answer ?? { ok: false, error: error(true) });
    }
    for (const write of waiting) write.settle({ ok: false, error: error(false) });
  }

  private pump(): void {
    for (;;) {
      const next = this.waiting.peek();
      if (next === undefined || this.session.subject(next.name) === undefined) return;
      const [lowest] = this.onTheWay.keys();
      // The window is a span of numbers: no more last replies are kept for repeats.
      if (lowest !== undefined && next.number >= lowest + WRITES_ON_THE_WAY) return;
      this.waiting.shift();
      this.onTheWay.set(next.number, next);
      this.send(next);
    }
  }

  private send(write: Write): void {
    const subject = this.session.subject(write.name);
    if (subject === undefined) return;
    const nowMs = this.session.nowMs();
    write.payload ??= this.session.encode(write.name, write.request, write.number);
    if (write.payload.length > this.session.payloadBytesMax) {
      this.fill(
        write,
        new MesozooError(
          'PAYLOAD_TOO_LARGE',
          `the request has ${write.payload.length} bytes, more than ${this.session.payloadBytesMax}`,
        ),
      );
      return;
    }
    if (write.call === undefined) {
      write.firstSentAtMs = nowMs;
      write.call = this.session.requests.open((outcome) => this.receive(write, outcome), {
        expectMore: true,
      });
    }
    write.tries += 1;
    write.retryAtMs = nowMs + backoffMs(this.session.resendMs, write.tries);
    write.call.send(subject, write.payload);
  }

  private receive(write: Write, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'reply':
        this.session.heard(write.firstSentAtMs, outcome.value);
        this.answer(write, { ok: true, value: outcome.value });
        return;
      case 'error':
        this.receiveError(write, outcome.error, outcome.value);
        return;
      case 'noResponder':
        this.session.holderLost('no responder');
        return;
      case 'timeout':
        assert(false, 'a write has no deadline');
    }
  }

  private receiveError(
    write: Write,
    error: MesozooError,
    value: Record<string, unknown> | undefined,
  ): void {
    if (decidedErrors.has(error.code)) {
      this.session.heard(write.firstSentAtMs, value);
      this.answer(write, { ok: false, error });
      return;
    }
    if (saysSessionIsGone(error)) {
      this.session.holderLost(error.code);
      return;
    }
    this.session.holderAnswered();
    const nowMs = this.session.nowMs();
    if (error.code === 'SEQUENCE_GAP') {
      write.retryAtMs = nowMs + GAP_RESEND_MIN_MS;
      if (nowMs - this.gapResentAtMs < GAP_RESEND_MIN_MS) return;
      this.gapResentAtMs = nowMs;
      for (const each of this.onTheWay.values()) if (isOpen(each)) this.send(each);
      return;
    }
    if (isPassing(error)) {
      write.retryAtMs = nowMs + backoffMs(RETRY_MIN_MS, write.tries);
      return;
    }
    if (!write.filling) this.fill(write, error);
    // The holder's fault, or bytes that are no answer: says nothing of the number.
    else if (error.code === 'INTERNAL')
      write.retryAtMs = nowMs + backoffMs(RETRY_MIN_MS, write.tries);
    // An empty multi is refused by nobody: this is a repeat's answer, so the tree had refused the write itself.
    else this.answer(write, { ok: false, error });
  }

  private answer(write: Write, answer: Parameters<Settle>[0]): void {
    write.call?.end();
    write.filling = false;
    write.answer ??= answer;
    // Only as far as every earlier one is answered too.
    for (const [number, next] of this.onTheWay) {
      if (isOpen(next) || next.answer === undefined) break;
      this.onTheWay.delete(number);
      next.settle(next.answer);
    }
    this.pump();
    this.answered();
  }

  /** The holder may have refused it unread: an empty multi takes its number, if it is not taken. */
  private fill(write: Write, error: MesozooError): void {
    this.session.log.warn('a write was refused', {
      request: write.name,
      number: write.number,
      error,
    });
    write.answer = { ok: false, error };
    write.filling = true;
    write.tries = 0;
    write.name = 'multi';
    write.request = { operations: [] };
    write.payload = undefined;
    write.call?.end();
    write.call = undefined;
    this.send(write);
  }
}

function isOpen(write: Write): boolean {
  return write.answer === undefined || write.filling;
}
