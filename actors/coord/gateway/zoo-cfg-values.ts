/** The keys of a zoo.cfg that are used here, and their values, each read as what it should be. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Property } from './properties.ts';

export const usedKeys = [
  'tickTime',
  'minSessionTimeout',
  'maxSessionTimeout',
  'clientPort',
  'clientPortAddress',
  'clientPortListenBacklog',
  'secureClientPort',
  'secureClientPortAddress',
  'client.portUnification',
  'ssl.keyStore.location',
  'ssl.keyStore.type',
  'ssl.keyStore.password',
  'ssl.keyStore.passwordPath',
  'ssl.trustStore.location',
  'ssl.trustStore.type',
  'ssl.trustStore.password',
  'ssl.trustStore.passwordPath',
  'ssl.clientAuth',
  'ssl.enabledProtocols',
  'ssl.ciphersuites',
  'ssl.protocol',
  'ssl.crl',
  'ssl.crl.location',
  'ssl.ocsp',
  'ssl.hostnameVerification',
  'ssl.clientHostnameVerification',
  'ssl.handshakeDetectionTimeoutMillis',
  'ssl.x509.clientCertIdType',
  'ssl.x509.clientCertIdSanMatchType',
  'ssl.x509.clientCertIdSanMatchRegex',
  'ssl.x509.clientCertIdSanExtractRegex',
  'ssl.x509.clientCertIdSanExtractMatcherGroupIndex',
  'client.certReload',
  'maxClientCnxns',
  'maxCnxns',
  'connection_throttle_tokens',
  'connection_throttle_fill_time',
  'connection_throttle_fill_count',
  'connection_throttle_freeze_time',
  'connection_throttle_drop_increase',
  'connection_throttle_drop_decrease',
  'connection_throttle_decrease_ratio',
  'connection_throttle_weight_enabled',
  'connection_throttle_global_session_weight',
  'connection_throttle_local_session_weight',
  'connection_throttle_renew_session_weight',
  'request_throttle_max_requests',
  'nio.sessionlessCnxnTimeout',
  'jute.maxbuffer',
  'globalOutstandingLimit',
  '4lw.commands.whitelist',
  'extendedTypesEnabled',
  'reconfigEnabled',
  'readonlymode.enabled',
  'linearizableReads',
  'enforceQuota',
  'skipACL',
  'DigestAuthenticationProvider.superDigest',
  'DigestAuthenticationProvider.enabled',
  'X509AuthenticationProvider.superUser',
  'DigestAuthenticationProvider.digestAlg',
  'ensembleAuthName',
  'sessionRequireClientSASLAuth',
  'allowSaslFailedClients',
  'java.security.auth.login.config',
  'sasl.serverconfig',
  'java.security.krb5.conf',
  'requireKerberosConfig',
  'security.auth_to_local',
  'kerberos.removeHostFromPrincipal',
  'kerberos.removeRealmFromPrincipal',
  'SASLAuthenticationProvider.superPassword',
  'superUser',
  'enforce.auth.enabled',
  'enforce.auth.schemes',
  'znode.container.checkIntervalMs',
  'admin.enableServer',
  'admin.serverPort',
  'admin.serverAddress',
  'admin.commandURL',
  'metricsProvider.className',
  'metricsProvider.httpPort',
  'metricsProvider.httpHost',
] as const;
export type UsedKey = (typeof usedKeys)[number];

export const WHOLE_MAX = 2 ** 31 - 1;
export const PORT_MAX = 65_535;

/** The values that are used here, each read as what it should be. */
export class Values {
  private readonly given: ReadonlyMap<UsedKey, Property>;

  constructor(given: ReadonlyMap<UsedKey, Property>) {
    this.given = given;
  }

  text(key: UsedKey): string | undefined {
    return this.given.get(key)?.value || undefined;
  }

  /** Java reads hexadecimal numbers where ZooKeeper asks for a system property. */
  whole(key: UsedKey, least: number, most: number): number | undefined {
    const text = this.given.get(key)?.value;
    if (text === undefined) return undefined;
    const value = /^(-?\d{1,12}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw this.bad(key, `expected a whole number from ${least} to ${most}`);
  }

  /** A number that may have a fraction. */
  amount(key: UsedKey, least: number, most: number): number | undefined {
    const text = this.given.get(key)?.value;
    if (text === undefined) return undefined;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw this.bad(key, `expected a number from ${least} to ${most}`);
  }

  /** -1 stands for the default. */
  timeout(key: UsedKey): number | undefined {
    const value = this.whole(key, -1, WHOLE_MAX);
    return value === -1 ? undefined : value;
  }

  flag(key: UsedKey): boolean | undefined {
    const text = this.given.get(key)?.value.toLowerCase();
    if (text === undefined) return undefined;
    if (text === 'true' || text === 'yes') return true;
    if (text === 'false' || text === 'no') return false;
    throw this.bad(key, 'expected true or false');
  }

  list(key: UsedKey): readonly string[] | undefined {
    return this.given
      .get(key)
      ?.value.split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
  }

  matching(key: UsedKey, pattern: RegExp, expected: string): string | undefined {
    const value = this.given.get(key)?.value;
    if (value === undefined || pattern.test(value)) return value;
    throw this.bad(key, `expected ${expected}`);
  }

  /** Where `key` is given, or else the key that it follows from; line 0 is that of no file. */
  placeOf(key: UsedKey, otherwise: UsedKey): { readonly key: string; readonly line: number } {
    const [name, property] = this.given.has(key)
      ? [key, this.given.get(key)]
      : [otherwise, this.given.get(otherwise)];
    return { key: name, line: property?.line ?? 0 };
  }

  bad(key: UsedKey, why: string): MesozooError {
    const property = this.given.get(key);
    // A hash or password that is refused belongs into no log.
    const isSecret = /password|digest/i.test(key);
    const shown =
      property === undefined || isSecret ? '' : ` (given: ${JSON.stringify(property.value)})`;
    const place = property === undefined ? '' : `line ${property.line}: `;
    return new MesozooError('BAD_ARGUMENT', `zoo.cfg: ${place}${key}: ${why}${shown}`);
  }
}
