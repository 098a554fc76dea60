/**
 * Addresses of NATS servers as people write them: `nats://user:password@host:4222`, several with commas between them.
 * The credentials are taken out, so that an address can be shown in a message and on a screen.
 */
import { MesozooError } from '../protocol/errors.ts';

export type Credentials =
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** A file that `nsc` made: a JWT and its seed. */
  | { readonly kind: 'creds'; readonly file: string };

export interface Servers {
  /** Without credentials; several with commas between them. */
  readonly url: string;
  readonly credentials?: Credentials;
  /** An address began with `tls://`. */
  readonly secure: boolean;
}

const EXAMPLE = 'nats://127.0.0.1:4222';
const schemes = ['nats', 'tls'];

/** `what` names where the text stands, for example `--nats`. Throws BAD_ARGUMENT; a password never gets into its text. */
export function readServers(text: string, what: string): Servers {
  const servers = text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => readServer(each, what));
  if (servers.length === 0) throw wrong(what, `expected an address, for example ${EXAMPLE}`);
  const credentials = servers.flatMap((server) => server.credentials ?? []);
  if (new Set(credentials.map((each) => JSON.stringify(each))).size > 1)
    throw wrong(what, 'the addresses have different credentials: all are one cluster, give one');
  return {
    url: servers.map(({ url }) => url).join(','),
    ...(credentials[0] !== undefined && { credentials: credentials[0] }),
    secure: servers.some(({ secure }) => secure),
  };
}

/** As a connection takes them. */
export function identityOf(credentials: Credentials | undefined) {
  switch (credentials?.kind) {
    case undefined:
      return {};
    case 'user':
      return { user: credentials.user, pass: credentials.password };
    case 'token':
      return { token: credentials.token };
    case 'creds':
      return { creds: credentials.file };
  }
}

function readServer(text: string, what: string): Servers {
  // Greedy: whatever stands before the last "@" are credentials, and is never shown.
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:(.*)@)?([^@]*)$/i.exec(text);
  const [, scheme, userInfo, rest = ''] = match ?? [];
  const shown = `${scheme === undefined ? '' : `${scheme}://`}${userInfo === undefined ? '' : '***@'}${rest}`;
  const host = rest.replace(/\/$/, '');
  if (scheme !== undefined && !schemes.includes(scheme.toLowerCase()))
    throw wrong(what, `"${shown}" is no address of a NATS server: expected nats:// or tls://`);
  if (!isHostAndPort(host))
    throw wrong(what, `"${shown}" is no address of a NATS server: expected ${EXAMPLE}`);
  return {
    url: scheme === undefined ? host : `${scheme}://${host}`,
    ...(userInfo !== undefined && { credentials: credentialsOf(userInfo, what) }),
    secure: scheme?.toLowerCase() === 'tls',
  };
}

function isHostAndPort(text: string): boolean {
  const match = /^(?:\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return false;
  const port = Number(match[1] ?? 4222);
  return port >= 1 && port <= 65_535;
}

/** `user:password`, or a token alone, as in other NATS clients. */
function credentialsOf(userInfo: string, what: string): Credentials {
  const colon = userInfo.indexOf(':');
  try {
    if (colon < 0) return { kind: 'token', token: decodeURIComponent(userInfo) };
    return {
      kind: 'user',
      user: decodeURIComponent(userInfo.slice(0, colon)),
      password: decodeURIComponent(userInfo.slice(colon + 1)),
    };
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw wrong(what, 'a "%" in the credentials must be written %25');
  }
}

function wrong(what: string, message: string): MesozooError {
  return new MesozooError('BAD_ARGUMENT', `${what}: ${message}`);
}
