/**
 * The way of operations from the member that holds the session to the leader.
 *
 * The holder keeps every operation until it sees it applied. For each leadership it begins a stream anew with all
 * that it still keeps, in order; the leader takes a stream's operations exactly in that order, each once, and holds
 * nothing back: what comes behind a gap is dropped and asked for again. So within one leadership no write of a
 * session can reach the log before an earlier one, and a change of the leader can at most repeat operations, which
 * `apply` knows by their numbers and tags.
 */
import { MesozooError } from '../../protocol/errors.ts';
import type { Ballot, MemberId, SessionId, Zxid } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { Operation, OperationResult } from '../../protocol/operations.ts';
import type { PlantedBugs } from '../planted.ts';
import type { Forward, Resend } from './member-messages.ts';
import { encodeTagged } from './znodes/operation-codec.ts';
import { cutFrames, framesOf, type OperationFrames } from './znodes/operation-frames.ts';

/** Called once: with what `apply` gave, or never when the member stops before. */
export type OperationDone = (result: OperationResult, zxid: Zxid) => void;

export interface PendingOperation {
  readonly tag: number;
  readonly session: SessionId;
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly done: OperationDone;
  /** In the present stream; 0: not sent in it yet. */
  place: number;
}

/** What a holder keeps. */
export class Outbox {
  private readonly member: MemberId;
  private readonly streamPrefix: string;
  private readonly messageBytesMax: number;
  private readonly kept = new Map<number, PendingOperation>();
  private nextTag: number;
  private streamCount = 0;
  private ballot: Ballot | undefined;
  private place = 0;
  private lastPlaceSent = 0;
  /** Not sent in the present stream, in order. */
  private unsent: PendingOperation[] = [];
  private bytesKept = 0;

  constructor(
    member: MemberId,
    run: string,
    firstTag: number,
    messageBytesMax: number = limits.quorumMessageBytes,
  ) {
    this.member = member;
    this.messageBytesMax = messageBytesMax;
    this.streamPrefix = `${member}-${run}`;
    this.nextTag = firstTag >>> 0;
  }

  get size(): number {
    return this.kept.size;
  }

  has(tag: number): boolean {
    return this.kept.has(tag);
  }

  isFull(): boolean {
    return this.kept.size >= limits.operationsWaiting || this.bytesKept >= limits.waitingBytes;
  }

  /** Throws TOO_MANY_REQUESTS, PAYLOAD_TOO_LARGE. */
  submit(operation: Omit<Operation, 'tag'>, done: OperationDone): void {
    if (this.isFull()) {
      throw new MesozooError(
        'TOO_MANY_REQUESTS',
        `${this.size} operations wait for the quorum at this member: send again later`,
      );
    }
    const tag = this.takeTag();
    const bytes = encodeTagged(operation, tag);
    const bytesMax = Math.min(limits.multiBytes, this.messageBytesMax - ENTRY_HEADROOM_BYTES);
    if (bytes.length > bytesMax) {
      throw new MesozooError(
        'PAYLOAD_TOO_LARGE',
        `the operation has ${bytes.length} bytes, one may have ${bytesMax}`,
      );
    }
    const { session, number } = operation;
    this.add({ tag, session, number, bytes, done, place: 0 });
  }

  /** A tag that no kept operation has. */
  takeTag(): number {
    do this.nextTag = (this.nextTag + 1) >>> 0;
    while (this.kept.has(this.nextTag));
    return this.nextTag;
  }

  add(pending: PendingOperation): void {
    this.kept.set(pending.tag, pending);
    this.bytesKept += pending.bytes.length;
    this.unsent.push(pending);
  }

  /** Takes an operation out that was seen applied; undefined when it is not one of ours, or was seen before. */
  settle(tag: number, session: SessionId, number: number): PendingOperation | undefined {
    const pending = this.kept.get(tag);
    if (pending === undefined || pending.session !== session || pending.number !== number) {
      return undefined;
    }
    this.kept.delete(tag);
    this.bytesKept -= pending.bytes.length;
    return pending;
  }

  /** Whether an earlier write of the same session is kept too. */
  hasEarlier(tag: number): boolean {
    const pending = this.kept.get(tag);
    if (pending === undefined) return false;
    for (const other of this.kept.values()) {
      if (other === pending) return false;
      if (other.session === pending.session) return true;
    }
    return false;
  }

  /** A new leadership, or a state that has come from elsewhere: all that is kept goes out again, in order. */
  beginStream(ballot: Ballot): void {
    this.ballot = ballot;
    this.streamCount += 1;
    this.place = 0;
    this.lastPlaceSent = 0;
    this.unsent = [...this.kept.values()];
    for (const pending of this.unsent) pending.place = 0;
  }

  hasUnsent(): boolean {
    return this.unsent.length > 0;
  }

  /** Of what was not sent yet, in messages below the size of one. */
  takeForwards(): Forward[] {
    const batch = this.unsent;
    this.unsent = [];
    const live = batch.filter((pending) => this.kept.get(pending.tag) === pending);
    for (const pending of live) {
      this.place += 1;
      pending.place = this.place;
    }
    return this.cut(live, this.lastPlaceSent);
  }

  /** What the leader has not taken. */
  resend(request: Resend): Forward[] {
    if (request.stream !== this.stream) return [];
    const missing: PendingOperation[] = [];
    for (const pending of this.kept.values()) {
      if (pending.place > request.taken) missing.push(pending);
    }
    return this.cut(missing, request.taken);
  }

  /** Asks the leader, without sending anything again, whether it has all of the stream. */
  probe(): Forward | undefined {
    if (this.kept.size === 0 || this.ballot === undefined) return undefined;
    return this.forward(this.lastPlaceSent, []);
  }

  private get stream(): string {
    return `${this.streamPrefix}-${this.streamCount}`;
  }

  private cut(operations: readonly PendingOperation[], after: number): Forward[] {
    const messages: Forward[] = [];
    let before = after;
    let group: PendingOperation[] = [];
    let bytes = 0;
    const close = () => {
      const last = group[group.length - 1];
      if (last === undefined) return;
      messages.push(this.forward(before, group));
      before = last.place;
      group = [];
      bytes = 0;
    };
    for (const pending of operations) {
      const size = pending.bytes.length + FRAMING_BYTES;
      if (bytes + size > this.messageBytesMax || group.length >= limits.batchOperations) {
        close();
      }
      group.push(pending);
      bytes += size;
    }
    close();
    if (before > this.lastPlaceSent) this.lastPlaceSent = before;
    return messages;
  }

  private forward(after: number, group: readonly PendingOperation[]): Forward {
    return {
      type: 'forward',
      from: this.member,
      stream: this.stream,
      ballot: this.ballot!,
      after,
      runs: runsOf(group),
      operations: framesOf(group.map(({ bytes }) => bytes)),
    };
  }
}

/** The first place and the length of each run of places without a gap. */
function runsOf(group: readonly PendingOperation[]): number[] {
  const runs: number[] = [];
  let next = 0;
  for (const { place } of group) {
    if (place !== next || runs.length === 0) runs.push(place, 0);
    runs[runs.length - 1]! += 1;
    next = place + 1;
  }
  return runs;
}

/**
 * Of values, forwards and chunks, where the server takes messages of so many bytes: one of somebody else's may take less
 * than ours.
 */
export function messageBytesFor(payloadBytesMax: number): number {
  return Math.min(limits.quorumMessageBytes, Math.floor(payloadBytesMax * 0.75));
}

/** Of an entry around its operations, in a message. */
const ENTRY_HEADROOM_BYTES = 64;
/** Place and length of an operation in a message. */
const FRAMING_BYTES = 16;
/** Streams of holders that were started again meanwhile are of no interest any more. */
const STREAMS_MAX = 256;

/** What a leader has taken of each stream, and what waits to be proposed. */
export class Inbox {
  private readonly taken = new Map<string, number>();
  /** From where a stream was last asked for again. */
  private readonly asked = new Map<string, number>();
  private queue: OperationFrames[] = [];
  private count = 0;
  private bytes = 0;
  private readonly batchBytesMax: number;
  private readonly planted: PlantedBugs | undefined;

  constructor(planted?: PlantedBugs, messageBytesMax: number = limits.quorumMessageBytes) {
    this.batchBytesMax = Math.min(limits.batchBytes, messageBytesMax - ENTRY_HEADROOM_BYTES);
    this.planted = planted;
  }

  get size(): number {
    return this.count;
  }

  get byteLength(): number {
    return this.bytes;
  }

  isFull(): boolean {
    return this.size >= 2 * limits.operationsWaiting || this.bytes >= 2 * limits.waitingBytes;
  }

  /** Leadership has begun or ended. */
  clear(): void {
    this.taken.clear();
    this.asked.clear();
    this.queue = [];
    this.count = 0;
    this.bytes = 0;
  }

  /**
   * Returns up to where the stream was taken when something before this message is missing: the holder must send
   * again from there. Asked once for each gap, and once for each probe.
   */
  take(forward: Forward): number | undefined {
    if (this.isFull()) return undefined;
    const taken = this.taken.get(forward.stream) ?? 0;
    if (forward.after > taken && !this.planted?.has('sequence-gap-skipped')) {
      const isProbe = forward.operations.count === 0;
      if (!isProbe && this.asked.get(forward.stream) === taken) return undefined;
      this.asked.set(forward.stream, taken);
      return taken;
    }
    let known = 0;
    let last = taken;
    for (let at = 0; at < forward.runs.length; at += 2) {
      const [first, length] = [forward.runs[at]!, forward.runs[at + 1]!];
      known += Math.min(length, Math.max(0, taken + 1 - first));
      last = Math.max(last, first + length - 1);
    }
    const [, more] = cutFrames(forward.operations, known, Number.POSITIVE_INFINITY);
    if (more.count > 0) this.add(known === 0 ? forward.operations : more);
    this.note(forward.stream, last);
    return undefined;
  }

  push(operation: Uint8Array): void {
    this.add(framesOf([operation]));
  }

  private add(frames: OperationFrames): void {
    this.queue.push(frames);
    this.count += frames.count;
    this.bytes += frames.bytes.length;
  }

  /** The next batch for one slot, oldest first, within the bounds of one. */
  shiftBatch(): OperationFrames[] {
    const batch: OperationFrames[] = [];
    let [count, bytes] = [0, 0];
    for (let next = this.queue[0]; next !== undefined; next = this.queue[0]) {
      const isWhole =
        count + next.count <= limits.batchOperations &&
        bytes + next.bytes.length <= this.batchBytesMax;
      if (!isWhole && count > 0) break;
      const [first, rest] = cutFrames(next, limits.batchOperations, this.batchBytesMax);
      batch.push(first);
      count += first.count;
      bytes += first.bytes.length;
      if (rest.count === 0) this.queue.shift();
      else this.queue[0] = rest;
    }
    this.count -= count;
    this.bytes -= bytes;
    return batch;
  }

  private note(stream: string, last: number): void {
    this.taken.delete(stream);
    this.taken.set(stream, last);
    for (const oldest of this.taken.keys()) {
      if (this.taken.size <= STREAMS_MAX) break;
      this.taken.delete(oldest);
      this.asked.delete(oldest);
    }
  }
}
