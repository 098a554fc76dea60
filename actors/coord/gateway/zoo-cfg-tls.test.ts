import { describe, expect, it } from 'vitest';
import type { SecureClientSettings } from './settings.ts';
import { parseZooCfg } from './zoo-cfg.ts';

const least = 'secureClientPort=2281\nssl.keyStore.location=/k.pem\n';
const secureOf = (...lines: readonly string[]) =>
  parseZooCfg(least + lines.join('\n')).settings.secure as SecureClientSettings;

describe('TLS in a zoo.cfg', () => {
  it('needs a port and a key store, and has ZooKeeper’s defaults', () => {
    expect(parseZooCfg('ssl.keyStore.location=/k.pem').settings.secure).toBeUndefined();
    expect(secureOf('ssl.keyStore.password=p')).toEqual({
      ...{ port: 2281, isUnified: false, address: undefined },
      keyStore: { path: '/k.pem', password: 'p', passwordPath: undefined },
      trustStore: undefined,
      clientAuth: 'need',
      ...{ protocols: [], cipherSuites: [], detectionTimeoutMs: 5_000 },
      ...{ reloadsFiles: false, revocationsPath: undefined },
      ...{ verifiesClientAddress: false, alternativeName: undefined },
    });
  });

  it('has what else it asks for', () => {
    expect(
      secureOf(
        ...['ssl.clientAuth=WANT', 'zookeeper.client.certReload=true', 'ssl.crl=true'],
        ...['ssl.crl.location=/r.crl', 'ssl.ocsp=false', 'ssl.handshakeDetectionTimeoutMillis=9'],
      ),
    ).toMatchObject({
      ...{ clientAuth: 'want', reloadsFiles: true, revocationsPath: '/r.crl' },
      detectionTimeoutMs: 9,
    });
  });

  it('speaks the protocols of the list, or else the one that is named', () => {
    expect(secureOf('ssl.protocol=TLSv1.3').protocols).toEqual(['TLSv1.3']);
    expect(secureOf('ssl.protocol=TLS').protocols).toEqual([]);
    expect(secureOf('ssl.protocol=TLSv1.3', 'ssl.enabledProtocols=TLSv1.2').protocols).toEqual([
      'TLSv1.2',
    ]);
  });

  it('asks for the address of clients only where hosts are verified at all', () => {
    const client = 'ssl.clientHostnameVerification=true';
    expect(secureOf(client).verifiesClientAddress).toBe(true);
    expect(secureOf(client, 'ssl.hostnameVerification=false').verifiesClientAddress).toBe(false);
    expect(secureOf('ssl.hostnameVerification=true').verifiesClientAddress).toBe(false);
  });

  it('may take an alternative name for an identity', () => {
    const key = 'ssl.x509.clientCertIdSan';
    const kind = 'ssl.x509.clientCertIdType=san';
    expect(secureOf(`${key}MatchType=6`).alternativeName).toBeUndefined();
    expect(secureOf(kind, `${key}MatchType=6`).alternativeName).toEqual({
      ...{ type: 6, match: /.*/u, extract: /.*/u, group: 0 },
    });
    expect(
      secureOf(
        ...[kind, `${key}MatchType=2`, `${key}MatchRegex=^a\\\\.`],
        ...[`${key}ExtractRegex=(a)(b)`, `${key}ExtractMatcherGroupIndex=2`],
      ).alternativeName,
    ).toEqual({ type: 2, match: /^a\./u, extract: /(a)(b)/u, group: 2 });
  });

  const san = (rest: string) =>
    `ssl.x509.clientCertIdType=SAN\nssl.x509.clientCertIdSanMatchType=6\nssl.x509.clientCertIdSan${rest}`;
  it.each([
    ['ssl.clientAuth=perhaps', 'line 1: ssl.clientAuth: expected none, want or need'],
    ['secureClientPort=2281', 'line 1: secureClientPort: needs ssl.keyStore.location'],
    ['client.portUnification=true', 'line 1: client.portUnification: needs ssl.keyStore.location'],
    ['ssl.keyStore.type=JKS', 'line 1: ssl.keyStore.type: expected PEM or PKCS12 (keytool'],
    ['client.certReload=often', 'line 1: client.certReload: expected true or false'],
    ['ssl.ocsp=true', 'line 1: ssl.ocsp: OCSP is not spoken here'],
    ['ssl.crl=true', 'line 1: ssl.crl: revocations are not fetched from the network here'],
    ['ssl.crl.location=/r.crl', 'line 1: ssl.crl.location: has effect with ssl.crl=true'],
    ['ssl.handshakeDetectionTimeoutMillis=0', 'Millis: expected a whole number from 1'],
    ['ssl.x509.clientCertIdType=CN', 'line 1: ssl.x509.clientCertIdType: expected SAN or SDN'],
    ['ssl.x509.clientCertIdType=SAN', 'clientCertIdSanMatchType must be one of 1, 2, 4, 6, 7, 8'],
    [san('MatchType=5'), 'line 3: ssl.x509.clientCertIdSanMatchType: '],
    [san('MatchRegex=(a'), 'clientCertIdSanMatchRegex: Invalid regular expression'],
    [san('ExtractRegex=\\\\Aa\\\\z'), 'clientCertIdSanExtractRegex: Invalid regular expression'],
    [san('ExtractMatcherGroupIndex=1'), 'there are only 0 groups in the expression'],
  ])('is refused by key and line: %j', (text, message) => {
    expect(() => parseZooCfg(text)).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});
