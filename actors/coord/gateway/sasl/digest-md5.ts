/**
 * The server's side of DIGEST-MD5 (RFC 2831) as Java's has it, which ZooKeeper uses: a challenge with a nonce, the
 * client's response with a digest of its password, and a digest in return that only a server could make that knows
 * the password too. Authentication alone: nothing is encrypted afterwards.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { parseDirectives, quoted } from './directives.ts';
import { refused, type SaslMechanism, type SaslStep } from './mechanism.ts';

/** ZooKeeper's servers and clients have agreed on these. */
export const SASL_PROTOCOL = 'zookeeper';
export const SASL_REALM = 'zk-sasl-md5';

export interface DigestMd5Options {
  readonly users: ReadonlyMap<string, string>;
  /** New for each exchange, and not to be guessed. */
  readonly nonce: string;
  readonly protocol: string;
  readonly realm: string;
}

const RESPONSE_BYTES_MAX = 4096;

export class DigestMd5Server implements SaslMechanism {
  private readonly options: DigestMd5Options;
  private state: 'new' | 'challenged' | 'over' = 'new';

  constructor(options: DigestMd5Options) {
    this.options = options;
  }

  evaluate(token: Buffer): SaslStep {
    const { state } = this;
    if (state === 'new' && token.length === 0) {
      this.state = 'challenged';
      return { kind: 'challenge', token: Buffer.from(this.challenge()) };
    }
    this.state = 'over';
    if (state !== 'challenged') return refused('the exchange is not at this point');
    if (token.length > RESPONSE_BYTES_MAX) return refused('the response is too long');
    return this.judge(token);
  }

  private challenge(): string {
    const { realm, nonce } = this.options;
    return `realm=${quoted(realm)},nonce=${quoted(nonce)},charset=utf-8,algorithm=md5-sess`;
  }

  private judge(token: Buffer): SaslStep {
    const isUtf8 = /(^|[\s,])charset=utf-8/i.test(token.toString('latin1'));
    const directives = parseDirectives(token.toString(isUtf8 ? 'utf8' : 'latin1'));
    if (directives === undefined) return refused('the response cannot be read');
    const { users, nonce, protocol, realm } = this.options;
    const user = directives.get('username') ?? '';
    const expected: readonly (readonly [name: string, value: string, otherwise?: string])[] = [
      ['nonce', nonce],
      ['nc', '00000001'],
      ['qop', 'auth', 'auth'],
      ['digest-uri', `${protocol}/${realm}`],
      ['realm', realm],
    ];
    for (const [name, value, otherwise] of expected)
      if ((directives.get(name) ?? otherwise) !== value) return refused(`its ${name} is another`);
    const password = users.get(user);
    if (password === undefined) return refused('there is no such user');
    const cnonce = directives.get('cnonce');
    const response = directives.get('response');
    if (cnonce === undefined || response === undefined) return refused('a part is missing');
    const authzid = directives.get('authzid');
    const facts = { user, password, realm, nonce, cnonce, authzid, uri: `${protocol}/${realm}` };
    if (!isEqual(response, digestMd5(facts, 'AUTHENTICATE')))
      return refused('its digest is that of another password');
    return { kind: 'proven', user, token: Buffer.from(`rspauth=${digestMd5(facts, '')}`) };
  }
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export interface DigestFacts {
  readonly user: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly authzid: string | undefined;
  readonly uri: string;
}

/** RFC 2831, section 2.1.2.1, of the first response (nc 1, qop auth): by `method` the client's, or with '' the server's. */
export function digestMd5(facts: DigestFacts, method: 'AUTHENTICATE' | ''): string {
  const { user, password, realm, nonce, cnonce, authzid, uri } = facts;
  const secret = md5(
    Buffer.concat([narrow(user), COLON, narrow(realm), COLON, narrow(password)]),
  ).digest();
  const more = authzid === undefined ? '' : `:${authzid}`;
  const first = md5(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}${more}`)])).digest(
    'hex',
  );
  const second = md5(Buffer.from(`${method}:${uri}`)).digest('hex');
  return md5(Buffer.from(`${first}:${nonce}:00000001:${cnonce}:auth:${second}`)).digest('hex');
}

const COLON = Buffer.from(':');
const md5 = (bytes: Buffer) => createHash('md5').update(bytes);

/** What ISO 8859-1 can say is said in it, whatever the charset of the exchange. */
function narrow(text: string): Buffer {
  const isNarrow = [...text].every((letter) => letter.charCodeAt(0) <= 0xff && letter.length === 1);
  return Buffer.from(text, isNarrow ? 'latin1' : 'utf8');
}
