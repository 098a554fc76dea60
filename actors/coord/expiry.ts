/**
 * Which sessions have not been heard of for their timeout. Only the leader's monotonic clock decides; a new leader,
 * or one that was not running for a while, begins with a full timeout for every session.
 *
 * Each session stands in one bucket of time, at which it is looked at next: what is looked at are the sessions whose
 * time may have come, not all of them.
 */
import type { SessionId, SessionIncarnation } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { SessionView, ZnodeState } from './znodes/contract.ts';

/** A close that was proposed and has not been seen applied is proposed again after this long. */
const PROPOSE_AGAIN_MS = 5000;
const BUCKET_MS = 100;

export type KnownSessions = Pick<ZnodeState, 'session' | 'sessions'>;

interface Watched {
  heardMs: number;
  bucket: number;
  /** The incarnation that is to be closed, and since when. */
  proposed: { readonly incarnation: SessionIncarnation; readonly atMs: number } | undefined;
}

export class SessionExpiry {
  private readonly watched = new Map<SessionId, Watched>();
  private readonly buckets = new Map<number, SessionId[]>();
  private nextBucket = 0;
  private checkedMs = 0;
  /** The sessions of the state are not all watched yet. */
  private isNew = true;
  private readonly patienceMs: number;

  /** A check that comes later than `patienceMs` after the last one shows that this process did not run. */
  constructor(patienceMs: number) {
    this.patienceMs = patienceMs;
  }

  get size(): number {
    return this.watched.size;
  }

  /** Leadership has begun. */
  begin(nowMs: number): void {
    this.watched.clear();
    this.buckets.clear();
    this.nextBucket = bucketOf(nowMs);
    this.checkedMs = nowMs;
    this.isNew = true;
  }

  /** It was opened, or attached with a timeout that may be another one. */
  began(session: SessionId, nowMs: number): void {
    this.watch(session, nowMs, nowMs + limits.sessionTimeoutMinMs);
  }

  /** A report may come after the session's end: it is then of no interest. */
  touched(session: SessionId, nowMs: number): void {
    const watched = this.watched.get(session);
    if (watched !== undefined) watched.heardMs = nowMs;
  }

  ended(session: SessionId): void {
    this.watched.delete(session);
  }

  /** Those to be closed now, each once. */
  due(state: KnownSessions, nowMs: number): SessionView[] {
    if (nowMs - this.checkedMs > this.patienceMs) this.begin(nowMs);
    this.checkedMs = nowMs;
    if (this.isNew) this.watchAll(state, nowMs);
    const due: SessionView[] = [];
    const present = bucketOf(nowMs);
    while (this.nextBucket < present) {
      const bucket = this.nextBucket;
      const sessions = this.buckets.get(bucket) ?? [];
      this.buckets.delete(bucket);
      this.nextBucket += 1;
      for (const id of sessions) {
        const watched = this.watched.get(id);
        if (watched?.bucket !== bucket) continue;
        const session = state.session(id);
        if (session === undefined || session.ofMember) this.watched.delete(id);
        else if (this.isDue(watched, session, nowMs)) due.push(session);
      }
    }
    return due;
  }

  private isDue(watched: Watched, session: SessionView, nowMs: number): boolean {
    const { id, incarnation, timeoutMs } = session;
    if (nowMs - watched.heardMs <= timeoutMs) {
      this.schedule(id, watched, watched.heardMs + timeoutMs);
      return false;
    }
    const { proposed } = watched;
    if (proposed?.incarnation === incarnation && nowMs - proposed.atMs < PROPOSE_AGAIN_MS) {
      this.schedule(id, watched, proposed.atMs + PROPOSE_AGAIN_MS);
      return false;
    }
    watched.proposed = { incarnation, atMs: nowMs };
    this.schedule(id, watched, nowMs + PROPOSE_AGAIN_MS);
    return true;
  }

  private watchAll(state: KnownSessions, nowMs: number): void {
    this.isNew = false;
    for (const { id, timeoutMs, ofMember } of state.sessions()) {
      if (!ofMember && !this.watched.has(id)) this.watch(id, nowMs, nowMs + timeoutMs);
    }
  }

  private watch(session: SessionId, heardMs: number, atMs: number): void {
    const watched: Watched = { heardMs, bucket: -1, proposed: undefined };
    this.watched.set(session, watched);
    this.schedule(session, watched, atMs);
  }

  private schedule(session: SessionId, watched: Watched, atMs: number): void {
    watched.bucket = Math.max(bucketOf(atMs), this.nextBucket);
    const bucket = this.buckets.get(watched.bucket);
    if (bucket === undefined) this.buckets.set(watched.bucket, [session]);
    else bucket.push(session);
  }
}

function bucketOf(atMs: number): number {
  return Math.floor(atMs / BUCKET_MS);
}
