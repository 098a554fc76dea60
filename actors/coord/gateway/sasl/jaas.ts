/**
 * How clients prove themselves, by a JAAS file as ZooKeeper's servers read it: with names and passwords
 *
 *     Server {
 *       org.apache.zookeeper.server.auth.DigestLoginModule required
 *       user_bob="secret";
 *     };
 *
 * or with Kerberos, where the server has a key of its own:
 *
 *     Server {
 *       com.sun.security.auth.module.Krb5LoginModule required
 *       useKeyTab=true keyTab="/etc/zookeeper.keytab" principal="zookeeper/host@EXAMPLE.COM";
 *     };
 */
import { MesozooError } from '../../../../protocol/errors.ts';

export type JaasLogin =
  | { readonly kind: 'passwords'; readonly users: ReadonlyMap<string, string> }
  | { readonly kind: 'kerberos'; readonly principal: string; readonly keytab: string };

const USER = /^user_(.+)$/;
/** Clients ask for the key of a service on a host; the realm may be that of the machine. */
const PRINCIPAL = /^[^/@]+\/[^/@]+(@[^/@]+)?$/;

/** Throws BAD_ARGUMENT that says what is wrong, without any of the secrets. */
export function jaasLogin(text: string, section: string): JaasLogin {
  const entries = entriesOf(text, section);
  // As ZooKeeper: where there is a principal, passwords are not asked for.
  const module = entries.findIndex((token) => token.endsWith('.Krb5LoginModule'));
  if (module < 0) return { kind: 'passwords', users: usersOf(entries, section) };
  const end = entries.indexOf(';', module);
  return kerberosOf(optionsOf(entries.slice(module, end < 0 ? undefined : end)));
}

function entriesOf(text: string, section: string): readonly string[] {
  const tokens = tokensOf(text);
  const start = tokens.findIndex((token, index) => token === section && tokens[index + 1] === '{');
  if (start < 0) throw bad(`there is no section "${section}"`);
  const end = tokens.indexOf('}', start);
  if (end < 0) throw bad(`the section "${section}" has no end`);
  return tokens.slice(start + 2, end);
}

function usersOf(entries: readonly string[], section: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [name, value] of optionsOf(entries)) {
    const user = USER.exec(name)?.[1];
    if (user === undefined) continue;
    if (value === undefined) throw bad(`${name} has no password`);
    users.set(user, value);
  }
  if (users.size === 0) throw bad(`the section "${section}" has no user_NAME="password"`);
  return users;
}

function kerberosOf(options: ReadonlyMap<string, string | undefined>): JaasLogin {
  const [useKeytab, keytab, principal] = ['useKeyTab', 'keyTab', 'principal'].map((name) =>
    options.get(name),
  );
  if (useKeytab !== 'true' || !keytab)
    throw bad('Krb5LoginModule needs useKeyTab=true and keyTab="FILE": no ticket is taken instead');
  if (principal === undefined || !PRINCIPAL.test(principal))
    throw bad('Krb5LoginModule needs principal="zookeeper/HOST@REALM"');
  return { kind: 'kerberos', principal, keytab };
}

/** Of `name=value`; the value of a `name` that stands alone is undefined. */
function optionsOf(tokens: readonly string[]): ReadonlyMap<string, string | undefined> {
  const options = new Map<string, string | undefined>();
  for (const [index, token] of tokens.entries()) {
    if (SIGN.test(token) || tokens[index - 1] === '=') continue;
    const value = tokens[index + 1] === '=' ? tokens[index + 2] : undefined;
    options.set(token, value === undefined || SIGN.test(value) ? undefined : unquoted(value));
  }
  return options;
}

const bad = (why: string) => new MesozooError('BAD_ARGUMENT', why);

const SIGN = /^[{}=;]$/;

/** Words, texts in quotes, and signs; comments are those of Java. */
function tokensOf(text: string): readonly string[] {
  const pattern = /\/\/[^\n]*|\/\*.*?\*\/|"(?:[^"\\]|\\.)*"|[{}=;]|[^\s{}=;"]+/gs;
  return (text.match(pattern) ?? []).filter((token) => !/^\/[/*]/.test(token));
}

function unquoted(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/gs, '$1') : token;
}
