import { describe, expect, it } from 'vitest';
import { opcodes } from '../opcodes.ts';
import type { GatewaySettings } from '../settings.ts';
import { header, hello, readBody, request } from '../testing/frames.ts';
import { GatewayWorld, type Peer } from '../testing/gateway-world.ts';
import { type DigestFacts, DigestMd5Server, digestMd5 } from './digest-md5.ts';
import { parseDirectives, quoted } from './directives.ts';
import { jaasLogin } from './jaas.ts';
import { defaultRules } from './kerberos-name.ts';

/** RFC 2831, section 4. */
const example: DigestFacts = {
  ...{ user: 'chris', password: 'secret', realm: 'elwood.innosoft.com', authzid: undefined },
  ...{ nonce: 'OA6MG9tEQGm2hh', cnonce: 'OA6MHXh6VqTrRk', uri: 'imap/elwood.innosoft.com' },
};

describe('directives', () => {
  it.each([
    ['a=1,b="x, \\"y\\""', { a: '1', b: 'x, "y"' }],
    [' A = 1 ,, b=2', { a: '1', b: '2' }],
    ['', {}],
    ['a=1,a=2', undefined],
    ['a', undefined],
    ['a="open', undefined],
    ['a=1 b=2', undefined],
  ])('%j', (text, expected) => {
    const parsed = parseDirectives(text);
    expect(parsed && Object.fromEntries(parsed)).toEqual(expected);
  });

  it('in quotes are read as they were', () => {
    const text = 'a "b" \\ c, d=e';
    expect(parseDirectives(`x=${quoted(text)}`)?.get('x')).toBe(text);
  });
});

describe('DIGEST-MD5', () => {
  it('makes the digests of the example in the RFC', () => {
    expect(digestMd5(example, 'AUTHENTICATE')).toBe('d388dad90d4bbd760a152321f2143af7');
    expect(digestMd5(example, '')).toBe('ea40f60335c427b5527b84dbabcdfffd');
  });

  const server = () =>
    new DigestMd5Server({
      users: new Map([
        ['chris', 'secret'],
        ['jürgen', 'geheim'],
      ]),
      ...{ nonce: example.nonce, protocol: 'imap', realm: example.realm },
    });
  const response = (changes: Readonly<Record<string, string | undefined>> = {}) => {
    const fields = {
      ...{ username: '"chris"', realm: `"${example.realm}"`, nonce: `"${example.nonce}"` },
      ...{ nc: '00000001', cnonce: `"${example.cnonce}"`, 'digest-uri': `"${example.uri}"` },
      ...{ response: digestMd5(example, 'AUTHENTICATE'), qop: 'auth', charset: 'utf-8' },
      ...changes,
    };
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    return Buffer.from(given.map(([name, value]) => `${name}=${value}`).join());
  };
  const challenged = () => {
    const one = server();
    one.evaluate(Buffer.alloc(0));
    return one;
  };

  it('challenges as Java does, believes who knows the password, and proves itself', () => {
    const one = server();
    const first = one.evaluate(Buffer.alloc(0));
    expect(first).toMatchObject({ kind: 'challenge' });
    expect(first.kind === 'challenge' && first.token.toString()).toBe(
      'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",charset=utf-8,algorithm=md5-sess',
    );
    expect(one.evaluate(response())).toEqual({
      ...{ kind: 'proven', user: 'chris' },
      token: Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfffd'),
    });
    expect(one.evaluate(response())).toMatchObject({ kind: 'refused' });
  });

  it('understands names in either charset, and an identity to act as', () => {
    for (const charset of ['utf-8', undefined]) {
      const facts = { ...example, user: 'jürgen', password: 'geheim', authzid: 'jürgen' };
      const digest = digestMd5(facts, 'AUTHENTICATE');
      const text = response({
        ...{ charset, username: '"jürgen"', authzid: '"jürgen"', response: digest },
      }).toString();
      const bytes = Buffer.from(text, charset === undefined ? 'latin1' : 'utf8');
      expect(challenged().evaluate(bytes)).toMatchObject({ kind: 'proven', user: 'jürgen' });
    }
  });

  it.each([
    ['another password', { response: digestMd5({ ...example, password: 'no' }, 'AUTHENTICATE') }],
    ['no such user', { username: '"eve"' }],
    ['another nonce', { nonce: '"x"' }],
    ['a count that is not the first', { nc: '00000002' }],
    ['another service', { 'digest-uri': '"zookeeper/x"' }],
    ['another realm', { realm: '"x"' }],
    ['no realm', { realm: undefined }],
    ['no cnonce', { cnonce: undefined }],
    ['no digest', { response: undefined }],
    ['encryption', { qop: 'auth-conf' }],
    ['what cannot be read', { username: '"open' }],
  ])('refuses %s', (_what, changes) => {
    expect(challenged().evaluate(response(changes))).toMatchObject({ kind: 'refused' });
  });

  it('refuses what comes before its challenge, and what is too long', () => {
    expect(server().evaluate(response())).toMatchObject({ kind: 'refused' });
    expect(challenged().evaluate(Buffer.alloc(5000, 0x20))).toMatchObject({ kind: 'refused' });
  });
});

describe('a JAAS file', () => {
  const users = (text: string) => {
    const login = jaasLogin(text, 'Server');
    return login.kind === 'passwords' ? [...login.users] : login;
  };

  it('has its users in a section', () => {
    const text = `
      // of the clients
      Client { x.Y required username="user_no"; };
      /* Server { user_no="no"; } */
      Server {
        org.apache.zookeeper.server.auth.DigestLoginModule required
        user_super="admin;{}=secret"
        user_bob = "b\\"ob" debug=true;
      };`;
    expect(users(text)).toEqual([
      ['super', 'admin;{}=secret'],
      ['bob', 'b"ob'],
    ]);
  });

  it.each([
    ['Client { x required; };', /^there is no section "Server"$/],
    ['Server { x required user_a="secret";', /^the section "Server" has no end$/],
    ['Server { x required; };', /has no user_NAME="password"$/],
    ['Server { x required user_a; };', /^user_a has no password$/],
    ['Server { x.Krb5LoginModule required; };', /needs useKeyTab=true/],
    [
      'Server { x.Krb5LoginModule required useKeyTab=false keyTab=k principal="a/b"; };',
      /useKeyTab/,
    ],
    ['Server { x.Krb5LoginModule required useTicketCache=true; };', /no ticket/],
    ['Server { x.Krb5LoginModule required useKeyTab=true keyTab=""; };', /keyTab/],
    ['Server { x.Krb5LoginModule required useKeyTab=true keyTab=k; };', /needs principal/],
    ['Server { x.Krb5LoginModule required useKeyTab=true keyTab=k principal="*"; };', /principal/],
    ['Server { x.Krb5LoginModule required useKeyTab=true keyTab=k principal=a@B; };', /principal/],
  ])('is refused: %j', (text, message) => {
    expect(() => jaasLogin(text, 'Server')).toThrow(message);
  });

  it.each([
    'keyTab="/etc/zoo.keytab" principal="zookeeper/host@EXAMPLE.COM"',
    'storeKey=true debug principal=zookeeper/host@EXAMPLE.COM keyTab = "/etc/zoo.keytab"',
  ])('has the key of the server for Kerberos: %s', (options) => {
    const text = `Server { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true
      ${options}; x.DigestLoginModule required user_bob="b" keyTab="other"; };`;
    expect(jaasLogin(text, 'Server')).toEqual({
      ...{ kind: 'kerberos', keytab: '/etc/zoo.keytab' },
      principal: 'zookeeper/host@EXAMPLE.COM',
    });
  });
});

describe('in a connection', () => {
  const users = new Map([['bob', 'secret']]);
  const sasl = {
    ...{ configPath: '', section: 'Server', superPassword: undefined, superUsers: [] },
    allowsFailed: false,
    kerberos: {
      ...{ configPath: undefined, needsDefaultRealm: false, rules: defaultRules },
      ...{ removesHost: false, removesRealm: false },
    },
  };
  const token = (bytes: Uint8Array) => request(9, opcodes.sasl, (out) => out.buffer(bytes));

  function open(settings: Partial<GatewaySettings>, offered: typeof users | 'none' = users) {
    const world = new GatewayWorld(
      { sasl, ...settings },
      offered === 'none' ? {} : { saslUsers: offered },
    );
    const peer = world.connect();
    peer.send(hello());
    world.run();
    return { world, peer };
  }

  function asked({ world, peer }: { world: GatewayWorld; peer: Peer }, ...sent: Buffer[]) {
    const before = peer.frames().length;
    peer.send(...sent);
    world.run();
    return peer.frames().slice(before);
  }

  /** As a client would make it, of the challenge that it was sent. */
  function answerTo(challenge: Buffer, password: string): Buffer {
    const directives = parseDirectives(challenge.subarray(20).toString());
    const [nonce, realm] = [directives?.get('nonce') ?? '', directives?.get('realm') ?? ''];
    const facts = {
      ...{ user: 'bob', password, realm, nonce, cnonce: 'c', authzid: undefined },
      uri: `zookeeper/${realm}`,
    };
    const digest = digestMd5(facts, 'AUTHENTICATE');
    return token(
      Buffer.from(
        `username="bob",realm="${realm}",nonce="${nonce}",nc=00000001,cnonce="c",` +
          `digest-uri="zookeeper/${realm}",response=${digest},qop=auth,charset=utf-8`,
      ),
    );
  }

  function proven(one: ReturnType<typeof open>, password = 'secret'): Buffer[] {
    const [challenge] = asked(one, token(Buffer.alloc(0)));
    return asked(one, answerTo(challenge as Buffer, password));
  }

  const whoAmI = request(1, opcodes.whoAmI);
  const exists = request(2, opcodes.exists, readBody('/'));

  it('the user is an identity, and a super user where it is named one', () => {
    const one = open({});
    expect(proven(one).map(header)).toMatchObject([{ xid: 9, error: 0 }]);
    expect(asked(one, whoAmI).toString()).toContain('bob');
    const two = open({ sasl: { ...sasl, superUsers: ['bob'] } });
    proven(two);
    expect(asked(two, whoAmI).toString()).toContain('super');
  });

  it('who proves nothing is closed, or may stay where that is allowed', () => {
    const refusedWith = (settings: Partial<GatewaySettings>) => {
      const one = open(settings);
      const [reply] = proven(one, 'wrong');
      expect(reply?.readInt32BE(16)).toBe(-1);
      return [header(reply as Buffer).error, one.peer.isClosed];
    };
    const mild = { ...sasl, allowsFailed: true };
    expect(refusedWith({})).toEqual([-115, true]);
    expect(refusedWith({ enforcedAuthSchemes: ['sasl'] })).toEqual([-124, true]);
    expect(refusedWith({ sasl: mild })).toEqual([0, false]);
    expect(refusedWith({ sasl: mild, enforcedAuthSchemes: ['sasl'] })).toEqual([-124, true]);
  });

  it('a session that must prove itself may do so before it asks for anything', () => {
    const one = open({ enforcedAuthSchemes: ['sasl'] });
    proven(one);
    expect(asked(one, exists).map(header)).toMatchObject([{ error: 0 }]);
    expect(asked(open({ enforcedAuthSchemes: ['sasl'] }), exists).map(header)).toMatchObject([
      { error: -124 },
    ]);
  });

  it('a member without users has no token to give', () => {
    const one = open({ sasl: undefined }, 'none');
    const [reply] = asked(one, token(Buffer.alloc(0)));
    expect([header(reply as Buffer).error, reply?.readInt32BE(16)]).toEqual([0, -1]);
    expect(one.peer.isClosed).toBe(false);
  });

  it('each connection has a nonce of its own', () => {
    const one = open({});
    const other = { world: one.world, peer: one.world.connect() };
    asked(other, hello());
    const [first] = asked(one, token(Buffer.alloc(0)));
    const [second] = asked(other, token(Buffer.alloc(0)));
    expect(first?.equals(second as Buffer)).toBe(false);
  });
});
