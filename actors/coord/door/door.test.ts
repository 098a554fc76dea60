import { beforeEach, describe, expect, it } from 'vitest';
import { decode, encode } from '../../../protocol/codec.ts';
import { limits } from '../../../protocol/limits.ts';
import type { ZnodeRequestName } from '../../../protocol/znode-api.ts';
import { GOOD_DISK } from '../../../simulation/disk.ts';
import {
  type Body,
  type Client,
  Cluster,
  errorCode,
  errorMessage,
  subjects,
} from '../testing/cluster.ts';

let cluster: Cluster;
let client: Client;

beforeEach(() => {
  cluster = new Cluster({ members: 1 }).ready();
  client = cluster.client();
});

const ask = (name: ZnodeRequestName, body: Body) => client.ask(subjects.znode(name), body);
const open = (body: Body = {}) => client.ask(subjects.session('open'), body);

describe('bad requests get a clear error and change nothing', () => {
  const long = 'x'.repeat(limits.pathBytes + 1);
  const big = 'x'.repeat(limits.znodeDataBytes + 1);
  const rows: readonly [string, ZnodeRequestName, Body, string, RegExp][] = [
    ['an unknown field', 'create', { path: '/a', dta: 'x' }, 'UNKNOWN_FIELD', /"dta"/],
    ['no path', 'create', {}, 'BAD_REQUEST', /"path"/],
    ['a path of a wrong type', 'get', { path: 7 }, 'BAD_REQUEST', /"path"/],
    ['a relative path', 'create', { path: 'a' }, 'BAD_PATH', /begin with "\/"/],
    ['an empty path', 'exists', { path: '' }, 'BAD_PATH', /empty/],
    ['a final slash', 'set', { path: '/a/' }, 'BAD_PATH', /end with/],
    ['a dot-dot', 'delete', { path: '/a/../b' }, 'BAD_PATH', /relative/],
    ['a control character', 'create', { path: '/a\u0001' }, 'BAD_PATH', /U\+0001/],
    ['a path that is too long', 'get', { path: `/${long}` }, 'BAD_PATH', /longer/],
    ['data of a wrong type', 'create', { path: '/a', data: 7 }, 'BAD_REQUEST', /"data"/],
    [
      'data twice',
      'create',
      { path: '/a', data: 'x', dataBase64: 'eA==' },
      'BAD_REQUEST',
      /either data or dataBase64/,
    ],
    ['no base 64', 'set', { path: '/a', dataBase64: '*' }, 'BAD_REQUEST', /"dataBase64"/],
    ['too much data', 'create', { path: '/a', data: big }, 'PAYLOAD_TOO_LARGE', /at most/],
    ['a negative version', 'set', { path: '/', version: -2 }, 'BAD_REQUEST', /"version"/],
    ['a version of text', 'delete', { path: '/a', version: '1' }, 'BAD_REQUEST', /"version"/],
    ['a watch without a session', 'get', { path: '/', watch: true }, 'BAD_REQUEST', /session/],
    [
      'an ephemeral without a session',
      'create',
      { path: '/a', ephemeral: true },
      'BAD_REQUEST',
      /session/,
    ],
    ['a number without a session', 'set', { path: '/', number: 1 }, 'BAD_REQUEST', /"number"/],
    ['a session id that is none', 'get', { path: '/', sessionId: 'x' }, 'BAD_REQUEST', /sessionId/],
    [
      'a session that is not there',
      'get',
      { path: '/', sessionId: '0123456789abcdef' },
      'SESSION_EXPIRED',
      /./,
    ],
    [
      'a session of a member',
      'get',
      { path: '/', sessionId: '0000000000000001' },
      'SESSION_EXPIRED',
      /./,
    ],
    [
      'credentials of an unknown scheme',
      'get',
      { path: '/', auth: [{ scheme: 'ip', auth: 'a:b' }] },
      'BAD_REQUEST',
      /auth\[0\]\.scheme/,
    ],
    [
      'credentials without a password',
      'get',
      { path: '/', auth: [{ scheme: 'digest', auth: 'me' }] },
      'AUTH_FAILED',
      /user:password/,
    ],
    ['an empty ACL', 'create', { path: '/a', acl: [] }, 'BAD_REQUEST', /"acl"/],
    [
      'an unknown scheme in an ACL',
      'create',
      { path: '/a', acl: [{ permissions: 31, scheme: 'ip', id: 'x' }] },
      'INVALID_ACL',
      /./,
    ],
    ['a limit of none', 'children', { path: '/', limit: 0 }, 'BAD_REQUEST', /"limit"/],
    [
      'an unknown operation',
      'multi',
      { operations: [{ op: 'get', path: '/' }] },
      'BAD_REQUEST',
      /operations\[0\]/,
    ],
    [
      'a bad path in a multi',
      'multi',
      {
        operations: [
          { op: 'check', path: '/' },
          { op: 'delete', path: 'x' },
        ],
      },
      'BAD_PATH',
      /operations\[1\]/,
    ],
    [
      'an unknown field in a multi',
      'multi',
      { operations: [{ op: 'delete', path: '/x', data: 'y' }] },
      'UNKNOWN_FIELD',
      /operations\[0\]\.data/,
    ],
    [
      'too many operations',
      'multi',
      { operations: Array.from({ length: 1001 }, () => ({ op: 'check', path: '/' })) },
      'BAD_REQUEST',
      /"operations"/,
    ],
    [
      'a multi that fits no slot',
      'multi',
      {
        operations: [1, 2].map((at) => ({
          op: 'create',
          path: `/${at}`,
          data: 'x'.repeat(600_000),
        })),
      },
      'PAYLOAD_TOO_LARGE',
      /./,
    ],
    ['a node that is not there', 'get', { path: '/none' }, 'NO_NODE', /./],
    ['a wrong version', 'set', { path: '/', version: 99 }, 'BAD_VERSION', /./],
    ['a node that exists', 'create', { path: '/mesozoo' }, 'NODE_EXISTS', /./],
    ["the system's nodes", 'create', { path: '/mesozoo/mine' }, 'NO_AUTH', /./],
    [
      "the system's ACL",
      'acl.set',
      { path: '/mesos', acl: [{ permissions: 31, scheme: 'world', id: 'anyone' }] },
      'NO_AUTH',
      /./,
    ],
  ];

  it.each(rows)('%s', (_, name, body, code, message) => {
    const nodesBefore = cluster.running()[0]!.nodes;
    const reply = ask(name, body);
    expect(errorCode(reply)).toBe(code);
    expect(errorMessage(reply)).toMatch(message);
    expect((reply.error as Body).definite).toBe(true);
    expect(cluster.running()[0]!.nodes).toBe(nodesBefore);
    expect(ask('exists', { path: '/a' })).toMatchObject({ exists: false });
  });

  it.each([
    ['no JSON', '{"path":'],
    ['a list', '[1]'],
    ['text', '"x"'],
    ['half of a MessagePack', '\x82\xa4path'],
  ])('%s', (_, text) => {
    const reply = client.ask(subjects.znode('create'), Buffer.from(text, 'latin1'));
    expect(errorCode(reply)).toBe('BAD_REQUEST');
  });

  it('sessions, too', () => {
    const refusals: readonly [Body, string, RegExp][] = [
      [{ timeout: 5 }, 'UNKNOWN_FIELD', /"timeout"/],
      [{ timeoutMs: 0 }, 'BAD_REQUEST', /"timeoutMs"/],
      [{ timeoutMs: 'long' }, 'BAD_REQUEST', /"timeoutMs"/],
      [{ eventsTo: 'mz.quorum.all' }, 'BAD_REQUEST', /eventsTo/],
      [{ eventsTo: '_INBOX.*' }, 'BAD_REQUEST', /eventsTo/],
      [{ sessionId: '0123456789abcdef' }, 'BAD_REQUEST', /password/],
      [{ sessionId: '0123456789abcdef', password: '0'.repeat(32) }, 'SESSION_EXPIRED', /./],
    ];
    for (const [body, code, message] of refusals) {
      const reply = open(body);
      expect(errorCode(reply)).toBe(code);
      expect(errorMessage(reply)).toMatch(message);
    }
    const nobody = { sessionId: 'f'.repeat(16), password: 'f'.repeat(32) };
    expect(errorCode(client.ask(subjects.session('ping'), nobody))).toBe('SESSION_EXPIRED');
    expect(errorCode(client.ask(subjects.session('ping'), {}))).toBe('BAD_REQUEST');
    expect(errorCode(client.ask(subjects.session('close'), {}))).toBe('BAD_REQUEST');
  });
});

describe('answers', () => {
  it('come in the form of the question', () => {
    const data = Uint8Array.of(0, 255, 1);
    client.ask(subjects.znode('create'), { path: '/bytes', data }, 'msgpack');
    client.ask(subjects.znode('create'), { path: '/text', data: 'grün' });
    expect(ask('get', { path: '/bytes' })).toMatchObject({ dataBase64: 'AP8B' });
    expect(ask('get', { path: '/text' })).toMatchObject({ data: 'grün' });
    const packed = client.ask(subjects.znode('get'), { path: '/text' }, 'msgpack');
    expect(Buffer.from(packed.data as Uint8Array).toString()).toBe('grün');
    expect(errorCode(client.ask(subjects.znode('get'), { path: '/x' }, 'msgpack'))).toBe('NO_NODE');
  });

  it('carry data in base 64 where JSON would swell them beyond a message', () => {
    const data = new Uint8Array(limits.znodeDataBytes);
    client.ask(subjects.znode('create'), { path: '/zeros', data }, 'msgpack');
    const reply = ask('get', { path: '/zeros' });
    expect(Buffer.from(reply.dataBase64 as string, 'base64')).toHaveLength(data.length);
  });

  it('are cut into pages where names are many or long', () => {
    const name = (index: number) => `${index}`.padStart(3, '0').padEnd(4000, 'n');
    for (let first = 0; first < 200; first += 40) {
      const operations = Array.from({ length: 40 }, (_, index) => ({
        op: 'create',
        path: `/${name(first + index)}`,
      }));
      expect(errorCode(ask('multi', { operations }))).toBeUndefined();
    }
    const names: string[] = [];
    let pages = 0;
    for (let more = true; more; pages++) {
      const after = names[names.length - 1];
      const page = ask('children', { path: '/', ...(after !== undefined && { after }) });
      names.push(...(page.children as string[]));
      more = page.more as boolean;
    }
    expect(pages).toBeGreaterThan(1);
    expect(names.filter((one) => one.length === 4000)).toHaveLength(200);
  });

  it('to every request have the shape of the API', () => {
    expect(ask('create', { path: '/q-', sequential: true })).toMatchObject({
      path: '/q-0000000002',
      stat: { version: 0 },
      zxid: expect.any(Number),
    });
    expect(ask('set', { path: '/q-0000000002', data: 'x' })).toMatchObject({
      stat: { version: 1 },
    });
    expect(ask('exists', { path: '/nothing' })).toEqual({
      exists: false,
      zxid: expect.any(Number),
    });
    expect(ask('acl.get', { path: '/q-0000000002' })).toMatchObject({
      acl: [{ permissions: 31, scheme: 'world', id: 'anyone' }],
    });
    const acl = [{ permissions: 1, scheme: 'world', id: 'anyone' }];
    expect(ask('acl.set', { path: '/q-0000000002', acl })).toMatchObject({ stat: { aversion: 1 } });
    expect(errorCode(ask('set', { path: '/q-0000000002', data: 'y' }))).toBe('NO_AUTH');
    const operations = [
      { op: 'create', path: '/m' },
      { op: 'set', path: '/m', data: 'x' },
      { op: 'check', path: '/m', version: 1 },
      { op: 'delete', path: '/m' },
    ];
    expect(ask('multi', { operations })).toMatchObject({
      results: [
        { op: 'create', path: '/m' },
        { op: 'set', stat: { version: 1 } },
        { op: 'check' },
        { op: 'delete' },
      ],
    });
    expect(ask('sync', {})).toEqual({ zxid: expect.any(Number) });
    expect(ask('delete', { path: '/q-0000000002' })).toEqual({ zxid: expect.any(Number) });
  });

  it('to a failed multi tell what became of each operation', () => {
    const operations = [
      { op: 'create', path: '/ok' },
      { op: 'delete', path: '/none' },
      { op: 'create', path: '/never' },
    ];
    const reply = ask('multi', { operations });
    expect(errorCode(reply)).toBe('NO_NODE');
    expect((reply.failures as ({ code: string } | null)[]).map((one) => one?.code)).toEqual([
      undefined,
      'NO_NODE',
      'RUNTIME_INCONSISTENCY',
    ]);
  });

  it('go nowhere but to inboxes, and a request without a reply subject is carried out', () => {
    client.publish(subjects.znode('create'), { path: '/silent' });
    client.publish(subjects.znode('create'), { path: '/loud' }, subjects.znode('delete'));
    cluster.run(500);
    expect(ask('exists', { path: '/silent' })).toMatchObject({ exists: true });
    expect(ask('exists', { path: '/loud' })).toMatchObject({ exists: true });
  });

  it('with credentials see what the system alone may change', () => {
    const auth = [{ scheme: 'digest', auth: 'system:secret' }];
    expect(errorCode(ask('create', { path: '/mesozoo/agents/a', auth }))).toBeUndefined();
    expect(errorCode(ask('delete', { path: '/mesozoo/agents/a' }))).toBe('NO_AUTH');
    expect(errorCode(ask('delete', { path: '/mesozoo/agents/a', auth }))).toBeUndefined();
  });
});

describe('a session', () => {
  it('carries its requests out in order: a read sees the write before it', () => {
    const { sessionId, holder } = open();
    client.send(`${holder}.create`, { sessionId, path: '/s', data: 'one' });
    const first = client.send(`${holder}.get`, { sessionId, path: '/s' });
    client.send(`${holder}.set`, { sessionId, path: '/s', data: 'two' });
    const second = client.send(`${holder}.get`, { sessionId, path: '/s' });
    client.send(`${holder}.delete`, { sessionId, path: '/s' });
    const third = client.send(`${holder}.exists`, { sessionId, path: '/s', linearizable: true });
    cluster.until('all are answered', () => third.reply !== undefined);
    expect(first.reply).toMatchObject({ data: 'one' });
    expect(second.reply).toMatchObject({ data: 'two' });
    expect(third.reply).toMatchObject({ exists: false });
  });

  it('is known by its numbers, where the client numbers', () => {
    const { sessionId, holder } = open({ numbered: true });
    const write = (number: number | undefined, data: string) =>
      client.send(`${holder}.create`, {
        sessionId,
        path: '/n-',
        sequential: true,
        data,
        ...(number !== undefined && { number }),
      });
    const [second, first] = [write(2, 'two'), write(1, 'one')];
    cluster.until('both are answered', () => !!(first.reply && second.reply));
    expect([first.reply!.path, second.reply!.path]).toEqual(['/n-0000000002', '/n-0000000003']);
    const repeat = write(1, 'one');
    cluster.until('the repeat is answered', () => repeat.reply !== undefined);
    expect(repeat.reply).toEqual(first.reply);
    const gap = write(5, 'five');
    cluster.until('the gap is refused', () => gap.reply !== undefined);
    expect(errorCode(gap.reply)).toBe('SEQUENCE_GAP');
    const [third, again] = [write(3, 'three'), write(3, 'three')];
    cluster.until('both are answered', () => !!(third.reply && again.reply));
    expect(again.reply).toEqual(third.reply);
    expect(errorCode(client.ask(`${holder}.delete`, { sessionId, path: '/n-0000000002' }))).toBe(
      'BAD_REQUEST',
    );
  });

  it('is refused what is not for a session', () => {
    const { sessionId, holder } = open({ eventsTo: client.eventsTo });
    const refused = (name: string, body: Body) => errorCode(client.ask(`${holder}.${name}`, body));
    expect(refused('get', { path: '/' })).toBe('BAD_REQUEST');
    expect(refused('nothing', { sessionId })).toBe('BAD_REQUEST');
    expect(refused('set', { sessionId, path: '/', number: 1 })).toBe('BAD_REQUEST');
    const auth = [{ scheme: 'digest', auth: 'a:b' }];
    expect(refused('get', { sessionId, path: '/', auth })).toBe('BAD_REQUEST');
    expect(refused('get', { sessionId: 'f'.repeat(16), path: '/' })).toBe('SESSION_EXPIRED');
  });

  it('refuses what is beyond its bound of requests without an answer', () => {
    const { sessionId, holder } = open();
    const all = Array.from({ length: limits.sessionOutstanding + 10 }, () =>
      client.send(`${holder}.set`, { sessionId, path: '/', data: 'x' }),
    );
    cluster.until('all are answered', () => all.every(({ reply }) => reply !== undefined));
    const codes = all.map(({ reply }) => errorCode(reply));
    expect(codes.filter((code) => code === undefined).length).toBeGreaterThanOrEqual(
      limits.sessionOutstanding,
    );
    expect(new Set(codes)).toEqual(new Set([undefined, 'TOO_MANY_REQUESTS']));
  });

  it('ends when it is closed, its ephemerals with it', () => {
    const { sessionId, holder, password } = open();
    client.ask(`${holder}.create`, { sessionId, path: '/e', ephemeral: true });
    expect(ask('get', { path: '/e' })).toMatchObject({ stat: { ephemeralOwner: sessionId } });
    const wrong = client.ask(subjects.session('close'), { sessionId, password: '0'.repeat(32) });
    expect(errorCode(wrong)).toBe('SESSION_EXPIRED');
    expect(client.ask(subjects.session('close'), { sessionId, password })).toEqual({});
    expect(ask('exists', { path: '/e' })).toMatchObject({ exists: false });
    expect(errorCode(client.ask(`${holder}.ping`, { sessionId }))).toBe('SESSION_EXPIRED');
    expect(errorCode(client.ask(subjects.session('close'), { sessionId, password }))).toBe(
      'SESSION_EXPIRED',
    );
  });

  it('is not to be had for its id, which every Stat of its ephemerals tells', () => {
    const own = open({ timeoutMs: 2000, auth: [{ scheme: 'digest', auth: 'system:secret' }] });
    const { sessionId, holder, password } = own;
    const path = '/mesozoo/agents/mine';
    const at = `${holder}`.slice(0, -32);
    expect(`${holder}`.slice(-32)).toMatch(/^[0-9a-f]{32}$/);
    expect(errorCode(client.ask(`${holder}.create`, { sessionId, path, ephemeral: true }))).toBe(
      undefined,
    );
    const thief = open();
    const tokens = ['0'.repeat(32), 'x', `${thief.holder}`.slice(-32)];
    for (const prefix of [...tokens.map((token) => `${at}${token}`), 'mz.znode']) {
      const asked = (name: string, body: Body) =>
        errorCode(client.ask(`${prefix}.${name}`, { sessionId, ...body }));
      expect(asked('delete', { path })).toBe('SESSION_MOVED');
      expect(asked('get', { path })).toBe('SESSION_MOVED');
      if (prefix !== 'mz.znode') expect(asked('ping', {})).toBe('SESSION_MOVED');
    }
    expect(client.ask(`${holder}.exists`, { sessionId, path })).toMatchObject({ exists: true });
    const again = open({ sessionId, password });
    expect(again.holder).not.toBe(holder);
    expect(errorCode(client.ask(`${holder}.get`, { sessionId, path }))).toBe('SESSION_MOVED');
    const pings = () => [
      errorCode(client.ask(`${holder}.ping`, { sessionId })),
      errorCode(client.ask(subjects.session('ping'), { sessionId, password: '0'.repeat(32) })),
    ];
    expect(pings()).toEqual(['SESSION_MOVED', 'SESSION_EXPIRED']);
    cluster.until('it expires in spite of pings by others', () => {
      pings();
      return ask('exists', { path }).exists === false;
    });
  });

  it('expires when it is not heard of, and not while it is', () => {
    const kept = open({ timeoutMs: 1 });
    expect(kept.timeoutMs).toBe(limits.sessionTimeoutMinMs);
    const lost = open({ timeoutMs: 2500, eventsTo: client.eventsTo });
    client.ask(`${lost.holder}.create`, {
      sessionId: lost.sessionId,
      path: '/lost',
      ephemeral: true,
    });
    for (let round = 0; round < 10; round++) {
      cluster.run(600);
      const { sessionId, password } = kept;
      const ping = client.ask(subjects.session('ping'), { sessionId, password });
      expect(errorCode(ping)).toBeUndefined();
    }
    expect(ask('exists', { path: '/lost' })).toMatchObject({ exists: false });
    expect(client.events).toContainEqual({ event: 'expired', sessionId: lost.sessionId });
    const late = client.ask(`${lost.holder}.get`, { sessionId: lost.sessionId, path: '/' });
    expect(errorCode(late)).toBe('SESSION_EXPIRED');
  });
});

describe('watches', () => {
  it('fire once, before the reply of anything later, with numbers that a ping tells', () => {
    const { sessionId, holder } = open({ eventsTo: client.eventsTo });
    const at = (name: string, body: Body) =>
      client.ask(`${holder}.${name}`, { sessionId, ...body });
    at('create', { path: '/w' });
    at('get', { path: '/w', watch: true });
    at('children', { path: '/w', watch: true });
    at('exists', { path: '/later', watch: true });
    const fired = () => client.events.map(({ event, path }) => `${event} ${path}`);
    at('set', { path: '/w', data: 'x' });
    expect(fired()).toEqual(['dataChanged /w']);
    at('set', { path: '/w', data: 'y' });
    at('create', { path: '/w/child' });
    at('create', { path: '/later' });
    expect(fired()).toEqual(['dataChanged /w', 'childrenChanged /w', 'created /later']);
    expect(client.events.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(at('ping', {})).toMatchObject({ events: 3 });
    expect(at('get', { path: '/w' })).toMatchObject({ events: 3 });
    expect(at('get', { path: '/none' })).toMatchObject({ error: { code: 'NO_NODE' }, events: 3 });
    for (const [index, body] of client.received.entries()) {
      const later = client.received
        .slice(0, index)
        .filter((earlier) => (earlier.zxid as number) > (body.zxid as number));
      if (body.event !== undefined) expect(later).toEqual([]);
    }
  });

  it('fire behind an answer that shows what was before them, also within one entry', () => {
    const { sessionId, holder } = open({ eventsTo: client.eventsTo });
    const other = open();
    const asOther = (data: string) =>
      client.send(`${other.holder}.set`, { sessionId: other.sessionId, path: '/w', data });
    const watched = () => client.send(`${holder}.get`, { sessionId, path: '/w', watch: true });
    client.ask(`${holder}.create`, { sessionId, path: '/w', data: 'old' });
    watched();
    cluster.run(100);
    client.received.length = 0;
    const [member] = cluster.members;
    member!.process.pause();
    client.send(`${holder}.create`, { sessionId, path: '/holds-the-read-back' });
    const read = watched();
    asOther('new');
    cluster.run(100);
    member!.process.resume();
    cluster.until('the read is answered', () => read.reply !== undefined);
    cluster.run(100);
    const told = client.received.map(({ event, data }) => event ?? data);
    expect(told.filter((one) => one !== undefined)).toEqual(['old', 'dataChanged']);
    // The watch that the read has set again is the one that fired.
    asOther('newer');
    cluster.run(100);
    expect(client.events.map(({ event, path }) => `${event} ${path}`)).toEqual(['dataChanged /w']);
  });

  it('need a place for their events', () => {
    const { sessionId, holder } = open();
    const reply = client.ask(`${holder}.get`, { sessionId, path: '/', watch: true });
    expect(errorCode(reply)).toBe('BAD_REQUEST');
    expect(errorMessage(reply)).toMatch(/eventsTo/);
  });

  it('are told in the form in which the session was opened', () => {
    const payloads: Uint8Array[] = [];
    const { sessionId, holder } = client.ask(
      subjects.session('open'),
      { eventsTo: client.eventsTo },
      'msgpack',
    );
    client.onPayload = (payload) => payloads.push(payload);
    client.ask(`${holder}.get`, { sessionId, path: '/', watch: true });
    client.ask(`${holder}.set`, { sessionId, path: '/', data: 'x' });
    const event = payloads.find((payload) => decode(payload).value.event !== undefined)!;
    expect(decode(event).form).toBe('msgpack');
    expect(encode(decode(event).value, 'msgpack')).toEqual(Buffer.from(event));
  });
});

describe('the state of the quorum', () => {
  it('is told by every member, in the form of the question', () => {
    expect(client.ask(subjects.quorumState(), {})).toMatchObject({
      id: 1,
      role: 'leading',
      leader: 1,
      members: [1],
      zxid: expect.any(Number),
      digest: expect.any(String),
    });
    expect(errorCode(client.ask(subjects.quorumState(), Buffer.from('x')))).toBe('BAD_REQUEST');
  });
});

describe('a member that stops', () => {
  it('tells watches what a write under way has changed, and then answers it', () => {
    const { sessionId, holder } = open({ eventsTo: client.eventsTo });
    client.ask(`${holder}.get`, { sessionId, path: '/', watch: true });
    cluster.members[0]!.disk.settings = { ...GOOD_DISK, syncUs: [50_000, 60_000] };
    const before = client.received.length;
    const written = client.send(`${holder}.set`, { sessionId, path: '/', data: 'x' });
    cluster.until('it is taken', () => cluster.running()[0]!.operationsWaiting === 1);
    cluster.members[0]!.process.stop();
    const late = client.send(`${holder}.set`, { sessionId, path: '/', data: 'y' });
    cluster.until('both are answered', () => !!(written.reply && late.reply));
    expect(errorCode(written.reply)).toBeUndefined();
    expect(errorCode(late.reply)).toBe('SESSION_MOVED');
    const events = client.received.slice(before).map((body) => body.event);
    const toldAt = events.indexOf('dataChanged');
    expect(toldAt).toBeGreaterThan(-1);
    expect(toldAt).toBeLessThan(client.received.indexOf(written.reply!) - before);
  });
});
