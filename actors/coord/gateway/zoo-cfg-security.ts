/** What a zoo.cfg says about who clients are: the schemes that prove it, and what is asked of every session. */
import { MesozooError } from '../../../protocol/errors.ts';
import { defaultRules, type NameRules, parseNameRules } from './sasl/kerberos-name.ts';
import {
  digestAlgorithms,
  type GatewaySettings,
  type KerberosSettings,
  type SaslSettings,
  zooKeeperSettings,
} from './settings.ts';
import type { Values } from './zoo-cfg-values.ts';

type Authentication = Pick<
  GatewaySettings,
  | 'superDigest'
  | 'digestEnabled'
  | 'digestAlgorithm'
  | 'x509SuperUser'
  | 'ensembleNames'
  | 'enforcedAuthSchemes'
  | 'sasl'
>;

export function authenticationOf(
  values: Values,
  saslSuperUsers: readonly string[],
): Authentication {
  const base = zooKeeperSettings;
  const sasl = saslOf(values, saslSuperUsers);
  return {
    superDigest: values.matching(
      'DigestAuthenticationProvider.superDigest',
      /^super:\S+$/,
      '"super:" and a hash',
    ),
    digestEnabled: values.flag('DigestAuthenticationProvider.enabled') ?? base.digestEnabled,
    digestAlgorithm: digestAlgorithmOf(values),
    x509SuperUser: values.text('X509AuthenticationProvider.superUser'),
    ensembleNames: values.list('ensembleAuthName') ?? [],
    enforcedAuthSchemes: enforcedSchemes(values, sasl),
    sasl,
  };
}

/** Java's names, in which the dash is often left out. */
function digestAlgorithmOf(values: Values): GatewaySettings['digestAlgorithm'] {
  const key = 'DigestAuthenticationProvider.digestAlg';
  const name = values.text(key);
  if (name === undefined) return zooKeeperSettings.digestAlgorithm;
  const plain = (text: string) => text.toLowerCase().replaceAll('-', '');
  const found = digestAlgorithms.find((each) => plain(each) === plain(name));
  if (found === undefined) throw values.bad(key, `expected one of ${digestAlgorithms.join(', ')}`);
  return found;
}

const knownSchemes = ['ip', 'digest', 'x509', 'sasl', 'ensemble'];

function enforcedSchemes(values: Values, sasl: SaslSettings | undefined): readonly string[] {
  const schemes = values.list('enforce.auth.schemes') ?? [];
  const unknown = schemes.find((scheme) => !knownSchemes.includes(scheme));
  if (unknown !== undefined)
    throw values.bad('enforce.auth.schemes', `there is no scheme ${unknown} here`);
  const key = 'sessionRequireClientSASLAuth';
  if (values.flag(key) === true) {
    if (sasl === undefined) throw values.bad(key, needsJaas);
    return ['sasl'];
  }
  if (values.flag('enforce.auth.enabled') !== true) return [];
  if (schemes.length === 0)
    throw values.bad('enforce.auth.enabled', 'enforce.auth.schemes must name a scheme');
  return schemes;
}

const needsJaas = 'java.security.auth.login.config must name a JAAS file';

function saslOf(values: Values, superUsers: readonly string[]): SaslSettings | undefined {
  const allowsFailed = values.flag('allowSaslFailedClients') ?? false;
  const configPath = values.text('java.security.auth.login.config');
  if (configPath === undefined) return undefined;
  return {
    configPath,
    section: values.text('sasl.serverconfig') ?? 'Server',
    superPassword: values.text('SASLAuthenticationProvider.superPassword'),
    superUsers,
    allowsFailed,
    kerberos: kerberosOf(values),
  };
}

function kerberosOf(values: Values): KerberosSettings {
  return {
    configPath: values.text('java.security.krb5.conf'),
    needsDefaultRealm: values.flag('requireKerberosConfig') ?? false,
    rules: nameRulesOf(values),
    removesHost: values.flag('kerberos.removeHostFromPrincipal') ?? false,
    removesRealm: values.flag('kerberos.removeRealmFromPrincipal') ?? false,
  };
}

function nameRulesOf(values: Values): NameRules {
  const key = 'security.auth_to_local';
  const text = values.text(key);
  try {
    return text === undefined ? defaultRules : parseNameRules(text);
  } catch (error) {
    if (error instanceof MesozooError) throw values.bad(key, error.message);
    throw error;
  }
}
