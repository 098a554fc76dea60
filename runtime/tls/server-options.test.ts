import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecureClientSettings } from '../../actors/coord/gateway/settings.ts';
import {
  createAuthority,
  type Keys,
  pkcs12TrustStore,
  storePassword,
} from '../../tests/support/certificates.ts';
import { openSslCipher } from './cipher-suites.ts';
import { tlsFiles, tlsServerOptions } from './server-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesozoo-tls-options-'));
let keys: Keys;
let authority: string;
let revocations: () => string;
beforeAll(() => {
  const made = createAuthority(folder, 'authority');
  authority = made.certificate;
  keys = made.sign('server', '/CN=localhost');
  revocations = () => made.revocations('revoked', [keys]);
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const store = (path: string, password?: string, passwordPath?: string) => ({
  ...{ path, password, passwordPath },
});

const complete = (more: Partial<SecureClientSettings>): SecureClientSettings => ({
  ...{
    port: 2281,
    isUnified: false,
    address: undefined,
    keyStore: store(keys.both),
    trustStore: undefined,
  },
  ...{ clientAuth: 'need', protocols: [], cipherSuites: [] },
  ...{ reloadsFiles: false, revocationsPath: undefined, verifiesClientAddress: false },
  ...{ detectionTimeoutMs: 5_000, alternativeName: undefined },
  ...more,
});
const options = (more: Partial<SecureClientSettings> = {}) => tlsServerOptions(complete(more));

describe('the keys of the secure port', () => {
  it('may be PEM or PKCS12, with a password or the file that has it', () => {
    const password = fileOf('password', `${storePassword}\n`);
    expect(options()).toHaveProperty('cert');
    expect(options({ keyStore: store(keys.pkcs12, storePassword) })).toHaveProperty('pfx');
    expect(options({ keyStore: store(keys.pkcs12, 'wrong', password) })).toHaveProperty('pfx');
  });

  it('trust what a PEM file or a store without keys names', () => {
    const { ca } = options({ trustStore: store(authority) });
    expect(ca).toHaveLength(1);
    const trustStore = store(pkcs12TrustStore(folder, authority), storePassword);
    expect(options({ trustStore }).ca).toEqual(ca);
  });

  it('name whose certificates are revoked', () => {
    const path = revocations();
    expect(options({ revocationsPath: path }).crl).toEqual([readFileSync(path, 'utf8').trim()]);
    const settings = { keyStore: store(keys.both, 'x', 'word'), trustStore: store(authority) };
    expect(tlsFiles({ ...complete(settings), revocationsPath: path })).toEqual([
      ...[keys.both, 'word', authority, path],
    ]);
  });

  it.each([
    ['none', false, false],
    ['want', true, false],
    ['need', true, true],
  ] as const)('ask a client for its certificate: %s', (clientAuth, requestCert, isNeeded) => {
    expect(options({ clientAuth })).toMatchObject({ requestCert, rejectUnauthorized: isNeeded });
  });

  const refused: readonly [what: string, () => Partial<SecureClientSettings>, message: RegExp][] = [
    [
      'a file that is not there',
      () => ({ keyStore: store('/nowhere.pem') }),
      /ssl\.keyStore\.location: .*\/nowhere\.pem/,
    ],
    [
      'a Java keystore',
      () => ({ keyStore: store(fileOf('a.jks', Buffer.from('feedfeed00000002', 'hex'))) }),
      /is a Java keystore \(JKS\): convert it once with "keytool -importkeystore -srckeystore \S+\.jks -destkeystore \S+\.p12 /,
    ],
    [
      'something else',
      () => ({ trustStore: store(fileOf('text', 'hello')) }),
      /ssl\.trustStore\.location: \S+ is neither PEM nor PKCS12/,
    ],
    [
      'a certificate without its key',
      () => ({ keyStore: store(keys.certificate) }),
      /ssl\.keyStore\.location: there is no private key in /,
    ],
    [
      'a wrong password',
      () => ({ keyStore: store(keys.pkcs12, 'wrong') }),
      /ssl\.keyStore\.location: \S+: mac verify failure/,
    ],
    [
      'a wrong password of what is trusted',
      () => ({ trustStore: store(pkcs12TrustStore(folder, authority), 'wrong') }),
      /ssl\.trustStore\.location: .*is the password right\?/,
    ],
    [
      'a password file that is not there',
      () => ({ keyStore: store(keys.pkcs12, undefined, '/nowhere') }),
      /ssl\.keyStore\.passwordPath: .*\/nowhere/,
    ],
    [
      'no list of revocations',
      () => ({ revocationsPath: authority }),
      /ssl\.crl\.location: there is no list of revocations \(X509 CRL\) in /,
    ],
    [
      'a list that is cut short',
      () => ({
        revocationsPath: fileOf(
          'cut.crl',
          '-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----',
        ),
      }),
      /ssl\.crl\.location: \S+: /,
    ],
    [
      'a protocol',
      () => ({ protocols: ['SSLv3'] }),
      /ssl\.enabledProtocols: SSLv3 is none of TLSv1,/,
    ],
    [
      'a suite',
      () => ({ cipherSuites: ['TLS_ROT13'] }),
      /ssl\.ciphersuites: there is no suite TLS_ROT13/,
    ],
  ];
  it.each(refused)('are refused for %s', (_what, settings, message) => {
    expect(() => options(settings())).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });
});

it.each([
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
  ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_NULL_WITH_NULL_NULL', undefined],
])('the suite %s is %s to OpenSSL', (java, openSsl) => {
  expect(openSslCipher(java)).toBe(openSsl);
});
