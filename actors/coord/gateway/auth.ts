/** What a connection proves with `addauth`. */
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
      const identity = digestIdentity(proof.toString());
      return identity.id === settings.superDigest ? [superIdentity, identity] : [identity];
    }
    default:
      return undefined;
  }
}
