/** What a connection proves with `addauth`. */
import { createHash } from 'node:crypto';
import type { Identity } from '../../../protocol/operations.ts';
import { digestIdentity } from '../door/credentials.ts';
import type { GatewaySettings } from './settings.ts';

/** Passes every ACL. */
const superIdentity: Identity = { scheme: 'super', id: '' };

/** Of everybody who comes from this address. */
export function identitiesOfAddress(address: string, settings: GatewaySettings): Identity[] {
  const identities = [{ scheme: 'ip', id: address }];
  return settings.skipAcl ? [superIdentity, ...identities] : identities;
}

/** What the proof adds; undefined when it proves nothing or the scheme is not known. */
export function authenticate(
  scheme: string,
  proof: Buffer,
  settings: GatewaySettings,
): Identity[] | undefined {
  switch (scheme) {
    case 'ip':
      return [];
    case 'digest': {
      if (!settings.digestEnabled) return undefined;
      const identity = digestOf(proof.toString());
      return identity.id === settings.superDigest ? [superIdentity, identity] : [identity];
    }
    default:
      return undefined;
  }
}

/** ZooKeeper takes a text without a colon for a user whose password is the name itself. */
function digestOf(secret: string): Identity {
  if (secret.indexOf(':') > 0) return digestIdentity(secret);
  const [user] = secret.split(':', 1);
  return { scheme: 'digest', id: `${user}:${createHash('sha1').update(secret).digest('base64')}` };
}
