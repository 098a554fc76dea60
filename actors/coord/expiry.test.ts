import { describe, expect, it } from 'vitest';
import type { MemberId, SessionId, SessionIncarnation } from '../../protocol/ids.ts';
import { SessionExpiry } from './expiry.ts';
import type { SessionView } from './znodes/contract.ts';

const idOf = (index: number) => index.toString(16).padStart(16, '0') as SessionId;

/** Sessions that the tree knows, and how many were looked at. */
function world(count: number, timeoutMs: (index: number) => number = () => 2000) {
  const known = new Map<SessionId, SessionView>();
  const put = (index: number, timeout: number, incarnation = 1) =>
    known.set(idOf(index), {
      id: idOf(index),
      incarnation: incarnation as SessionIncarnation,
      holder: 1 as MemberId,
      timeoutMs: timeout,
      number: 0,
      clientNumbered: false,
      ephemeralCount: 0,
      ofMember: false,
    });
  for (let index = 0; index < count; index++) put(index, timeoutMs(index));
  const looks = { count: 0 };
  const state = {
    session: (id: SessionId) => {
      looks.count += 1;
      return known.get(id);
    },
    *sessions() {
      for (const session of known.values()) {
        looks.count += 1;
        yield session;
      }
    },
  };
  const expiry = new SessionExpiry(1000);
  expiry.begin(0);
  /** Ids that became due, with the time, looked for every 200 ms. */
  const run = (fromMs: number, toMs: number, each: (nowMs: number) => void = () => undefined) => {
    const due: [string, number][] = [];
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 200) {
      each(nowMs);
      for (const { id } of expiry.due(state, nowMs)) due.push([id, nowMs]);
    }
    return due;
  };
  return { known, put, looks, expiry, run };
}

describe('the expiry of sessions', () => {
  it('comes soon after the timeout of who is not heard of, and never before', () => {
    const { run } = world(40, (index) => 2000 + index * 137);
    const due = run(0, 8000);
    expect(due.filter(([, atMs]) => atMs < 5000 + 7000).length).toBeGreaterThanOrEqual(40);
    for (let index = 0; index < 40; index++) {
      const [, atMs] = due.find(([id]) => id === idOf(index))!;
      expect(atMs).toBeGreaterThan(2000 + index * 137);
      expect(atMs).toBeLessThanOrEqual(2000 + index * 137 + 400);
    }
  });

  it('does not come while a session is heard of, and comes when it no longer is', () => {
    const { run, expiry } = world(1);
    expect(run(0, 9000, (nowMs) => expiry.touched(idOf(0), nowMs))).toEqual([]);
    expect(run(9200, 11_400)).toEqual([[idOf(0), 11_200]]);
  });

  it('is proposed again when it was not seen applied, and for a new incarnation', () => {
    const { run, expiry, put } = world(1);
    const times = run(0, 8000).map(([, atMs]) => atMs);
    expect(times).toHaveLength(2);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(5000);
    put(0, 2000, 2);
    expiry.began(idOf(0), 8000);
    expect(run(8200, 11_000)).toHaveLength(1);
  });

  it('follows a timeout that an attachment has made shorter', () => {
    const { run, expiry, put } = world(1, () => 60_000);
    run(0, 1000);
    put(0, 2000, 2);
    expiry.began(idOf(0), 1000);
    expect(run(1200, 4000)).toHaveLength(1);
  });

  it('starts anew for everybody after a time in which nobody looked', () => {
    const { run } = world(3);
    run(0, 1800);
    expect(run(5000, 7000)).toEqual([]);
    expect(run(7200, 7600)).toHaveLength(3);
  });

  it('keeps nothing of a session that a late report names after its end', () => {
    const { run, expiry, known } = world(2);
    run(0, 400);
    known.delete(idOf(0));
    expiry.ended(idOf(0));
    expiry.touched(idOf(0), 500);
    expiry.touched(idOf(9), 500);
    expect(expiry.size).toBe(1);
  });

  it('does not look at every session at each check', () => {
    const { run, looks, expiry } = world(1000, () => 60_000);
    run(0, 200);
    looks.count = 0;
    run(400, 50_000, (nowMs) => expiry.touched(idOf(nowMs % 1000), nowMs));
    expect(looks.count).toBeLessThan(1000);
  });
});
