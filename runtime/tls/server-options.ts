/** What node:tls is told about the secure port of ZooKeeper's clients: their settings, and the files that they name. */
import { constants, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import type { SecureClientSettings, StoreSettings } from '../../actors/coord/gateway/settings.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { openSslCipher } from './cipher-suites.ts';
import { OldEncryptionError, pkcs12Certificates } from './pkcs12-certificates.ts';

/** Throws BAD_ARGUMENT that names the key of zoo.cfg, and says how a store of another kind is converted. */
export function tlsServerOptions(settings: SecureClientSettings): TlsOptions {
  const { clientAuth, keyStore, trustStore } = settings;
  const options: TlsOptions = {
    ...identityOf(keyStore),
    ...(trustStore !== undefined && { ca: authoritiesOf(trustStore) }),
    ...revocationsOf(settings.revocationsPath),
    ...protocolsOf(settings.protocols),
    ...ciphersOf(settings.cipherSuites),
    requestCert: clientAuth !== 'none',
    // One that is wanted may be missing, but not wrong: whoever listens looks at it.
    rejectUnauthorized: clientAuth === 'need',
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw refused('ssl.keyStore.location', `${keyStore.path}: ${(cause as Error).message}`, cause);
  }
  return options;
}

function refused(key: string, why: string, cause?: unknown): MesozooError {
  return new MesozooError('BAD_ARGUMENT', `zoo.cfg: ${key}: ${why}`, { cause });
}

// ── Stores ──────────────────────────────────────────────────────────────────────────────────────────────────

type StoreKey = 'ssl.keyStore' | 'ssl.trustStore';

interface Store {
  readonly kind: 'pem' | 'pkcs12';
  readonly bytes: Buffer;
  readonly password: string;
}

const PEM_BEGIN = '-----BEGIN';
const SEQUENCE = 0x30;
/** JKS, and JCEKS. */
const javaMagics: readonly number[] = [0xfeedfeed, 0xcececece];

function storeOf(key: StoreKey, settings: StoreSettings): Store {
  const bytes = readFile(`${key}.location`, settings.path);
  const password = passwordOf(key, settings);
  if (bytes.includes(PEM_BEGIN)) return { kind: 'pem', bytes, password };
  if (bytes.length >= 4 && javaMagics.includes(bytes.readUInt32BE(0))) {
    const converted = settings.path.replace(/(\.\w+)?$/, '.p12');
    throw refused(
      `${key}.location`,
      `${settings.path} is a Java keystore (JKS): convert it once with "keytool -importkeystore ` +
        `-srckeystore ${settings.path} -destkeystore ${converted} -deststoretype PKCS12", and name ${converted}`,
    );
  }
  if (bytes[0] === SEQUENCE) return { kind: 'pkcs12', bytes, password };
  throw refused(`${key}.location`, `${settings.path} is neither PEM nor PKCS12`);
}

/** All that `tlsServerOptions` reads. */
export function tlsFiles(settings: SecureClientSettings): readonly string[] {
  const { keyStore, trustStore, revocationsPath } = settings;
  const stores = [keyStore, trustStore].flatMap((store) => [store?.path, store?.passwordPath]);
  return [...stores, revocationsPath].filter((path) => path !== undefined);
}

/** As ZooKeeper has it, a file goes before a password that is given itself. */
function passwordOf(key: StoreKey, { password, passwordPath }: StoreSettings): string {
  if (passwordPath === undefined) return password ?? '';
  return readFile(`${key}.passwordPath`, passwordPath)
    .toString()
    .replace(/\r?\n$/, '');
}

function readFile(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw refused(key, (cause as Error).message, cause);
  }
}

function identityOf(settings: StoreSettings): SecureContextOptions {
  const { kind, bytes, password } = storeOf('ssl.keyStore', settings);
  if (kind === 'pkcs12') return { pfx: bytes, passphrase: password };
  const text = bytes.toString();
  for (const [what, pattern] of [
    ['certificate', /-----BEGIN CERTIFICATE-----/],
    ['private key', /-----BEGIN (\w+ )*PRIVATE KEY-----/],
  ] as const)
    if (!pattern.test(text))
      throw refused('ssl.keyStore.location', `there is no ${what} in ${settings.path}`);
  return { key: bytes, cert: bytes, ...(password !== '' && { passphrase: password }) };
}

/** As PEM, one by one: what is no certificate would be passed over in silence. */
function authoritiesOf(settings: StoreSettings): string[] {
  const { kind, bytes, password } = storeOf('ssl.trustStore', settings);
  const key = 'ssl.trustStore.location';
  try {
    const found =
      kind === 'pkcs12'
        ? pkcs12Certificates(bytes, password)
        : (bytes.toString().match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ??
          []);
    if (found.length === 0) throw new RangeError('there is no certificate in it');
    return found.map((each) => new X509Certificate(each).toString());
  } catch (cause) {
    if (cause instanceof OldEncryptionError)
      throw refused(
        key,
        `${settings.path} is encrypted in an old way: convert it once with "openssl pkcs12 -legacy ` +
          `-nokeys -in ${settings.path} -out trust.pem", and name trust.pem`,
        cause,
      );
    const hint = kind === 'pkcs12' ? '; is the password right?' : '';
    throw refused(key, `${settings.path}: ${(cause as Error).message}${hint}`, cause);
  }
}

/** As PEM, one by one, as above. OpenSSL then wants a list of each authority, and one that is not out of date. */
function revocationsOf(path: string | undefined): SecureContextOptions {
  if (path === undefined) return {};
  const key = 'ssl.crl.location';
  const crl =
    readFile(key, path)
      .toString()
      .match(/-----BEGIN X509 CRL-----.*?-----END X509 CRL-----/gs) ?? [];
  if (crl.length === 0) throw refused(key, `there is no list of revocations (X509 CRL) in ${path}`);
  for (const each of crl)
    try {
      createSecureContext({ crl: each });
    } catch (cause) {
      throw refused(key, `${path}: ${(cause as Error).message}`, cause);
    }
  return { crl };
}

// ── Protocols and ciphers ───────────────────────────────────────────────────────────────────────────────────

const protocolSwitches: Readonly<Record<string, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

function protocolsOf(names: readonly string[]): SecureContextOptions {
  if (names.length === 0) return {};
  const known = Object.keys(protocolSwitches);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw refused('ssl.enabledProtocols', `${unknown} is none of ${known.join(', ')}`);
  const off = known.filter((name) => !names.includes(name));
  return {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.3',
    secureOptions: off.reduce((sum, name) => sum | (protocolSwitches[name] as number), 0),
  };
}

function ciphersOf(names: readonly string[]): SecureContextOptions {
  if (names.length === 0) return {};
  const ciphers = names.map((name) => {
    const found = openSslCipher(name);
    if (found === undefined) throw refused('ssl.ciphersuites', `there is no suite ${name} here`);
    return found;
  });
  return { ciphers: ciphers.join(':'), honorCipherOrder: true };
}
