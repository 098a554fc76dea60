/** A zoo.cfg, read into the settings of the gateway. What has no effect is named, with the reason. */
import { limits } from '../../../protocol/limits.ts';
import { type Property, parseProperties } from './properties.ts';
import {
  type ConnectionThrottleSettings,
  type GatewaySettings,
  zooKeeperSettings,
} from './settings.ts';
import { fourLetterWords, isFourLetterWord } from './words/names.ts';
import { uselessKeys, whyUseless } from './zoo-cfg-keys.ts';
import { adminOf, metricsOf } from './zoo-cfg-pages.ts';
import { authenticationOf } from './zoo-cfg-security.ts';
import { parseServer, type ZooCfgServer } from './zoo-cfg-server.ts';
import { secureOf } from './zoo-cfg-tls.ts';
import { PORT_MAX, type UsedKey, usedKeys, Values, WHOLE_MAX } from './zoo-cfg-values.ts';

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

/** Every key that ZooKeeper's admin guide has, used here or not. */
export const zooCfgKeys: readonly string[] = [...usedKeys, ...uselessKeys];

const isUsed = (key: string): key is UsedKey => (usedKeys as readonly string[]).includes(key);
const serverKey = /^server\.(\d+)$/;
/** There may be several, told apart by what follows. */
const superUserKey = /^superUser(\..+)?$/;

/**
 * Throws MesozooError BAD_ARGUMENT that names key and line where a value cannot be meant. Keys may carry the prefix
 * `zookeeper.` of Java's system properties.
 */
export function parseZooCfg(text: string): ZooCfg {
  const given = new Map<UsedKey, Property>();
  const ignored: IgnoredKey[] = [];
  const servers = new Map<number, ZooCfgServer>();
  const saslSuperUsers: string[] = [];
  for (const property of parseProperties(text)) {
    const key = property.key.replace(/^zookeeper\./, '');
    const number = serverKey.exec(key)?.[1];
    if (number !== undefined) {
      const server = parseServer(Number(number), property);
      servers.set(server.id, server);
      if (server.role === 'observer')
        ignored.push({
          ...{ key: `observer in ${key}`, line: property.line, kind: 'useless' },
          why: 'all coords of the start are members, until reconfig makes one an observer',
        });
    } else if (isUsed(key) || superUserKey.test(key)) {
      if (superUserKey.test(key)) saslSuperUsers.push(property.value);
      else given.set(key as UsedKey, property);
    } else {
      const useless = whyUseless(key);
      const kind = useless === undefined ? 'unknown' : 'useless';
      const why = useless ?? 'ZooKeeper has no such key';
      ignored.push({ key, line: property.line, kind, why });
    }
  }
  const values = new Values(given);
  const settings = settingsOf(values, saslSuperUsers, ignored);
  return { settings, ignored, servers: [...servers.values()].sort((a, b) => a.id - b.id) };
}

function settingsOf(
  values: Values,
  saslSuperUsers: readonly string[],
  ignored: IgnoredKey[],
): GatewaySettings {
  const base = zooKeeperSettings;
  const tickTimeMs = values.whole('tickTime', 1, WHOLE_MAX) ?? base.tickTimeMs;
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
    sessionlessTimeoutMs:
      values.whole('nio.sessionlessCnxnTimeout', 1, WHOLE_MAX) ?? base.sessionlessTimeoutMs,
    globalOutstandingLimit:
      values.whole('globalOutstandingLimit', 1, WHOLE_MAX) ?? base.globalOutstandingLimit,
    requestThrottleMax:
      values.whole('request_throttle_max_requests', 0, WHOLE_MAX) ?? base.requestThrottleMax,
    connectionThrottle: connectionThrottleOf(values),
    fourLetterWords: wordsOf(values, readOnlyModeEnabled, ignored),
    extendedTypesEnabled: values.flag('extendedTypesEnabled') ?? base.extendedTypesEnabled,
    reconfigEnabled: values.flag('reconfigEnabled') ?? base.reconfigEnabled,
    readOnlyModeEnabled,
    linearizableReads: values.flag('linearizableReads') ?? base.linearizableReads,
    enforceQuota: values.flag('enforceQuota') ?? base.enforceQuota,
    skipAcl: values.flag('skipACL') ?? base.skipAcl,
    ...authenticationOf(values, saslSuperUsers),
    containerCheckIntervalMs:
      values.whole('znode.container.checkIntervalMs', 1, WHOLE_MAX) ??
      base.containerCheckIntervalMs,
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

/** As BlueThrottle has its defaults; weights count only when they are switched on. */
function connectionThrottleOf(values: Values): ConnectionThrottleSettings | undefined {
  const whole = (key: UsedKey, least: number, base: number) =>
    values.whole(key, least, WHOLE_MAX) ?? base;
  const tokens = whole('connection_throttle_tokens', 0, 0);
  const local = whole('connection_throttle_local_session_weight', 1, 1);
  const weights = {
    open: Math.max(local, whole('connection_throttle_global_session_weight', 1, 3)),
    renew: Math.max(local, whole('connection_throttle_renew_session_weight', 1, 2)),
  };
  const isWeighted = values.flag('connection_throttle_weight_enabled') ?? false;
  const { open, renew } = isWeighted ? weights : { open: 1, renew: 1 };
  const freezeMs = whole('connection_throttle_freeze_time', -1, -1);
  const throttle = {
    tokensMax: tokens * open,
    fillTimeMs: whole('connection_throttle_fill_time', 1, 1),
    fillCount: whole('connection_throttle_fill_count', 0, 1) * open,
    freezeMs: freezeMs < 0 ? undefined : freezeMs,
    dropIncrease: values.amount('connection_throttle_drop_increase', 0, 1) ?? 0.02,
    dropDecrease: values.amount('connection_throttle_drop_decrease', 0, 1) ?? 0.002,
    decreaseRatio: values.amount('connection_throttle_decrease_ratio', 0, 1) ?? 0,
    openWeight: open,
    renewWeight: renew,
  };
  return tokens === 0 ? undefined : throttle;
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
