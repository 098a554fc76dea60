import { describe, expect, test } from 'vitest';
import type { MemberId, SessionId } from '../../../protocol/ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Operation } from '../../../protocol/operations.ts';
import type { Applied } from './contract.ts';
import {
  create,
  Driver,
  multi,
  passwordOf,
  remove,
  sessionIdOf,
  set,
  type TestSession,
  textOf,
} from './testing/driver.ts';

const codeOf = ({ result }: Applied): string =>
  result.kind === 'error' ? result.error.code : result.kind;

const openBody = {
  kind: 'openSession',
  password: passwordOf(1),
  timeoutMs: 10_000,
  holder: 1 as MemberId,
  clientNumbered: false,
} as const;

/** Everything that an operation without effect must leave as it was. */
function visible(driver: Driver): unknown {
  return {
    root: driver.state.children('/', []),
    nodes: driver.state.nodeCount,
    sessions: [...driver.state.sessions()],
  };
}

describe('opening', () => {
  test('makes a session that its holder can see', () => {
    const driver = new Driver();
    const applied = new OpenerOf(driver).open({});
    expect(applied).toMatchObject({
      session: sessionIdOf(1),
      incarnation: 0,
      number: 0,
      tag: 77,
      repeat: false,
      result: { kind: 'session', incarnation: 1, timeoutMs: 10_000, number: 0 },
    });
    expect(applied.ended).toBeUndefined();
    expect(driver.state.session(sessionIdOf(1))).toEqual({
      id: sessionIdOf(1),
      incarnation: 1,
      holder: 1,
      timeoutMs: 10_000,
      number: 0,
      clientNumbered: false,
      ephemeralCount: 0,
      ofMember: false,
    });
  });

  test.each<[string, Partial<typeof openBody> | object]>([
    ['a short password', { password: new Uint8Array(15) }],
    ['a long password', { password: new Uint8Array(17) }],
    ['no timeout', { timeoutMs: 0 }],
    ['an endless timeout', { timeoutMs: 2 ** 40 }],
    ['a holder that can be no member', { holder: 256 as MemberId }],
    ['no holder', { holder: 0 as MemberId }],
  ])('with %s is refused', (_, changes) => {
    const driver = new Driver();
    expect(codeOf(new OpenerOf(driver).open(changes))).toBe('BAD_REQUEST');
    expect([...driver.state.sessions()]).toEqual([]);
  });

  test('twice by the same operation is one opening', () => {
    const driver = new Driver();
    const opener = new OpenerOf(driver);
    const first = opener.open({});
    const second = opener.open({});
    expect(second.repeat).toBe(true);
    expect(second.result).toEqual(first.result);
  });

  test('with an id that is in use is refused', () => {
    const driver = new Driver();
    const opener = new OpenerOf(driver);
    opener.open({});
    expect(codeOf(opener.open({}, 78))).toBe('BAD_REQUEST');
    expect(codeOf(opener.open({ password: passwordOf(9) }))).toBe('BAD_REQUEST');
  });
});

class OpenerOf {
  private readonly driver: Driver;
  constructor(driver: Driver) {
    this.driver = driver;
  }
  open(changes: object, tag = 77): Applied {
    return this.driver.apply({
      session: sessionIdOf(1),
      incarnation: 0 as never,
      number: 0,
      tag,
      identities: [],
      body: { ...openBody, ...changes },
    });
  }
}

describe('attaching', () => {
  test('begins a new incarnation and ends the old one', () => {
    const driver = new Driver();
    const session = driver.open();
    const applied = session.attach(3);
    expect(applied.result).toMatchObject({ kind: 'session', incarnation: 2 });
    expect(applied.ended).toEqual({ session: session.id, why: 'moved', incarnation: 1 });
    expect(driver.state.session(session.id)).toMatchObject({ incarnation: 2, holder: 3 });
  });

  test('needs the password; an unknown session and a wrong password look alike', () => {
    const driver = new Driver();
    const session = driver.open();
    const attach = (id: SessionId, secret: number | Uint8Array) =>
      driver.apply({
        ...session.operation({
          kind: 'attachSession',
          password: typeof secret === 'number' ? passwordOf(secret) : secret,
          timeoutMs: 10_000,
          holder: 2 as MemberId,
        }),
        session: id,
      });
    const before = visible(driver);
    const wrong = attach(session.id, 2);
    expect(codeOf(wrong)).toBe('SESSION_EXPIRED');
    expect(attach(sessionIdOf(99), 1).result).toEqual(wrong.result);
    expect(attach(session.id, new Uint8Array(0)).result).toEqual(wrong.result);
    expect(attach(session.id, new Uint8Array(17).fill(1)).result).toEqual(wrong.result);
    expect(visible(driver)).toEqual(before);
  });

  test('twice by the same operation is one attachment', () => {
    const driver = new Driver();
    const session = driver.open();
    const first = session.attach(2, 500);
    const second = session.attach(2, 500);
    expect(second.repeat).toBe(true);
    expect(second.result).toEqual(first.result);
    expect(second.ended).toBeUndefined();
    expect(driver.state.session(session.id)?.incarnation).toBe(2);
  });

  test('again by an old operation does not take the session back', () => {
    const driver = new Driver();
    const session = driver.open();
    session.attach(2, 500);
    session.attach(3, 501);
    const late = session.attach(2, 500);
    expect(codeOf(late)).toBe('SESSION_MOVED');
    expect(driver.state.session(session.id)).toMatchObject({ incarnation: 3, holder: 3 });
  });

  test('remembers a bounded number of attachments', () => {
    const driver = new Driver();
    const session = driver.open();
    for (let tag = 100; tag < 100 + limits.sessionBeginnings + 1; tag++) session.attach(2, tag);
    expect(codeOf(session.attach(2, 101))).toBe('SESSION_MOVED');
    expect(codeOf(session.attach(2, 100))).toBe('session');
  });

  test('begins the numbers anew where the holder gives them', () => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/a'));
    session.write(create('/b'));
    expect(session.attach().result).toMatchObject({ number: 0 });
    expect(session.outcome(create('/c'))).toBe('created');
    expect(driver.state.session(session.id)?.number).toBe(1);
  });

  test('goes on with the numbers where the client gives them, and still knows the replies', () => {
    const driver = new Driver();
    const session = driver.open(1, { clientNumbered: true });
    session.write(create('/a'));
    const second = session.write(create('/b'));
    expect(session.attach().result).toMatchObject({ number: 2 });
    const again = driver.apply(session.operation(create('/b'), { number: 2 }));
    expect(again).toMatchObject({ repeat: true, result: second.result, zxid: second.zxid });
    expect(session.outcome(create('/c'))).toBe('created');
    expect(driver.state.session(session.id)?.number).toBe(3);
  });
});

describe('closing', () => {
  test.each([
    [false, 'closed'],
    [true, 'expired'],
  ] as const)('(expired: %s) removes the ephemerals in one zxid', (expired, why) => {
    const driver = new Driver();
    const session = driver.open();
    const other = driver.open(2);
    session.write(create('/p'));
    session.write(create('/p/b', { ephemeral: true }));
    session.write(create('/p/a', { ephemeral: true }));
    other.write(create('/p/other', { ephemeral: true }));
    const before = driver.state.zxid;
    const applied = session.close(expired);
    expect(applied.result).toEqual({ kind: 'closed' });
    expect(applied.ended).toEqual({ session: session.id, why, incarnation: 1 });
    expect(applied.events.map(({ type, path }) => `${type} ${path}`)).toEqual([
      'deleted /p/a',
      'childrenChanged /p',
      'deleted /p/b',
      'childrenChanged /p',
    ]);
    expect(driver.state.zxid).toBe(before + 1);
    expect(driver.state.exists('/p')).toMatchObject({ pzxid: before + 1, cversion: 5 });
    expect(driver.state.children('/p', []).names).toEqual(['other']);
    expect(driver.state.session(session.id)).toBeUndefined();
  });

  test.each([true, false])('(expired: %s) of an older incarnation has no effect', (expired) => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/e', { ephemeral: true }));
    session.attach();
    const before = visible(driver);
    const applied = session.close(expired, 1);
    expect(codeOf(applied)).toBe('SESSION_MOVED');
    expect(applied.ended).toBeUndefined();
    expect(visible(driver)).toEqual(before);
  });

  test('of an unknown session is SESSION_EXPIRED', () => {
    const driver = new Driver();
    const session = driver.open();
    session.close();
    expect(codeOf(session.close())).toBe('SESSION_EXPIRED');
  });

  test('ends the writes', () => {
    const driver = new Driver();
    const session = driver.open();
    session.close();
    expect(session.outcome(create('/a'))).toBe('SESSION_EXPIRED');
    expect(driver.state.exists('/a')).toBeUndefined();
  });
});

describe('numbers', () => {
  const started = (): { driver: Driver; session: TestSession } => {
    const driver = new Driver();
    const session = driver.open(1, { clientNumbered: true });
    session.write(create('/a', { data: '0' }));
    return { driver, session };
  };

  test.each<[string, { number?: number; incarnation?: number }, string]>([
    ['the next', { number: 2 }, 'stat'],
    ['a gap', { number: 3 }, 'SEQUENCE_GAP'],
    ['a wide gap', { number: 2 ** 40 }, 'SEQUENCE_GAP'],
    ['a repeat', { number: 1 }, 'created'],
    ['no number', { number: 0 }, 'BAD_REQUEST'],
    ['an older incarnation', { number: 2, incarnation: 0 }, 'SESSION_MOVED'],
    ['an incarnation that never was', { number: 2, incarnation: 9 }, 'SESSION_MOVED'],
  ])('%s', (_, changes, expected) => {
    const { driver, session } = started();
    const before = visible(driver);
    const { zxid } = driver.state;
    const applied = driver.apply(session.operation(set('/a', 'x'), changes));
    expect(codeOf(applied)).toBe(expected);
    expect(driver.state.zxid).toBe(zxid + 1);
    const written = expected === 'stat';
    expect(textOf(driver.state.get('/a', []).data)).toBe(written ? 'x' : '0');
    expect(applied.repeat).toBe(expected === 'created');
    if (!written) {
      expect(visible(driver)).toEqual(before);
      expect(applied.events).toEqual([]);
    }
  });

  test.each<[string, Operation['body']]>([
    ['create', create('/s-', { sequential: true, ephemeral: true, data: 'x' })],
    ['set', set('/a', 'x')],
    ['delete', remove('/a')],
    ['multi', multi(create('/m', { data: 'x' }), set('/a', '1'), remove('/m'))],
    ['a failure', remove('/none')],
    ['a failure with words of its own', create('//')],
    ['a failed multi', multi(create('/m'), remove('/none'), create('/n'))],
  ])('a repeated %s gets its own reply', (_, body) => {
    const { driver, session } = started();
    const first = session.write(body);
    const { number } = session;
    session.write(create('/later'));
    const again = driver.apply(session.operation(body, { number }));
    expect(again.result).toEqual(first.result);
    expect(again.zxid).toBe(first.zxid);
    expect(again.repeat).toBe(true);
    expect(again.events).toEqual([]);
  });

  test('of replies beyond the last ones are REPLY_FORGOTTEN', () => {
    const { driver, session } = started();
    for (let count = 0; count < limits.sessionOutstanding; count++) session.write(set('/a', 'x'));
    const repeat = (number: number) => driver.apply(session.operation(set('/a', 'y'), { number }));
    expect(codeOf(repeat(1))).toBe('REPLY_FORGOTTEN');
    expect(repeat(1).repeat).toBe(true);
    expect(codeOf(repeat(2))).toBe('stat');
    expect(codeOf(repeat(session.number))).toBe('stat');
    expect(textOf(driver.state.get('/a', []).data)).toBe('x');
  });

  test('are used up by failures too', () => {
    const { session } = started();
    expect(session.outcome(remove('/none'))).toBe('NO_NODE');
    expect(session.outcome(remove('/none'))).toBe('NO_NODE');
    expect(session.outcome(set('/a', 'x'))).toBe('stat');
  });
});

describe('the session of a member', () => {
  const member = (driver: Driver, number: number, holder: number, tag: number): Applied =>
    driver.apply({
      session: sessionIdOf(number),
      incarnation: 0 as never,
      number: 0,
      tag,
      identities: [],
      body: { kind: 'memberSession', holder: holder as MemberId },
    });
  const write = (driver: Driver, incarnation: number, number: number, body: Operation['body']) =>
    driver.apply({
      session: sessionIdOf(5),
      incarnation: incarnation as never,
      number,
      tag: 0,
      identities: [],
      body,
    });

  test('is made, and begins anew with each new tag', () => {
    const driver = new Driver();
    expect(member(driver, 5, 1, 10).result).toMatchObject({ kind: 'session', incarnation: 1 });
    expect(codeOf(write(driver, 1, 1, create('/a')))).toBe('created');
    const again = member(driver, 5, 1, 11);
    expect(again.result).toMatchObject({ kind: 'session', incarnation: 2, number: 0 });
    expect(again.ended).toEqual({ session: sessionIdOf(5), why: 'moved', incarnation: 1 });
    expect(codeOf(write(driver, 1, 2, create('/b')))).toBe('SESSION_MOVED');
    expect(codeOf(write(driver, 2, 1, create('/b')))).toBe('created');
    expect(driver.state.session(sessionIdOf(5))).toMatchObject({ ofMember: true, holder: 1 });
  });

  test('made twice by the same operation is one', () => {
    const driver = new Driver();
    member(driver, 5, 1, 10);
    expect(member(driver, 5, 1, 10)).toMatchObject({ repeat: true });
    expect(driver.state.session(sessionIdOf(5))?.incarnation).toBe(1);
  });

  test('owns no ephemerals', () => {
    const driver = new Driver();
    member(driver, 5, 1, 10);
    expect(codeOf(write(driver, 1, 1, create('/e', { ephemeral: true })))).toBe('BAD_REQUEST');
    expect(driver.state.exists('/e')).toBeUndefined();
  });

  test('is neither closed nor attached nor opened nor taken by another', () => {
    const driver = new Driver();
    const client = driver.open(4);
    member(driver, 5, 1, 10);
    const session = driver.open(5);
    expect(session.incarnation).toBe(0);
    expect(codeOf(session.attach())).toBe('SESSION_EXPIRED');
    // It has no password, and the empty one does not open it either.
    const attach = { kind: 'attachSession', password: new Uint8Array(0) } as const;
    const holder = 2 as MemberId;
    expect(codeOf(session.begin({ ...attach, timeoutMs: 10_000, holder }))).toBe('SESSION_EXPIRED');
    expect(codeOf(session.close(true, 1))).toBe('BAD_REQUEST');
    expect(codeOf(member(driver, 5, 2, 11))).toBe('BAD_REQUEST');
    expect(codeOf(member(driver, 4, 1, 12))).toBe('BAD_REQUEST');
    expect(codeOf(member(driver, 6, 0, 12))).toBe('BAD_REQUEST');
    expect(driver.state.session(client.id)?.ofMember).toBe(false);
    expect(driver.state.session(sessionIdOf(5))).toMatchObject({ incarnation: 1, holder: 1 });
  });
});

describe('planted bugs', () => {
  test('sequence-gap-skipped accepts a gap', () => {
    const driver = new Driver(undefined, new Set(['sequence-gap-skipped'] as const));
    const session = driver.open();
    expect(codeOf(driver.apply(session.operation(create('/a'), { number: 4 })))).toBe('created');
  });

  test('repeat-applied applies a repeat again', () => {
    const driver = new Driver(undefined, new Set(['repeat-applied'] as const));
    const session = driver.open();
    session.write(create('/s-', { sequential: true }));
    driver.apply(session.operation(create('/s-', { sequential: true })));
    expect(driver.state.children('/', []).names).toContain('s-0000000001');
  });
});
