/** The exchange of RFC 4752 with a Kerberos that is none: what it signs begins with "signed:". */
import { describe, expect, it } from 'vitest';
import { MesozooError } from '../../../../protocol/errors.ts';
import type { Gss } from '../../../actor.ts';
import { opcodes } from '../opcodes.ts';
import type { GatewaySettings } from '../settings.ts';
import { header, hello, request } from '../testing/frames.ts';
import { GatewayWorld } from '../testing/gateway-world.ts';
import { GssapiServer } from './gssapi.ts';
import { defaultRules } from './kerberos-name.ts';

const SEAL = 'signed:';

/** Proves that the client is who the token says, at its `steps`th token. */
class FakeGss implements Gss {
  readonly defaultRealm = 'HERE';
  open = 0;
  private readonly steps: number;
  private readonly answer: string;

  constructor(steps = 1, answer = '') {
    this.steps = steps;
    this.answer = answer;
  }

  accept() {
    this.open += 1;
    let [count, isOpen] = [0, true];
    return {
      step: (token: Uint8Array) => {
        const text = Buffer.from(token).toString();
        if (text === 'garbage') throw new MesozooError('AUTH_FAILED', 'no token');
        count += 1;
        const principal = count >= this.steps ? text : undefined;
        return { token: Buffer.from(principal === undefined ? 'go on' : this.answer), principal };
      },
      wrap: (message: Uint8Array) => Buffer.concat([Buffer.from(SEAL), message]),
      unwrap: (message: Uint8Array) => {
        const bytes = Buffer.from(message);
        if (!bytes.toString('latin1').startsWith(SEAL))
          throw new MesozooError('AUTH_FAILED', 'no seal');
        return bytes.subarray(SEAL.length);
      },
      dispose: () => {
        if (isOpen) this.open -= 1;
        isOpen = false;
      },
    };
  }
}

const signed = (...bytes: (number | string)[]) =>
  Buffer.concat(
    [SEAL, ...bytes].map((each) => Buffer.from(typeof each === 'string' ? each : [each])),
  );
const offer = signed(1, 0, 0, 0);
const choice = signed(1, 0, 0, 0, 'somebody else');

describe('GSSAPI', () => {
  const server = (gss: Gss) =>
    new GssapiServer({
      gss,
      identityOf: (principal) => (principal === 'nobody' ? undefined : `known ${principal}`),
    });
  const said = (one: GssapiServer, ...tokens: (string | Buffer)[]) =>
    tokens.map((token) => one.evaluate(Buffer.from(token)));

  it('offers no protection, and knows the client as who it has proven to be', () => {
    const gss = new FakeGss();
    expect(said(server(gss), 'alice@HERE', choice)).toEqual([
      { kind: 'challenge', token: offer },
      { kind: 'proven', user: 'known alice@HERE', token: null },
    ]);
    expect(gss.open).toBe(0);
  });

  it('answers a client that wants a proof as well, and then makes its offer', () => {
    const gss = new FakeGss(1, 'proof');
    expect(said(server(gss), 'alice@HERE', '', choice)).toMatchObject([
      { kind: 'challenge', token: Buffer.from('proof') },
      { kind: 'challenge', token: offer },
      { kind: 'proven' },
    ]);
  });

  it('takes some tokens, and not any number of them', () => {
    const kinds = (steps: number) =>
      said(server(new FakeGss(steps)), '1', '2', '3', '4').map(({ kind }) => kind);
    expect(kinds(4)).toEqual(['challenge', 'challenge', 'challenge', 'challenge']);
    expect(kinds(9)).toEqual(['challenge', 'challenge', 'challenge', 'refused']);
  });

  it.each([
    ['what is no token', ['garbage'], 'no token'],
    ['a choice that is not signed', ['alice', 'choice'], 'no seal'],
    ['a choice of encryption', ['alice', signed(4, 0, 0, 0)], /not offered/],
    ['no choice', ['alice', signed(0, 0, 0, 0)], /not offered/],
    ['half a choice', ['alice', signed(1, 0)], /not offered/],
    ['a principal without a name here', ['nobody', choice], /^nobody is no principal/],
    ['one word more', ['alice', choice, 'alice'], 'the exchange is over'],
    ['one word more after a refusal', ['garbage', 'alice'], 'the exchange is over'],
  ])('refuses %s, and keeps nothing', (_what, tokens, why) => {
    const gss = new FakeGss();
    expect(said(server(gss), ...tokens).at(-1)).toEqual({
      kind: 'refused',
      why: typeof why === 'string' ? why : expect.stringMatching(why),
    });
    expect(gss.open).toBe(0);
  });
});

describe('in a connection', () => {
  const sasl = {
    ...{ configPath: '', section: 'Server', superPassword: undefined, superUsers: ['root'] },
    allowsFailed: false,
    kerberos: {
      ...{ configPath: undefined, needsDefaultRealm: false, rules: defaultRules },
      ...{ removesHost: false, removesRealm: true },
    },
  };

  function open(settings: Partial<GatewaySettings> = {}) {
    const gss = new FakeGss();
    const world = new GatewayWorld({ sasl, ...settings }, { gss });
    const peer = world.connect();
    peer.send(hello());
    world.run();
    const asked = (...sent: Buffer[]) => {
      const before = peer.frames().length;
      peer.send(...sent);
      world.run();
      return peer.frames().slice(before);
    };
    const tokens = (...all: (string | Buffer)[]) =>
      all.flatMap((one) => asked(request(9, opcodes.sasl, (out) => out.buffer(Buffer.from(one)))));
    return { gss, peer, asked, tokens, run: () => world.run() };
  }

  it('the principal is an identity, by its name here, and a super user where it is named one', () => {
    for (const [principal, shown] of [
      ['alice@HERE', 'alice'],
      ['alice@THERE', 'alice@THERE'],
      ['root@HERE', 'super'],
    ] as const) {
      const { tokens, asked, gss } = open();
      const [first, last] = tokens(principal, choice);
      expect(first?.subarray(20)).toEqual(offer);
      expect([header(last as Buffer).error, last?.readInt32BE(16)]).toEqual([0, -1]);
      expect(asked(request(1, opcodes.whoAmI)).toString()).toContain(shown);
      expect(gss.open).toBe(0);
    }
  });

  it('who proves nothing is closed, or may stay where that is allowed', () => {
    const outcome = (settings: Partial<GatewaySettings>) => {
      const { tokens, peer } = open(settings);
      const [reply] = tokens('garbage');
      return [header(reply as Buffer).error, peer.isClosed];
    };
    expect(outcome({})).toEqual([-115, true]);
    expect(outcome({ enforcedAuthSchemes: ['sasl'] })).toEqual([-124, true]);
    expect(outcome({ sasl: { ...sasl, allowsFailed: true } })).toEqual([0, false]);
  });

  it('a client that leaves in the middle leaves nothing behind', () => {
    const { tokens, peer, gss, run } = open();
    tokens('alice@HERE');
    expect(gss.open).toBe(1);
    peer.handlers?.closed();
    run();
    expect(gss.open).toBe(0);
  });
});
