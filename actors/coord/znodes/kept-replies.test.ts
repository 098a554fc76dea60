/** Whose replies are kept for repeats. */
import { expect, test } from 'vitest';
import type { MemberId, SessionIncarnation, Zxid } from '../../../protocol/ids.ts';
import { Session, Sessions } from './sessions.ts';
import { create, Driver, passwordOf, sessionIdOf } from './testing/driver.ts';

test('nobody asks again where the holder numbers the writes of a client', () => {
  const driver = new Driver();
  const session = driver.open(1, { clientNumbered: false });
  session.write(create('/s-', { sequential: true }));
  const again = driver.apply(session.operation(create('/s-', { sequential: true })));
  expect(again).toMatchObject({ repeat: true, result: { error: { code: 'REPLY_FORGOTTEN' } } });
  expect(driver.state.exists('/s-0000000001')).toBeUndefined();
});

test('replies of such sessions in an older snapshot are forgotten', () => {
  const build = (clientNumbered: boolean, replies: readonly string[]): Sessions => {
    const session = new Session({
      id: sessionIdOf(1),
      password: passwordOf(1),
      clientNumbered,
      ofMember: false,
      holder: 1 as MemberId,
      incarnation: 1 as SessionIncarnation,
      timeoutMs: 10_000,
      number: 3,
      beginnings: [],
    });
    for (const [index, text] of replies.entries()) session.replies.put(2 + index, text);
    const sessions = new Sessions();
    sessions.add(session);
    return sessions;
  };
  const holders = build(false, ['one', 'two']);
  holders.forgetUnasked();
  expect(holders.replyBytes).toBe(0);
  expect(holders.settledSum()).toEqual(build(false, []).settledSum());
  const clients = build(true, ['one', 'two']);
  clients.forgetUnasked();
  expect(clients.replyBytes).toBe(6);
  // And what is written from then on leaves none.
  const session = holders.find(sessionIdOf(1))!;
  holders.took(session, 4, 9 as Zxid, 0, { kind: 'deleted' });
  expect(session.replies.count).toBe(0);
  expect(session.number).toBe(4);
});
