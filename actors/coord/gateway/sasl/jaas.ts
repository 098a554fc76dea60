/**
 * The users in a JAAS file, as ZooKeeper's servers read them:
 *
 *     Server {
 *       org.apache.zookeeper.server.auth.DigestLoginModule required
 *       user_bob="secret";
 *     };
 */
import { MesozooError } from '../../../../protocol/errors.ts';

const USER = /^user_(.+)$/;

/** Throws BAD_ARGUMENT that says what is wrong, without any of the secrets. */
export function jaasUsers(text: string, section: string): ReadonlyMap<string, string> {
  const tokens = tokensOf(text);
  const start = tokens.findIndex((token, index) => token === section && tokens[index + 1] === '{');
  if (start < 0) throw bad(`there is no section "${section}"`);
  const end = tokens.indexOf('}', start);
  if (end < 0) throw bad(`the section "${section}" has no end`);
  const entries = tokens.slice(start + 2, end);
  if (entries.some((token) => token.endsWith('.Krb5LoginModule')))
    throw bad(`the section "${section}" is for Kerberos, of which there is nothing here`);
  const users = new Map<string, string>();
  for (const [index, token] of entries.entries()) {
    const [, name] = USER.exec(token) ?? [];
    const value = entries[index + 2];
    if (name === undefined) continue;
    if (entries[index + 1] !== '=' || value === undefined || value === ';')
      throw bad(`${token} has no password`);
    users.set(name, unquoted(value));
  }
  if (users.size === 0) throw bad(`the section "${section}" has no user_NAME="password"`);
  return users;
}

const bad = (why: string) => new MesozooError('BAD_ARGUMENT', why);

/** Words, texts in quotes, and signs; comments are those of Java. */
function tokensOf(text: string): readonly string[] {
  const pattern = /\/\/[^\n]*|\/\*.*?\*\/|"(?:[^"\\]|\\.)*"|[{}=;]|[^\s{}=;"]+/gs;
  return (text.match(pattern) ?? []).filter((token) => !/^\/[/*]/.test(token));
}

function unquoted(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/gs, '$1') : token;
}
