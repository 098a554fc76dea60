import { describe, expect, test } from 'vitest';
import type { MemberId, SessionId, Zxid } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import { HashSum } from './hash.ts';
import { changeSession } from './session-operations.ts';
import { Sessions } from './sessions.ts';

const password = new Uint8Array(16);
const idOf = (index: number) => index.toString(16).padStart(16, '0') as SessionId;

function opener(sessions: Sessions) {
  const where = { sessions, zxid: 1 as Zxid } as Parameters<typeof changeSession>[0];
  const timeoutMs = 10_000;
  const holder = 1 as MemberId;
  const body = { kind: 'openSession', password, timeoutMs, holder, clientNumbered: true } as const;
  return (index: number) => {
    const operation = { session: idOf(index), tag: index } as Parameters<typeof changeSession>[1];
    return changeSession(where, operation, body);
  };
}

describe('the bounds of sessions', () => {
  test('beyond their number openings are refused, but for repeats, until one has ended', () => {
    const sessions = new Sessions();
    const open = opener(sessions);
    for (let index = 0; index < limits.sessions; index++) open(index);
    const refused = open(limits.sessions);
    expect(refused.result).toMatchObject({ kind: 'error', error: { code: 'TOO_MANY_REQUESTS' } });
    expect(sessions.all.size).toBe(limits.sessions);
    expect(open(7)).toMatchObject({ result: { kind: 'session' }, repeat: true });
    sessions.remove(sessions.find(idOf(3))!);
    expect(open(limits.sessions).result.kind).toBe('session');
  });

  test('beyond the bytes of all replies a session that writes keeps its last one', () => {
    const sessions = new Sessions(1000);
    const open = opener(sessions);
    for (const index of [1, 2]) open(index);
    const [one, two] = [sessions.find(idOf(1))!, sessions.find(idOf(2))!];
    const write = (session: typeof one, path: string) =>
      sessions.took(session, session.number + 1, 1 as Zxid, 0, {
        kind: 'error',
        error: { code: 'NO_NODE', message: path, definite: true },
      });
    for (let count = 0; count < 3; count++) write(one, 'x'.repeat(200));
    expect(one.replies.count).toBe(3);
    for (let count = 0; count < 5; count++) write(two, 'x'.repeat(200));
    expect(one.replies.count).toBe(3);
    expect(two.replies.count).toBe(1);
    expect(two.replies.find(5)).toBeDefined();
    expect(sessions.replyBytes).toBe(one.replies.byteLength + two.replies.byteLength);
    sessions.remove(one);
    write(two, 'y');
    expect(two.replies.count).toBe(2);
    sessions.remove(two);
    expect(sessions.replyBytes).toBe(0);
  });

  test('many that open, write and end are hashed as they come, and the sum is the same', () => {
    const sessions = new Sessions();
    const open = opener(sessions);
    for (let index = 0; index < 9_000; index++) {
      open(index);
      const session = sessions.find(idOf(index))!;
      sessions.took(session, 1, 1 as Zxid, 0, { kind: 'checked' });
      if (index % 3 === 0) sessions.remove(session);
    }
    const isUnsummed = [...sessions.all.values()].filter(({ isSummed }) => !isSummed).length;
    expect(isUnsummed).toBeLessThanOrEqual(4096);
    for (const index of [1, 2, 8_999]) {
      const session = sessions.find(idOf(index))!;
      sessions.took(session, 2, 2 as Zxid, 0, { kind: 'checked' });
    }
    const { high, low } = sessions.settledSum();
    const anew = new HashSum();
    for (const session of sessions.all.values()) {
      session.hash();
      anew.add(session.hashHigh, session.hashLow);
    }
    expect([high, low]).toEqual([anew.high, anew.low]);
  });
});
