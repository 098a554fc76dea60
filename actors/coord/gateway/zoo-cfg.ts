/** A zoo.cfg, read into the settings of the gateway. What has no effect is named, with the reason. */
import { MesozooError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import { type Property, parseProperties } from './properties.ts';
import {
  type GatewaySettings,
  type HttpSettings,
  type SecureClientSettings,
  type StoreSettings,
  zooKeeperSettings,
} from './settings.ts';
import { fourLetterWords, isFourLetterWord } from './words/names.ts';
import { uselessKeys, whyUseless } from './zoo-cfg-keys.ts';
import { parseServer, type ZooCfgServer } from './zoo-cfg-server.ts';

export interface IgnoredKey {
  readonly key: string;
  readonly line: number;
  /** `useless` keys are ZooKeeper's; `unknown` ones perhaps mistyped: `zooCfgKeys` has what may have been meant. */
  readonly kind: 'useless' | 'unknown';
  readonly why: string;
}

export interface ZooCfg {
  readonly settings: GatewaySettings;
  readonly ignored: readonly IgnoredKey[];
  readonly servers: readonly ZooCfgServer[];
}

const usedKeys = [
  'tickTime',
  'minSessionTimeout',
  'maxSessionTimeout',
  'clientPort',
  'clientPortAddress',
  'clientPortListenBacklog',
  'secureClientPort',
  'secureClientPortAddress',
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
  'maxClientCnxns',
  'maxCnxns',
  'jute.maxbuffer',
  'globalOutstandingLimit',
  'largeRequestThreshold',
  'largeRequestMaxBytes',
  '4lw.commands.whitelist',
  'extendedTypesEnabled',
  'reconfigEnabled',
  'readonlymode.enabled',
  'enforceQuota',
  'skipACL',
  'DigestAuthenticationProvider.superDigest',
  'DigestAuthenticationProvider.enabled',
  'X509AuthenticationProvider.superUser',
  'enforce.auth.enabled',
  'enforce.auth.schemes',
  'znode.container.checkIntervalMs',
  'znode.container.maxPerMinute',
  'znode.container.maxNeverUsedIntervalMs',
  'admin.enableServer',
  'admin.serverPort',
  'admin.serverAddress',
  'admin.commandURL',
  'metricsProvider.className',
  'metricsProvider.httpPort',
  'metricsProvider.httpHost',
] as const;
type UsedKey = (typeof usedKeys)[number];

/** Every key that ZooKeeper's admin guide has, used here or not. */
export const zooCfgKeys: readonly string[] = [...usedKeys, ...uselessKeys];

const isUsed = (key: string): key is UsedKey => (usedKeys as readonly string[]).includes(key);
const serverKey = /^server\.(\d+)$/;
const WHOLE_MAX = 2 ** 31 - 1;
const PORT_MAX = 65_535;

/**
 * Throws MesozooError BAD_ARGUMENT that names key and line where a value cannot be meant. Keys may carry the prefix
 * `zookeeper.` of Java's system properties.
 */
export function parseZooCfg(text: string): ZooCfg {
  const given = new Map<UsedKey, Property>();
  const ignored: IgnoredKey[] = [];
  const servers = new Map<number, ZooCfgServer>();
  for (const property of parseProperties(text)) {
    const key = property.key.replace(/^zookeeper\./, '');
    const number = serverKey.exec(key)?.[1];
    if (number !== undefined) {
      const server = parseServer(Number(number), property);
      servers.set(server.id, server);
    } else if (isUsed(key)) given.set(key, property);
    else {
      const useless = whyUseless(key);
      const kind = useless === undefined ? 'unknown' : 'useless';
      const why = useless ?? 'ZooKeeper has no such key';
      ignored.push({ key, line: property.line, kind, why });
    }
  }
  const values = new Values(given);
  const settings = settingsOf(values, ignored);
  return { settings, ignored, servers: [...servers.values()].sort((a, b) => a.id - b.id) };
}

function settingsOf(values: Values, ignored: IgnoredKey[]): GatewaySettings {
  const base = zooKeeperSettings;
  const tickTimeMs = values.whole('tickTime', 1, WHOLE_MAX) ?? base.tickTimeMs;
  const threshold = values.whole('largeRequestThreshold', -1, WHOLE_MAX) ?? -1;
  const readOnlyModeEnabled = values.flag('readonlymode.enabled') ?? base.readOnlyModeEnabled;
  return {
    ...base,
    tickTimeMs,
    ...sessionTimeouts(values, tickTimeMs, ignored),
    clientPort: values.whole('clientPort', 0, PORT_MAX) || undefined,
    clientPortAddress: values.text('clientPortAddress'),
    clientPortListenBacklog: atLeastOne(values.whole('clientPortListenBacklog', -1, WHOLE_MAX)),
    secure: secureOf(values),
    maxClientConnections: unbounded(values, 'maxClientCnxns') ?? base.maxClientConnections,
    maxConnections: unbounded(values, 'maxCnxns') ?? base.maxConnections,
    maxFrameBytes: values.whole('jute.maxbuffer', 1024, WHOLE_MAX) ?? base.maxFrameBytes,
    globalOutstandingLimit:
      values.whole('globalOutstandingLimit', 1, WHOLE_MAX) ?? base.globalOutstandingLimit,
    largeRequestThresholdBytes: atLeastOne(threshold),
    largeRequestMaxBytes:
      values.whole('largeRequestMaxBytes', 1, WHOLE_MAX) ?? base.largeRequestMaxBytes,
    fourLetterWords: wordsOf(values, readOnlyModeEnabled, ignored),
    extendedTypesEnabled: values.flag('extendedTypesEnabled') ?? base.extendedTypesEnabled,
    reconfigEnabled: values.flag('reconfigEnabled') ?? base.reconfigEnabled,
    readOnlyModeEnabled,
    enforceQuota: values.flag('enforceQuota') ?? base.enforceQuota,
    skipAcl: values.flag('skipACL') ?? base.skipAcl,
    superDigest: values.matching(
      'DigestAuthenticationProvider.superDigest',
      /^super:\S+$/,
      '"super:" and a hash',
    ),
    digestEnabled: values.flag('DigestAuthenticationProvider.enabled') ?? base.digestEnabled,
    x509SuperUser: values.text('X509AuthenticationProvider.superUser'),
    enforcedAuthSchemes: enforcedSchemes(values),
    containerCheckIntervalMs:
      values.whole('znode.container.checkIntervalMs', 1, WHOLE_MAX) ??
      base.containerCheckIntervalMs,
    containerMaxPerMinute:
      values.whole('znode.container.maxPerMinute', 1, WHOLE_MAX) ?? base.containerMaxPerMinute,
    containerMaxNeverUsedMs:
      values.whole('znode.container.maxNeverUsedIntervalMs', 0, WHOLE_MAX) ??
      base.containerMaxNeverUsedMs,
    admin: adminOf(values),
    metrics: metricsOf(values),
  };
}

const atLeastOne = (value: number | undefined) =>
  value === undefined || value < 1 ? undefined : value;

/** ZooKeeper takes 0 and everything below for "no bound". */
function unbounded(values: Values, key: UsedKey): number | undefined {
  const value = values.whole(key, -1, WHOLE_MAX);
  return value === undefined ? undefined : Math.max(0, value);
}

function sessionTimeouts(values: Values, tickTimeMs: number, ignored: IgnoredKey[]) {
  const asked = {
    minSessionTimeout: values.timeout('minSessionTimeout') ?? tickTimeMs * 2,
    maxSessionTimeout: values.timeout('maxSessionTimeout') ?? tickTimeMs * 20,
  };
  if (asked.minSessionTimeout > asked.maxSessionTimeout)
    throw values.bad('minSessionTimeout', 'must not be larger than maxSessionTimeout');
  const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = limits;
  const within = (key: 'minSessionTimeout' | 'maxSessionTimeout') => {
    const value = Math.min(Math.max(asked[key], sessionTimeoutMinMs), sessionTimeoutMaxMs);
    if (value !== asked[key])
      ignored.push({
        ...values.placeOf(key, 'tickTime'),
        kind: 'useless',
        why: `sessions last from ${sessionTimeoutMinMs} to ${sessionTimeoutMaxMs} ms here: ${key} is ${value} ms`,
      });
    return value;
  };
  return {
    sessionTimeoutMinMs: within('minSessionTimeout'),
    sessionTimeoutMaxMs: within('maxSessionTimeout'),
  };
}

function wordsOf(values: Values, readOnlyModeEnabled: boolean, ignored: IgnoredKey[]) {
  const key = '4lw.commands.whitelist';
  const listed = values.list(key);
  if (listed?.includes('*')) return fourLetterWords;
  for (const word of listed ?? [])
    if (!isFourLetterWord(word))
      ignored.push({
        ...values.placeOf(key, key),
        kind: 'useless',
        why: `${word} is no four-letter word`,
      });
  const words = new Set(listed?.filter(isFourLetterWord) ?? zooKeeperSettings.fourLetterWords);
  // As ZooKeeper: clients look for a member that is not read-only by it.
  if (readOnlyModeEnabled) words.add('isro');
  return fourLetterWords.filter((word) => words.has(word));
}

function enforcedSchemes(values: Values): readonly string[] {
  const schemes = values.list('enforce.auth.schemes') ?? [];
  if (values.flag('enforce.auth.enabled') !== true) return [];
  if (schemes.length === 0)
    throw values.bad('enforce.auth.enabled', 'enforce.auth.schemes must name a scheme');
  return schemes;
}

function secureOf(values: Values): SecureClientSettings | undefined {
  const clientAuth = values.matching(
    'ssl.clientAuth',
    /^(none|want|need)$/i,
    'none, want or need',
  ) as SecureClientSettings['clientAuth'] | undefined;
  const port = values.whole('secureClientPort', 0, PORT_MAX);
  const keyStore = storeOf(values, 'keyStore');
  if (!port) return undefined;
  if (keyStore === undefined)
    throw values.bad(
      'secureClientPort',
      'needs ssl.keyStore.location, a file with key and certificate',
    );
  return {
    port,
    address: values.text('secureClientPortAddress'),
    keyStore,
    trustStore: storeOf(values, 'trustStore'),
    clientAuth: (clientAuth?.toLowerCase() as typeof clientAuth) ?? 'need',
    protocols: values.list('ssl.enabledProtocols') ?? [],
    cipherSuites: values.list('ssl.ciphersuites') ?? [],
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

function adminOf(values: Values): HttpSettings | undefined {
  const port = values.whole('admin.serverPort', 1, PORT_MAX);
  const path = values.matching(
    'admin.commandURL',
    /^(\/[^\s/]+)+$/,
    'a path without a slash at its end',
  );
  const base = zooKeeperSettings.admin as HttpSettings;
  if (values.flag('admin.enableServer') === false) return undefined;
  return {
    port: port ?? base.port,
    address: values.text('admin.serverAddress'),
    path: path ?? base.path,
  };
}

const metricsProviders = [
  'PrometheusMetricsProvider',
  'DefaultMetricsProvider',
  'NullMetricsProvider',
];

/** A port is enough to ask for it: there is one provider here. */
function metricsOf(values: Values): HttpSettings | undefined {
  const provider = values.text('metricsProvider.className')?.split('.').at(-1);
  const port = values.whole('metricsProvider.httpPort', 1, PORT_MAX);
  if (provider !== undefined && !metricsProviders.includes(provider))
    throw values.bad('metricsProvider.className', `expected one of ${metricsProviders.join(', ')}`);
  const isAsked = provider?.startsWith('Prometheus') ?? port !== undefined;
  if (!isAsked) return undefined;
  return { port: port ?? 7000, address: values.text('metricsProvider.httpHost'), path: '/metrics' };
}

/** The values that are used here, each read as what it should be. */
class Values {
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
