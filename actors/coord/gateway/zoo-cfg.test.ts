import { describe, expect, it } from 'vitest';
import { limits } from '../../../protocol/limits.ts';
import { parseProperties, withoutSecrets } from './properties.ts';
import { defaultRules } from './sasl/kerberos-name.ts';
import { zooKeeperSettings } from './settings.ts';
import { fourLetterWords } from './words/names.ts';
import { parseZooCfg, zooCfgKeys } from './zoo-cfg.ts';

describe('the syntax of properties', () => {
  it.each([
    ['a=1', [{ key: 'a', value: '1', line: 1 }]],
    ['  a : b c  ', [{ key: 'a', value: 'b c', line: 1 }]],
    ['a b', [{ key: 'a', value: 'b', line: 1 }]],
    ['# a=1\n! b=2\n\n c = 3', [{ key: 'c', value: '3', line: 4 }]],
    [
      'a=1,\\\n   2\r\nb=3',
      [
        { key: 'a', value: '1,2', line: 1 },
        { key: 'b', value: '3', line: 3 },
      ],
    ],
    ['a\\=b=\\u0041\\\\', [{ key: 'a=b', value: 'A\\', line: 1 }]],
    ['lonely', [{ key: 'lonely', value: '', line: 1 }]],
  ])('%j', (text, expected) => {
    expect(parseProperties(text)).toEqual(expected);
  });
});

it.each([
  ['ssl.keyStore.password=s3', 'ssl.keyStore.password=***'],
  ['a=1\nx.superPassword : s3 \r\nb=2', 'a=1\nx.superPassword : ***\r\nb=2'],
  [' zookeeper.D.superDigest=super:\\\n   s3\nb=2', ' zookeeper.D.superDigest=***\nb=2'],
  ['ssl.keyStore.passwordPath=/p', 'ssl.keyStore.passwordPath=/p'],
  ['# password=', '# password='],
])('secrets are left out of what others see: %j', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});

describe('a zoo.cfg', () => {
  it('that is empty gives the defaults of ZooKeeper', () => {
    expect(parseZooCfg('')).toEqual({ settings: zooKeeperSettings, ignored: [], servers: [] });
  });

  it('is read, with and without the prefix of system properties', () => {
    const { settings, ignored } = parseZooCfg(`
      tickTime=1500
      clientPort=2191
      clientPortAddress=127.0.0.1
      maxClientCnxns=0
      4lw.commands.whitelist=ruok, stat
      zookeeper.extendedTypesEnabled=true
      reconfigEnabled=true
      skipACL=yes
      jute.maxbuffer=0x200000
      zookeeper.DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=
      znode.container.checkIntervalMs=500
      enforce.auth.enabled=true
      enforce.auth.schemes=digest,x509
      admin.serverPort=9090
      metricsProvider.httpPort=7000
    `);
    expect(ignored).toEqual([]);
    expect(settings).toEqual({
      ...zooKeeperSettings,
      tickTimeMs: 1500,
      sessionTimeoutMinMs: 3000,
      sessionTimeoutMaxMs: 30_000,
      clientPort: 2191,
      clientPortAddress: '127.0.0.1',
      maxClientConnections: 0,
      fourLetterWords: ['ruok', 'stat'],
      extendedTypesEnabled: true,
      reconfigEnabled: true,
      skipAcl: true,
      maxFrameBytes: 0x200000,
      superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
      containerCheckIntervalMs: 500,
      enforcedAuthSchemes: ['digest', 'x509'],
      admin: { port: 9090, address: undefined, path: '/commands' },
      metrics: { port: 7000, address: undefined, path: '/metrics' },
    });
  });

  it('may allow all words; a read-only mode needs isro', () => {
    const words = (text: string) => parseZooCfg(text).settings.fourLetterWords;
    expect(words('4lw.commands.whitelist=*')).toEqual(fourLetterWords);
    expect(words('readonlymode.enabled=true')).toEqual(['isro', 'srvr']);
  });

  it('serves its pages where it says, or where ZooKeeper does', () => {
    const pages = (text: string) => {
      const { admin, metrics } = parseZooCfg(text).settings;
      return [admin?.port, metrics?.port];
    };
    const prometheus = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';
    expect(pages('')).toEqual([8080, undefined]);
    expect(pages('admin.enableServer=false\nadmin.serverPort=1')).toEqual([undefined, undefined]);
    expect(pages(`metricsProvider.className=${prometheus}`)).toEqual([8080, 7000]);
    expect(
      pages('metricsProvider.className=a.NullMetricsProvider\nmetricsProvider.httpPort=1'),
    ).toEqual([8080, undefined]);
    expect(parseZooCfg('admin.commandURL=/a/b\nadmin.serverAddress=::1').settings.admin).toEqual({
      port: 8080,
      address: '::1',
      path: '/a/b',
    });
  });

  it('has its throttles, whose weights count when they are switched on', () => {
    const throttle = (text: string) => parseZooCfg(text).settings.connectionThrottle;
    expect(throttle('connection_throttle_fill_time=9')).toBeUndefined();
    expect(throttle('connection_throttle_tokens=5\nconnection_throttle_fill_count=2')).toEqual({
      ...{ tokensMax: 5, fillTimeMs: 1, fillCount: 2, freezeMs: undefined },
      ...{ dropIncrease: 0.02, dropDecrease: 0.002, decreaseRatio: 0 },
      ...{ openWeight: 1, renewWeight: 1 },
    });
    expect(
      throttle('connection_throttle_tokens=5\nconnection_throttle_weight_enabled=true'),
    ).toMatchObject({ tokensMax: 15, fillCount: 3, openWeight: 3, renewWeight: 2 });
    expect(parseZooCfg('request_throttle_max_requests=7').settings.requestThrottleMax).toBe(7);
  });

  it('may ask every session for a proof, and say how proofs are made', () => {
    const { settings } = parseZooCfg(
      `sessionRequireClientSASLAuth=true\njava.security.auth.login.config=/jaas.conf
       superUser=bob\nzookeeper.superUser.1=eve\nDigestAuthenticationProvider.digestAlg=SHA-256
       ensembleAuthName=zoo, park\nallowSaslFailedClients=true`,
    );
    expect(settings).toMatchObject({
      enforcedAuthSchemes: ['sasl'],
      digestAlgorithm: 'SHA256',
      ensembleNames: ['zoo', 'park'],
      sasl: {
        configPath: '/jaas.conf',
        section: 'Server',
        superUsers: ['bob', 'eve'],
        allowsFailed: true,
      },
    });
  });

  it('may say how clients with Kerberos are named', () => {
    const kerberos = (text: string) =>
      parseZooCfg(`java.security.auth.login.config=/jaas.conf\n${text}`).settings.sasl?.kerberos;
    expect(kerberos('')).toEqual({
      ...{ configPath: undefined, needsDefaultRealm: false, rules: defaultRules },
      ...{ removesHost: false, removesRealm: false },
    });
    expect(
      kerberos(
        `java.security.krb5.conf=/krb5.conf\nrequireKerberosConfig=true
         zookeeper.kerberos.removeHostFromPrincipal=true\nkerberos.removeRealmFromPrincipal=true
         security.auth_to_local=RULE:[1:$1] \\\n DEFAULT`,
      ),
    ).toMatchObject({
      ...{ configPath: '/krb5.conf', needsDefaultRealm: true, removesHost: true },
      ...{ removesRealm: true, rules: { length: 2 } },
    });
  });

  it('is told which keys have no effect, and why', () => {
    const { ignored } = parseZooCfg(
      'dataDir=/d\ninitLimit=5\nclientPrt=1\nautopurge.purgeInterval=1\nssl.quorum.keyStore.location=/k',
    );
    expect(ignored.map(({ key, line, kind }) => [key, line, kind])).toEqual([
      ['dataDir', 1, 'useless'],
      ['initLimit', 2, 'useless'],
      ['clientPrt', 3, 'unknown'],
      ['autopurge.purgeInterval', 4, 'useless'],
      ['ssl.quorum.keyStore.location', 5, 'useless'],
    ]);
    expect(ignored.every(({ why }) => why.length > 10)).toBe(true);
  });

  it('may ask for timeouts that sessions cannot have: the nearest is taken, and said', () => {
    const { settings, ignored } = parseZooCfg('tickTime=100\nmaxSessionTimeout=900000');
    expect(settings.sessionTimeoutMinMs).toBe(limits.sessionTimeoutMinMs);
    expect(settings.sessionTimeoutMaxMs).toBe(limits.sessionTimeoutMaxMs);
    expect(ignored.map(({ key, line }) => [key, line])).toEqual([
      ['tickTime', 1],
      ['maxSessionTimeout', 2],
    ]);
  });

  it('names the servers', () => {
    const { servers, ignored } = parseZooCfg(
      'server.2=[::1]:2889:3889:observer;[::1]:2182\nserver.1=zoo1:2888:3888;2181\nserver.3=a:1:2|b:3:4',
    );
    expect(servers.map(({ id, host, role, clientPort }) => [id, host, role, clientPort])).toEqual([
      [1, 'zoo1', 'participant', 2181],
      [2, '::1', 'observer', 2182],
      [3, 'a', 'participant', undefined],
    ]);
    expect(ignored).toMatchObject([{ key: 'observer in server.2', line: 1, kind: 'useless' }]);
  });

  it.each([
    ['\ntickTime=soon', 'line 2: tickTime: expected a whole number from 1'],
    ['clientPort=70000', 'line 1: clientPort'],
    ['reconfigEnabled=maybe', 'line 1: reconfigEnabled: expected true or false (given: "maybe")'],
    ['minSessionTimeout=9000\nmaxSessionTimeout=8000', 'line 1: minSessionTimeout: must not'],
    ['server.1=nowhere', 'line 1: server.1: expected'],
    ['server.999=a:1:2', 'line 1: server.999: expected'],
    ['enforce.auth.enabled=true', 'line 1: enforce.auth.enabled: enforce.auth.schemes'],
    ['jute.maxbuffer=', 'line 1: jute.maxbuffer'],
    ['enforce.auth.schemes=kerberos', 'line 1: enforce.auth.schemes: there is no scheme kerberos'],
    ['sessionRequireClientSASLAuth=true', 'java.security.auth.login.config must name a JAAS file'],
    [
      'java.security.auth.login.config=/j\nsecurity.auth_to_local=RULE:[1:$2]',
      'line 2: security.auth_to_local: $2 in [1:$2] names no part',
    ],
    ['DigestAuthenticationProvider.digestAlg=ROT13', 'digestAlg: expected one of SHA1, SHA256'],
    [
      'connection_throttle_tokens=-1',
      'line 1: connection_throttle_tokens: expected a whole number',
    ],
    [
      'connection_throttle_drop_increase=2',
      'connection_throttle_drop_increase: expected a number from 0 to 1',
    ],
    ['request_throttle_max_requests=x', 'line 1: request_throttle_max_requests'],
    ['maxCnxns=x', 'line 1: maxCnxns'],
    ['nio.sessionlessCnxnTimeout=0', 'line 1: nio.sessionlessCnxnTimeout: expected a whole number'],
    ['secureClientPort=one', 'line 1: secureClientPort: expected a whole number from 0'],
    ['admin.serverPort=0', 'line 1: admin.serverPort: expected a whole number from 1 to 65535'],
    ['admin.enableServer=on', 'line 1: admin.enableServer: expected true or false'],
    ['admin.commandURL=commands', 'line 1: admin.commandURL: expected a path'],
    ['metricsProvider.httpPort=many', 'line 1: metricsProvider.httpPort'],
    ['metricsProvider.className=Mine', 'line 1: metricsProvider.className: expected one of'],
  ])('with a bad value is refused by key and line: %j', (text, message) => {
    expect(() => parseZooCfg(text)).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it('shows no secret when it is refused', () => {
    const text = 'DigestAuthenticationProvider.superDigest=admin:secret';
    expect(() => parseZooCfg(text)).toThrow(/superDigest/);
    expect(() => parseZooCfg(text)).not.toThrow(/secret/);
  });

  it('knows no key twice', () => {
    expect(new Set(zooCfgKeys).size).toBe(zooCfgKeys.length);
  });
});
