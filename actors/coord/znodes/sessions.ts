/**
 * The sessions that the quorum knows: who holds them, what they have written, what was answered.
 *
 * Each attachment to a member begins a new incarnation; operations of an older one have no effect. An operation that
 * begins an incarnation may reach the log twice (the holder forwards it again to a new leader): its tag is
 * remembered, and the second has no effect either.
 */
import type { MemberId, SessionId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { OperationResult } from '../../../protocol/operations.ts';
import { HashSum, hasher } from './hash.ts';
import { Replies } from './replies.ts';

/** How an incarnation began. */
export interface Beginning {
  readonly tag: number;
  readonly holder: MemberId;
  readonly incarnation: SessionIncarnation;
  /** Last write number at that moment. */
  readonly number: number;
}

/** What is kept of a session, but for its replies and its ephemerals. */
export interface SessionRecord {
  readonly id: SessionId;
  readonly password: Uint8Array;
  readonly clientNumbered: boolean;
  readonly ofMember: boolean;
  holder: MemberId;
  incarnation: SessionIncarnation;
  timeoutMs: number;
  /** Last write that was applied. */
  number: number;
  /** The last ones, at most `limits.sessionBeginnings`; never changed, only replaced. */
  beginnings: readonly Beginning[];
}

export class Session implements SessionRecord {
  readonly id: SessionId;
  readonly password: Uint8Array;
  readonly clientNumbered: boolean;
  readonly ofMember: boolean;
  holder: MemberId;
  incarnation: SessionIncarnation;
  timeoutMs: number;
  number: number;
  beginnings: readonly Beginning[];
  readonly replies = new Replies();
  /** The snapshot that has seen this session or need not see it (snapshot.ts). */
  snapshot = 0;
  hashHigh = 0;
  hashLow = 0;
  /** Whether the two are in the sum of all sessions. */
  isSummed = false;
  private beginHigh = 0;
  private beginLow = 0;

  constructor(record: SessionRecord) {
    this.id = record.id;
    this.password = record.password;
    this.clientNumbered = record.clientNumbered;
    this.ofMember = record.ofMember;
    this.holder = record.holder;
    this.incarnation = record.incarnation;
    this.timeoutMs = record.timeoutMs;
    this.number = record.number;
    this.beginnings = record.beginnings;
    this.hashBeginning();
  }

  /** Everything that does not change from write to write. */
  hashBeginning(): void {
    hasher.begin(6);
    hasher.text(this.id);
    hasher.bytes(this.password);
    hasher.word((this.clientNumbered ? 1 : 0) | (this.ofMember ? 2 : 0));
    hasher.word(this.holder);
    hasher.number(this.incarnation);
    hasher.number(this.timeoutMs);
    for (const beginning of this.beginnings) {
      hasher.word(beginning.tag);
      hasher.word(beginning.holder);
      hasher.number(beginning.incarnation);
      hasher.number(beginning.number);
    }
    this.beginHigh = hasher.high;
    this.beginLow = hasher.low;
  }

  /**
   * Replies are for repeats. Where the holder numbers a client's writes nobody asks for them: the holder sees the first
   * application of each, or loses the session.
   */
  get keepsReplies(): boolean {
    return this.clientNumbered || this.ofMember;
  }

  hash(): void {
    hasher.begin(7);
    hasher.word(this.beginHigh);
    hasher.word(this.beginLow);
    hasher.number(this.number);
    hasher.number(this.replies.first);
    hasher.word(this.replies.sum.high);
    hasher.word(this.replies.sum.low);
    hasher.end();
    this.hashHigh = hasher.high;
    this.hashLow = hasher.low;
  }
}

/** So many may wait to be hashed: that is to be no pause that anybody notices. */
const WAITING_SESSIONS_MAX = 4096;

export class Sessions {
  readonly all = new Map<SessionId, Session>();
  private readonly sum = new HashSum();
  /** Sessions to be hashed when the sum is asked for; some may have ended since. */
  private waiting: Session[] = [];
  /** Of all replies that are kept: follows from the state, so it is equal at all members. */
  replyBytes = 0;
  private readonly replyBytesMax: number;
  /** Told before a session changes for the first time since a snapshot began. */
  beforeChange: ((session: Session) => void) | undefined;
  /** Given to sessions that are opened while a snapshot runs. */
  snapshot = 0;

  constructor(replyBytesMax: number = limits.replyBytes) {
    this.replyBytesMax = replyBytesMax;
  }

  find(id: SessionId): Session | undefined {
    return this.all.get(id);
  }

  add(session: Session): void {
    session.snapshot = this.snapshot;
    this.replyBytes += session.replies.byteLength;
    this.all.set(session.id, session);
    this.wait(session);
  }

  /** A new incarnation. Where the holder numbers the writes, they begin anew. */
  attach(session: Session, tag: number, holder: MemberId, timeoutMs: number): void {
    this.changing(session);
    session.incarnation = (session.incarnation + 1) as SessionIncarnation;
    session.holder = holder;
    session.timeoutMs = timeoutMs;
    if (!session.clientNumbered) {
      session.number = 0;
      this.replyBytes -= session.replies.byteLength;
      session.replies.clear();
    }
    const { incarnation, number } = session;
    session.beginnings = [...session.beginnings, { tag, holder, incarnation, number }].slice(
      -limits.sessionBeginnings,
    );
    session.hashBeginning();
  }

  remove(session: Session): void {
    this.changing(session);
    this.replyBytes -= session.replies.byteLength;
    this.all.delete(session.id);
  }

  /** A write was carried out or failed; either way its number is used up. */
  took(
    session: Session,
    number: number,
    zxid: Zxid,
    wallMs: number,
    result: OperationResult,
  ): void {
    this.changing(session);
    session.number = Math.max(session.number, number);
    if (session.keepsReplies) this.remember(session, number, zxid, wallMs, result);
  }

  /** Snapshots of former versions have replies of all sessions. */
  forgetUnasked(): void {
    for (const session of this.all.values()) {
      if (session.keepsReplies || session.replies.count === 0) continue;
      this.changing(session);
      this.replyBytes -= session.replies.byteLength;
      session.replies.clear();
    }
  }

  private remember(
    session: Session,
    number: number,
    zxid: Zxid,
    wallMs: number,
    result: OperationResult,
  ): void {
    const others = this.replyBytes - session.replies.byteLength;
    session.replies.remember(number, zxid, wallMs, result);
    if (others + session.replies.byteLength > this.replyBytesMax) session.replies.forgetFormer();
    this.replyBytes = others + session.replies.byteLength;
  }

  /** Of all sessions as they are now. */
  settledSum(): HashSum {
    this.settle();
    return this.sum;
  }

  private settle(): void {
    for (const session of this.waiting) {
      if (session.isSummed || this.all.get(session.id) !== session) continue;
      session.hash();
      this.sum.add(session.hashHigh, session.hashLow);
      session.isSummed = true;
    }
    this.waiting = [];
  }

  /** Before the session is changed; no other is half changed then. */
  private changing(session: Session): void {
    this.beforeChange?.(session);
    if (!session.isSummed) return;
    this.sum.subtract(session.hashHigh, session.hashLow);
    session.isSummed = false;
    this.wait(session);
  }

  /** Those before it are hashed first, where they are many: this one is about to change. */
  private wait(session: Session): void {
    if (this.waiting.length >= WAITING_SESSIONS_MAX) this.settle();
    this.waiting.push(session);
  }
}
