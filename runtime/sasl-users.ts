/** The users of SASL, from the JAAS file that a zoo.cfg names. */
import { readFileSync } from 'node:fs';
import { jaasUsers } from '../actors/coord/gateway/sasl/jaas.ts';
import type { SaslSettings } from '../actors/coord/gateway/settings.ts';
import { MesozooError } from '../protocol/errors.ts';

/** Throws BAD_ARGUMENT that names the key and the file. */
export function readSaslUsers(settings: SaslSettings): ReadonlyMap<string, string> {
  const { configPath, section, superPassword } = settings;
  try {
    const users = jaasUsers(readFileSync(configPath, 'utf8'), section);
    return superPassword === undefined ? users : new Map([...users, ['super', superPassword]]);
  } catch (cause) {
    const key = 'java.security.auth.login.config';
    const message = `zoo.cfg: ${key}: ${configPath}: ${(cause as Error).message}`;
    throw new MesozooError('BAD_ARGUMENT', message, { cause });
  }
}
