/** How clients prove themselves with SASL, by the JAAS file that a zoo.cfg names. */
import { readFileSync } from 'node:fs';
import type { Gss } from '../actors/actor.ts';
import { type JaasLogin, jaasLogin } from '../actors/coord/gateway/sasl/jaas.ts';
import type { SaslSettings } from '../actors/coord/gateway/settings.ts';
import { MesozooError } from '../protocol/errors.ts';
import { openGss } from './gss/acceptor.ts';

export interface Sasl {
  /** Names and passwords, for DIGEST-MD5. */
  readonly users: ReadonlyMap<string, string> | undefined;
  /** For Kerberos. */
  readonly gss: Gss | undefined;
}

/** Throws BAD_ARGUMENT that names the key and the file. */
export function openSasl(settings: SaslSettings): Sasl {
  const { superPassword, kerberos } = settings;
  const login = readLogin(settings);
  if (login.kind === 'kerberos') return { users: undefined, gss: openGss(login, kerberos) };
  const { users } = login;
  return {
    users: superPassword === undefined ? users : new Map([...users, ['super', superPassword]]),
    gss: undefined,
  };
}

function readLogin({ configPath, section }: SaslSettings): JaasLogin {
  try {
    return jaasLogin(readFileSync(configPath, 'utf8'), section);
  } catch (cause) {
    const key = 'java.security.auth.login.config';
    const message = `zoo.cfg: ${key}: ${configPath}: ${(cause as Error).message}`;
    throw new MesozooError('BAD_ARGUMENT', message, { cause });
  }
}
