/**
 * The reads of one session. A read goes out when every write that was asked for before it is answered, so that it sees
 * them; unanswered ones are asked again, at the next holder too, until their deadline.
 */
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { SessionEvent, ZnodeRequestName } from '../../../protocol/znode-api.ts';
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

export type NodeEvent = Extract<SessionEvent, { path: string }>;

interface Read {
  readonly name: ZnodeRequestName;
  readonly request: object & { readonly path?: string };
  readonly settle: (answer: Parameters<Settle>[0], overtakenBy: readonly NodeEvent[]) => void;
  /** Writes up to this number are to be answered first. */
  readonly after: number;
  readonly deadlineAtMs: number;
  payload: Uint8Array | undefined;
  call: Call | undefined;
  sentAtMs: number;
  retryAtMs: number;
  tries: number;
  lastError: MesozooError | undefined;
  /** Events of its path that came while it was on the way. */
  overtakenBy: NodeEvent[];
}

export class ReadLane {
  private readonly session: LaneSession;
  private readonly writesAnsweredUpTo: () => number;
  private readonly waiting = new Fifo<Read>();
  /** Goes out before what waits. */
  private readonly urgent = new Fifo<Read>();
  private readonly onTheWay = new Set<Read>();

  constructor(session: LaneSession, writesAnsweredUpTo: () => number) {
    this.session = session;
    this.writesAnsweredUpTo = writesAnsweredUpTo;
  }

  get length(): number {
    return this.urgent.length + this.waiting.length + this.onTheWay.size;
  }

  get oldestSentAtMs(): number | undefined {
    const [oldest] = this.onTheWay;
    return oldest?.sentAtMs;
  }

  /** Without `deadlineMs` it waits as long as the session lives. An urgent one waits for no write. */
  add(
    name: ZnodeRequestName,
    request: Read['request'],
    settle: Read['settle'],
    options: { after: number; deadlineMs?: number; urgent?: boolean },
  ): void {
    const queue = options.urgent === true ? this.urgent : this.waiting;
    queue.push({
      name,
      request,
      settle,
      after: options.after,
      deadlineAtMs:
        options.deadlineMs === undefined
          ? Number.POSITIVE_INFINITY
          : this.session.nowMs() + options.deadlineMs,
      payload: undefined,
      call: undefined,
      sentAtMs: 0,
      retryAtMs: 0,
      tries: 0,
      lastError: undefined,
      overtakenBy: [],
    });
    this.pump();
  }

  pump(): void {
    for (;;) {
      const queue = this.urgent.length > 0 ? this.urgent : this.waiting;
      const next = queue.peek();
      if (next === undefined || this.onTheWay.size >= READS_ON_THE_WAY) return;
      if (queue === this.waiting && next.after > this.writesAnsweredUpTo()) return;
      if (this.session.subject(next.name) === undefined) return;
      queue.shift();
      this.onTheWay.add(next);
      this.send(next);
    }
  }

  attached(): void {
    for (const read of this.onTheWay) {
      read.tries = 0;
      this.send(read);
    }
    this.pump();
  }

  detached(): void {
    for (const read of this.onTheWay) {
      read.call?.end();
      read.call = undefined;
    }
  }

  tick(): void {
    const nowMs = this.session.nowMs();
    const late = this.waiting.remove((read) => read.deadlineAtMs <= nowMs);
    for (const read of this.onTheWay) {
      if (read.deadlineAtMs <= nowMs) late.push(read);
      else if (read.retryAtMs <= nowMs) this.send(read);
    }
    for (const read of late) {
      const error =
        read.lastError ??
        new MesozooError('TIMEOUT', `no answer within ${limits.requestDeadlineMs} ms`);
      this.finish(read, { ok: false, error });
    }
  }

  /** Reads on the way will be told of it: their answer may be older than the event. */
  noteEvent(event: NodeEvent): void {
    for (const read of this.onTheWay)
      if (read.request.path === event.path) read.overtakenBy.push(event);
  }

  fail(error: () => MesozooError): void {
    const all = [...this.onTheWay, ...this.urgent.takeAll(), ...this.waiting.takeAll()];
    this.onTheWay.clear();
    for (const read of all) {
      read.call?.end();
      read.settle({ ok: false, error: error() }, []);
    }
  }

  private send(read: Read): void {
    const subject = this.session.subject(read.name);
    if (subject === undefined) return;
    const nowMs = this.session.nowMs();
    read.payload ??= this.session.encode(read.name, read.request);
    if (read.call === undefined) {
      read.sentAtMs = nowMs;
      read.call = this.session.requests.open((outcome) => this.receive(read, outcome), {
        expectMore: true,
      });
    }
    read.tries += 1;
    read.retryAtMs = nowMs + backoffMs(this.session.resendMs, read.tries);
    read.call.send(subject, read.payload);
  }

  private receive(read: Read, outcome: Outcome): void {
    if (outcome.kind === 'noResponder') {
      this.session.holderLost('no responder');
      return;
    }
    if (outcome.kind === 'reply') {
      this.session.heard(read.sentAtMs, outcome.value);
      this.finish(read, { ok: true, value: outcome.value });
      return;
    }
    if (outcome.kind === 'timeout') return; // the lane's own deadlines count
    const { error } = outcome;
    if (saysSessionIsGone(error)) {
      this.session.holderLost(error.code);
      return;
    }
    this.session.holderAnswered();
    if (isPassing(error)) {
      read.lastError = error;
      read.retryAtMs = this.session.nowMs() + backoffMs(RETRY_MIN_MS, read.tries);
      return;
    }
    this.finish(read, { ok: false, error });
  }

  private finish(read: Read, answer: Parameters<Settle>[0]): void {
    read.call?.end();
    this.onTheWay.delete(read);
    read.settle(answer, read.overtakenBy);
    this.pump();
  }
}
