/** What a connection proves: by itself, and with `addauth`. */
import { createHash } from 'node:crypto';
import type { Identity } from '../../../protocol/operations.ts';
import type { TcpConnection } from '../../actor.ts';
import { digestIdentity } from '../door/credentials.ts';
import type { GatewaySettings } from './settings.ts';

/** Passes every ACL. */
export const superIdentity: Identity = { scheme: 'super', id: '' };

type Origin = Pick<TcpConnection, 'remoteAddress' | 'subject'>;

/** What a connection proves by itself: by its address, and by the certificate of the client. */
export function identitiesOfConnection(from: Origin, settings: GatewaySettings): Identity[] {
  const identities = [...ofCertificate(from, settings), { scheme: 'ip', id: from.remoteAddress }];
  return settings.skipAcl ? [superIdentity, ...identities] : identities;
}

function ofCertificate({ subject }: Origin, { x509SuperUser }: GatewaySettings): Identity[] {
  if (subject === undefined) return [];
  const identity = { scheme: 'x509', id: subject };
  return subject === x509SuperUser ? [superIdentity, identity] : [identity];
}

/** The client wants another ensemble: it is sent away without a word, and tries another address. */
export const WRONG_ENSEMBLE = 'wrong ensemble';

/** What the proof adds; undefined when it proves nothing or the scheme is not known. */
export function authenticate(
  scheme: string,
  proof: Buffer,
  from: Origin,
  settings: GatewaySettings,
): Identity[] | typeof WRONG_ENSEMBLE | undefined {
  switch (scheme) {
    case 'ip':
      return [];
    case 'x509':
      return from.subject === undefined ? undefined : ofCertificate(from, settings);
    case 'digest': {
      if (!settings.digestEnabled) return undefined;
      const identity = digestOf(proof.toString(), settings.digestAlgorithm);
      return identity.id === settings.superDigest ? [superIdentity, identity] : [identity];
    }
    case 'ensemble': {
      const names = settings.ensembleNames;
      const isMeant = names.length === 0 || proof.length === 0 || names.includes(proof.toString());
      return isMeant ? [] : WRONG_ENSEMBLE;
    }
    default:
      return undefined;
  }
}

/** Of one connection: each goes with every write. */
const IDENTITIES_MAX = 64;

/** Each once, the newest first; undefined where there are too many. */
export function withIdentities(
  known: readonly Identity[],
  added: readonly Identity[],
): readonly Identity[] | undefined {
  if (known.length >= IDENTITIES_MAX) return undefined;
  const isNew = (one: Identity) =>
    !known.some(({ scheme, id }) => scheme === one.scheme && id === one.id);
  return [...added.filter(isNew), ...known];
}

/** Whether such a connection may ask for anything. */
export function isAuthEnough(
  identities: readonly Identity[],
  { enforcedAuthSchemes }: GatewaySettings,
): boolean {
  return (
    enforcedAuthSchemes.length === 0 ||
    identities.some(({ scheme }) => enforcedAuthSchemes.includes(scheme))
  );
}

/** ZooKeeper takes a text without a colon for a user whose password is the name itself. */
function digestOf(secret: string, algorithm: GatewaySettings['digestAlgorithm']): Identity {
  if (algorithm === 'SHA1' && secret.indexOf(':') > 0) return digestIdentity(secret);
  const [user] = secret.split(':', 1);
  return {
    scheme: 'digest',
    id: `${user}:${createHash(algorithm).update(secret).digest('base64')}`,
  };
}
