/** What a zoo.cfg says about who clients are: TLS, the schemes that prove it, and what is asked of every session. */
import {
  digestAlgorithms,
  type GatewaySettings,
  type SaslSettings,
  type SecureClientSettings,
  type StoreSettings,
  zooKeeperSettings,
} from './settings.ts';
import { PORT_MAX, type Values } from './zoo-cfg-values.ts';

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
  };
}

export function secureOf(values: Values): SecureClientSettings | undefined {
  const clientAuth = values.matching(
    'ssl.clientAuth',
    /^(none|want|need)$/i,
    'none, want or need',
  ) as SecureClientSettings['clientAuth'] | undefined;
  const port = values.whole('secureClientPort', 0, PORT_MAX) || undefined;
  const isUnified = values.flag('client.portUnification') ?? false;
  const keyStore = storeOf(values, 'keyStore');
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
