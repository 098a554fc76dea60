/**
 * Which sessions have not been heard of for their timeout. Only the leader's monotonic clock decides; a new leader,
 * or one that was not running for a while, begins with a full timeout for every session.
 */
import type { SessionId, SessionIncarnation } from '../../protocol/ids.ts';
import type { SessionView, ZnodeState } from './znodes/contract.ts';

/** A close that was proposed and has not been seen applied is proposed again after this long. */
const PROPOSE_AGAIN_MS = 5000;

export class SessionExpiry {
  private readonly heardMs = new Map<SessionId, number>();
  private readonly proposed = new Map<
    SessionId,
    { readonly incarnation: SessionIncarnation; readonly atMs: number }
  >();
  private sinceMs = 0;
  private checkedMs = 0;
  private readonly patienceMs: number;

  /** A check that comes later than `patienceMs` after the last one shows that this process did not run. */
  constructor(patienceMs: number) {
    this.patienceMs = patienceMs;
  }

  /** Leadership has begun. */
  begin(nowMs: number): void {
    this.heardMs.clear();
    this.proposed.clear();
    this.sinceMs = nowMs;
    this.checkedMs = nowMs;
  }

  touched(session: SessionId, nowMs: number): void {
    this.heardMs.set(session, nowMs);
  }

  ended(session: SessionId): void {
    this.heardMs.delete(session);
    this.proposed.delete(session);
  }

  /** Those to be closed now, each once. */
  due(state: ZnodeState, nowMs: number): SessionView[] {
    if (nowMs - this.checkedMs > this.patienceMs) this.begin(nowMs);
    this.checkedMs = nowMs;
    const due: SessionView[] = [];
    for (const session of state.sessions()) {
      if (session.ofMember) continue;
      const heardMs = Math.max(this.sinceMs, this.heardMs.get(session.id) ?? this.sinceMs);
      if (nowMs - heardMs <= session.timeoutMs) continue;
      const before = this.proposed.get(session.id);
      const isUnderWay =
        before?.incarnation === session.incarnation && nowMs - before.atMs < PROPOSE_AGAIN_MS;
      if (isUnderWay) continue;
      this.proposed.set(session.id, { incarnation: session.incarnation, atMs: nowMs });
      due.push(session);
    }
    return due;
  }
}
