/**
 * A session that this member holds. Its requests are carried out in the order in which they came: writes leave for
 * the quorum one behind another, a read waits for the writes before it and holds back those after it.
 *
 * Where the client numbers its writes, a number that comes too early waits a little for the missing ones; a number
 * that was taken before goes to `apply` for the answer that it got then.
 */
import type { Form } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Identity, OperationResult, WriteOperation } from '../../../protocol/operations.ts';
import type { OpenRequest } from './open-request.ts';
import type { Quorum } from './quorum.ts';

export interface SessionTask {
  readonly request: OpenRequest;
  /** A write, with the client's number where it numbers; undefined for a read. */
  readonly write?: { readonly operation: WriteOperation; readonly number: number | undefined };
  /** Closes the session. */
  readonly isClose?: boolean;
  /** A read waits for the leader's word first. */
  readonly linearizable?: boolean;
  /** Carries a read out. */
  readonly read?: () => void;
  /** Answers a write. */
  readonly written?: (result: OperationResult, zxid: Zxid) => void;
}

export interface HeldSessionOptions {
  readonly id: SessionId;
  readonly password: string;
  /** Last token of the holder's subject: who asks there knows it from the answer to `open`. */
  readonly token: string;
  readonly incarnation: SessionIncarnation;
  readonly timeoutMs: number;
  readonly clientNumbered: boolean;
  /** Last write that was taken. */
  readonly number: number;
  readonly identities: readonly Identity[];
  readonly events: { readonly subject: string; readonly form: Form } | undefined;
}

/** How long a write waits for one before it that was overtaken. */
const GAP_PATIENCE_MS = 1000;
const CAUGHT_UP = 'the member had to catch up before the answer: attach again, and send it again';

export class HeldSession {
  readonly id: SessionId;
  readonly options: HeldSessionOptions;
  /** Events published so far. */
  eventNumber = 0;
  private readonly quorum: Quorum;
  private queue: SessionTask[] = [];
  /** What came behind a missing number, in order of arrival. */
  private early: { readonly task: SessionTask; readonly sinceMs: number }[] = [];
  private readonly submitted = new Map<number, OpenRequest>();
  private outstanding = 0;
  private nextNumber: number;
  /** Last one given by this holder, where the holder numbers. */
  private lastNumber = 0;
  /** A linearizable read that waits for the leader's word. */
  private confirming: OpenRequest | undefined;
  private ended = false;
  private hasMissedEvents = false;

  constructor(quorum: Quorum, options: HeldSessionOptions) {
    this.quorum = quorum;
    this.options = options;
    this.id = options.id;
    this.nextNumber = options.number + 1;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** Throws BAD_REQUEST, TOO_MANY_REQUESTS. */
  take(task: SessionTask, nowMs: number): void {
    const number = task.write?.number;
    if (task.write !== undefined) this.checkNumber(number);
    if (this.outstanding + this.queue.length + this.early.length >= limits.sessionOutstanding) {
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `the session has ${limits.sessionOutstanding} requests without an answer`,
      );
    }
    if (this.isEarly(number)) {
      this.early.push({ task, sinceMs: nowMs });
      return;
    }
    this.enqueue(task);
    this.releaseEarly();
    this.advance();
  }

  /** A request that repeats one which is under way joins it. */
  joins(number: number | undefined): OpenRequest | undefined {
    const earlier = number === undefined ? undefined : this.submitted.get(number);
    return earlier?.isAnswered === false ? earlier : undefined;
  }

  /** Some requests have expired, or time has passed. */
  sweep(nowMs: number): void {
    if (this.confirming?.isAnswered === true) this.confirming = undefined;
    const patient = this.early;
    if (patient.length === 0) {
      this.advance();
      return;
    }
    this.early = [];
    for (const one of patient) {
      if (one.task.request.isAnswered) continue;
      if (one.task.write !== undefined && one.sinceMs + GAP_PATIENCE_MS <= nowMs) {
        one.task.request.fail(
          new MesozooError(
            'SEQUENCE_GAP',
            `write ${one.task.write.number} came, but not ${this.nextNumber}: send that first`,
          ),
        );
      } else {
        this.early.push(one);
      }
    }
    this.releaseEarly();
    this.advance();
  }

  /** The session is no longer held here: what has not left for the quorum never will. */
  end(error: MesozooError): void {
    this.ended = true;
    for (const { request } of this.queue) request.fail(error);
    for (const { task } of this.early) task.request.fail(error);
    this.queue = [];
    this.early = [];
  }

  /**
   * Its watches may not have fired for what was changed meanwhile: an answer to what is under way could show that before
   * they are told. The same number brings it where the session is attached next.
   */
  missEvents(): void {
    this.hasMissedEvents = true;
  }

  private checkNumber(number: number | undefined): void {
    if (this.options.clientNumbered && number === undefined) {
      throw new MesozooError(
        'BAD_REQUEST',
        'the field "number" is missing: the session was opened with numbered, so each write has one',
      );
    }
    if (!this.options.clientNumbered && number !== undefined) {
      throw new MesozooError(
        'BAD_REQUEST',
        'the field "number" is only for a session that was opened with numbered',
      );
    }
  }

  private isEarly(number: number | undefined): boolean {
    if (number !== undefined) return number > this.nextNumber;
    return this.early.length > 0;
  }

  private enqueue(task: SessionTask): void {
    this.queue.push(task);
    if (task.write?.number === this.nextNumber) this.nextNumber += 1;
  }

  private releaseEarly(): void {
    for (let found = true; found; ) {
      const index = this.early.findIndex(({ task }, position) =>
        task.write?.number === undefined ? position === 0 : task.write.number <= this.nextNumber,
      );
      found = index !== -1;
      if (found) this.enqueue(this.early.splice(index, 1)[0]!.task);
    }
  }

  /** Does what may be done now. */
  private advance(): void {
    while (!this.ended && this.confirming === undefined) {
      const task = this.queue[0];
      if (task === undefined) return;
      if (task.request.isAnswered) {
        this.queue.shift();
        this.skipped(task, 'it was given up');
        continue;
      }
      const isWrite = task.write !== undefined || task.isClose === true;
      if (!isWrite && this.outstanding > 0) return;
      this.queue.shift();
      if (isWrite) this.submit(task);
      else if (task.linearizable === true) this.confirm(task);
      else task.read?.();
    }
  }

  private confirm(task: SessionTask): void {
    this.confirming = task.request;
    this.quorum.confirm(() => {
      if (this.confirming !== task.request) return;
      this.confirming = undefined;
      if (!task.request.isAnswered && !this.ended) task.read?.();
      this.advance();
    });
  }

  private submit(task: SessionTask): void {
    const { id, incarnation, identities } = this.options;
    const number = this.numberOf(task);
    const body = task.write?.operation ?? ({ kind: 'closeSession', expired: false } as const);
    try {
      this.quorum.submit({ session: id, incarnation, number, identities, body }, (result, zxid) => {
        this.outstanding -= 1;
        if (this.submitted.get(number) === task.request) this.submitted.delete(number);
        if (this.hasMissedEvents) task.request.fail(new MesozooError('CONNECTION_LOST', CAUGHT_UP));
        else task.written?.(result, zxid);
        this.advance();
      });
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      task.request.fail(error);
      this.skipped(task, error.code);
      return;
    }
    this.lastNumber = Math.max(this.lastNumber, number);
    this.outstanding += 1;
    task.request.isSubmitted = true;
    if (number > 0) this.submitted.set(number, task.request);
  }
  private numberOf(task: SessionTask): number {
    if (task.write === undefined) return 0;
    return task.write.number ?? this.lastNumber + 1;
  }

  /** A client's number that has not left is still to come: those behind it must not leave before it. */
  private skipped(task: SessionTask, why: string): void {
    const number = task.write?.number;
    if (number === undefined || number >= this.nextNumber || task.request.isSubmitted) return;
    // A repeat of what has left, or had left before this holder.
    if (number <= Math.max(this.lastNumber, this.options.number)) return;
    this.nextNumber = number;
    const behind = this.queue.filter((later) => (later.write?.number ?? 0) > number);
    this.queue = this.queue.filter((later) => !behind.includes(later));
    for (const { request } of behind) {
      request.fail(
        new MesozooError('SEQUENCE_GAP', `write ${number} before it has not been made: ${why}`),
      );
    }
  }
}
