/** What a zoo.cfg says about TLS for clients. */
import type { AlternativeNameSettings, SecureClientSettings, StoreSettings } from './settings.ts';
import { PORT_MAX, type UsedKey, type Values, WHOLE_MAX } from './zoo-cfg-values.ts';

/** As ZooKeeper's. */
const DETECTION_TIMEOUT_MS = 5_000;

export function secureOf(values: Values): SecureClientSettings | undefined {
  const clientAuth = values.matching(
    'ssl.clientAuth',
    /^(none|want|need)$/i,
    'none, want or need',
  ) as SecureClientSettings['clientAuth'] | undefined;
  const port = values.whole('secureClientPort', 0, PORT_MAX) || undefined;
  const isUnified = values.flag('client.portUnification') ?? false;
  const keyStore = storeOf(values, 'keyStore');
  const checks = {
    revocationsPath: revocationsOf(values),
    verifiesClientAddress: verifiesClientAddress(values),
    alternativeName: alternativeNameOf(values),
  };
  const detectionTimeoutMs =
    values.whole('ssl.handshakeDetectionTimeoutMillis', 1, WHOLE_MAX) ?? DETECTION_TIMEOUT_MS;
  const reloadsFiles = values.flag('client.certReload') ?? false;
  if (port === undefined && !isUnified) return undefined;
  if (keyStore === undefined)
    throw values.bad(
      port === undefined ? 'client.portUnification' : 'secureClientPort',
      'needs ssl.keyStore.location, a file with key and certificate',
    );
  return {
    port,
    isUnified,
    address: values.text('secureClientPortAddress'),
    keyStore,
    trustStore: storeOf(values, 'trustStore'),
    clientAuth: (clientAuth?.toLowerCase() as typeof clientAuth) ?? 'need',
    protocols: protocolsOf(values),
    cipherSuites: values.list('ssl.ciphersuites') ?? [],
    ...{ reloadsFiles, detectionTimeoutMs, ...checks },
  };
}

function storeOf(values: Values, store: 'keyStore' | 'trustStore'): StoreSettings | undefined {
  values.matching(
    `ssl.${store}.type`,
    /^(pem|pkcs12)$/i,
    'PEM or PKCS12 (keytool -importkeystore with -deststoretype PKCS12 converts a JKS)',
  );
  const path = values.text(`ssl.${store}.location`);
  if (path === undefined) return undefined;
  const password = values.text(`ssl.${store}.password`);
  return { path, password, passwordPath: values.text(`ssl.${store}.passwordPath`) };
}

/** As ZooKeeper: without a list the one protocol that is named is spoken. `TLS` is Java's name for all of them. */
function protocolsOf(values: Values): readonly string[] {
  const one = values.text('ssl.protocol');
  const named = one === undefined || one.toUpperCase() === 'TLS' ? [] : [one];
  return values.list('ssl.enabledProtocols') ?? named;
}

/**
 * Java fetches revocations from where each certificate says, or asks its authority. Nobody here does: what is asked
 * for and cannot be had is refused, rather than believed to be checked.
 */
function revocationsOf(values: Values): string | undefined {
  if (values.flag('ssl.ocsp') === true)
    throw values.bad(
      'ssl.ocsp',
      'OCSP is not spoken here: take the line out, and have ssl.crl=true with ssl.crl.location instead',
    );
  const path = values.text('ssl.crl.location');
  if (values.flag('ssl.crl') !== true) {
    if (path !== undefined) throw values.bad('ssl.crl.location', 'has effect with ssl.crl=true');
    return undefined;
  }
  if (path === undefined)
    throw values.bad(
      'ssl.crl',
      'revocations are not fetched from the network here: ssl.crl.location, a key of ours, must name a PEM file ' +
        'with a list of each authority in ssl.trustStore.location',
    );
  return path;
}

/** As ZooKeeper, which asks clients for it only where servers are asked as well. */
function verifiesClientAddress(values: Values): boolean {
  const isVerified = values.flag('ssl.hostnameVerification') ?? true;
  return (values.flag('ssl.clientHostnameVerification') ?? false) && isVerified;
}

// ── Identities from alternative names ───────────────────────────────────────────────────────────────────────

const alternativeNameKey = 'ssl.x509.clientCertIdSan';
/** Those that are text: the others (0, 3 and 5) never match in Java either. */
const textTypes: readonly number[] = [1, 2, 4, 6, 7, 8];

function alternativeNameOf(values: Values): AlternativeNameSettings | undefined {
  const kind = values.matching('ssl.x509.clientCertIdType', /^(SAN|SDN)$/i, 'SAN or SDN');
  const matchType = `${alternativeNameKey}MatchType` as const;
  const groupIndex = `${alternativeNameKey}ExtractMatcherGroupIndex` as const;
  const type = values.whole(matchType, 0, 8);
  const match = patternOf(values, `${alternativeNameKey}MatchRegex`);
  const extract = patternOf(values, `${alternativeNameKey}ExtractRegex`);
  const group = values.whole(groupIndex, 0, WHOLE_MAX) ?? 0;
  if (kind?.toUpperCase() !== 'SAN') return undefined;
  if (type === undefined || !textTypes.includes(type))
    throw values.bad(
      type === undefined ? 'ssl.x509.clientCertIdType' : matchType,
      `${matchType} must be one of ${textTypes.join(', ')}: 2 is a host, 6 a URI`,
    );
  if (group > groupsOf(extract))
    throw values.bad(groupIndex, `there are only ${groupsOf(extract)} groups in the expression`);
  return { type, match, extract, group };
}

/** With its `u` an expression of Java's that means something else in JavaScript is refused, where it can be told. */
function patternOf(values: Values, key: UsedKey): RegExp {
  try {
    return new RegExp(values.text(key) ?? '.*', 'u');
  } catch (error) {
    if (error instanceof SyntaxError) throw values.bad(key, error.message);
    throw error;
  }
}

function groupsOf({ source }: RegExp): number {
  const groups = new RegExp(`${source}|`, 'u').exec('');
  return groups === null ? 0 : groups.length - 1;
}
