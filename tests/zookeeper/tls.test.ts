/** Clients behind TLS, with certificates of their own: on sockets of Node, and ZooKeeper's own Java client. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import {
  type Authority,
  createAuthority,
  type Keys,
  pkcs12TrustStore,
  storePassword,
} from '../support/certificates.ts';
import { javaShell } from './java-shell.ts';
import { openSession } from './session.ts';
import { WireConnection } from './wire/connection.ts';
import { auth, create, getData, whoAmI } from './wire/requests.ts';
import { isZooKeeperInstalled } from './zookeeper-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesozoo-tls-'));
let authority: Authority;
let server: Keys;
let client: Keys;
let admin: Keys;
let stranger: Keys;

beforeAll(() => {
  authority = createAuthority(folder, 'authority');
  server = authority.sign('server', '/CN=localhost');
  client = authority.sign('client', '/C=DE/O=Example, Inc/OU=Zoo/CN=client');
  admin = authority.sign('admin', '/O=Example/CN=admin');
  stranger = createAuthority(folder, 'elsewhere').sign('stranger', '/CN=stranger');
});
afterAll(() => rmSync(folder, { recursive: true }));

const cluster = (...lines: readonly string[]) =>
  startCluster({
    ...{ coords: 1, masters: 1, agents: 0 },
    zooCfg: ['clientPort=22810\nsecureClientPort=22910\nadmin.serverPort=23010', ...lines].join(
      '\n',
    ),
  });

const securePort = (of: TestCluster) => of.memberPorts[0]?.secure as number;

function secured(of: TestCluster, keys?: Keys, more: ConnectionOptions = {}) {
  const own = keys && { key: readFileSync(keys.both), cert: readFileSync(keys.both) };
  const socket = connect({
    ...{ host: '127.0.0.1', port: securePort(of), servername: 'localhost' },
    ...{ ca: readFileSync(authority.certificate), ...own, ...more },
  });
  return WireConnection.over(socket, 'secureConnect');
}

/** With TLS 1.3 a client hears that its certificate is refused only after its own side of the handshake. */
async function session(of: TestCluster, keys?: Keys, more: ConnectionOptions = {}) {
  return openSession(await secured(of, keys, more));
}

describe('with a certificate of each client', () => {
  let secure: TestCluster;
  beforeAll(async () => {
    secure = await cluster(
      `ssl.keyStore.location=${server.both}`,
      `ssl.trustStore.location=${authority.certificate}`,
      'X509AuthenticationProvider.superUser=CN=admin,O=Example',
    );
  }, 60_000);
  afterAll(() => secure.stop());

  it('its subject is its identity', async () => {
    const one = await session(secure, client);
    const { body } = await one.ask(whoAmI());
    expect(JSON.stringify(body)).toContain('CN=client,OU=Zoo,O=Example\\\\, Inc,C=DE');
    const own = [{ perms: 31, scheme: 'x509', id: 'CN=client,OU=Zoo,O=Example\\, Inc,C=DE' }];
    expect(await one.ask(create('/own', { acl: own }))).toMatchObject({ error: 0 });
    expect(await one.ask(getData('/own'))).toMatchObject({ error: 0 });
    expect(await one.ask(auth('x509', ''))).toMatchObject({ error: 0 });
    one.drop();
    const plain = await openSession(secure.zookeeperAddresses[0]!);
    expect(await plain.ask(getData('/own'))).toMatchObject({ error: -102 });
    expect(await plain.ask(auth('x509', ''))).toMatchObject({ error: -115 });
    const superUser = await session(secure, admin);
    expect(await superUser.ask(getData('/own'))).toMatchObject({ error: 0 });
    superUser.drop();
  });

  it('the pages show it among the secure ones', async () => {
    const one = await session(secure, client);
    const answer = await fetch(`${secure.adminUrls[0]}/commands/cons`);
    const { secure_connections } = (await answer.json()) as { secure_connections: unknown[] };
    expect(secure_connections).toHaveLength(1);
    one.drop();
  });

  it('nobody comes in without one, or with that of another authority, or without TLS', async () => {
    await expect(session(secure)).rejects.toThrow();
    await expect(session(secure, stranger)).rejects.toThrow();
    const plain = await WireConnection.open({ host: '127.0.0.1', port: securePort(secure) });
    plain.sayHello();
    expect(await plain.next(10_000)).toEqual({ kind: 'closed' });
  });

  if (isZooKeeperInstalled())
    it('ZooKeeper’s own Java client comes in, and is known', async () => {
      const said = await javaShell(`localhost:${securePort(secure)}`, ['whoami'], {
        'zookeeper.client.secure': 'true',
        'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
        'zookeeper.ssl.keyStore.location': client.pkcs12,
        'zookeeper.ssl.keyStore.password': storePassword,
        'zookeeper.ssl.trustStore.location': authority.certificate,
      });
      expect(said).toContain('x509: CN=client,OU=Zoo,O=Example\\, Inc,C=DE');
    }, 60_000);
});

describe('at the client port as well', () => {
  let unified: TestCluster;
  beforeAll(async () => {
    unified = await startCluster({
      ...{ coords: 1, masters: 1, agents: 0 },
      zooCfg: [
        ...['clientPort=23810', 'client.portUnification=true', 'admin.enableServer=false'],
        ...['4lw.commands.whitelist=ruok', `ssl.keyStore.location=${server.both}`],
        `ssl.trustStore.location=${authority.certificate}`,
      ].join('\n'),
    });
  }, 60_000);
  afterAll(() => unified.stop());

  it('clients with TLS and without are told apart', async () => {
    const { port } = unified.zookeeperAddresses[0]!;
    const plain = await openSession(unified.zookeeperAddresses[0]!);
    expect(JSON.stringify((await plain.ask(whoAmI())).body)).not.toContain('x509');
    const own = await session(unified, client, { port });
    expect(JSON.stringify((await own.ask(whoAmI())).body)).toContain('CN=client');
    await expect(session(unified, stranger, { port })).rejects.toThrow();
    const word = connectPlain(port, '127.0.0.1');
    word.write('ruok');
    expect(await text(word)).toBe('imok');
    plain.drop();
    own.drop();
  });
});

describe('with PKCS12 stores, and certificates that are only wanted', () => {
  let secure: TestCluster;
  beforeAll(async () => {
    secure = await cluster(
      `ssl.keyStore.location=${server.pkcs12}\nssl.keyStore.password=${storePassword}`,
      `ssl.trustStore.location=${pkcs12TrustStore(folder, authority.certificate)}`,
      `ssl.trustStore.password=${storePassword}`,
      'ssl.clientAuth=want\nssl.enabledProtocols=TLSv1.2',
      'ssl.ciphersuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    );
  }, 60_000);
  afterAll(() => secure.stop());

  it('a client without one is let in as nobody, one with a wrong one is not', async () => {
    const one = await session(secure);
    expect(JSON.stringify((await one.ask(whoAmI())).body)).not.toContain('x509');
    one.drop();
    const other = await session(secure, client);
    expect(JSON.stringify((await other.ask(whoAmI())).body)).toContain('x509');
    other.drop();
    await expect(session(secure, stranger)).rejects.toThrow();
  });

  it('only the protocols and suites that are named are spoken', async () => {
    await expect(secured(secure, client, { minVersion: 'TLSv1.3' })).rejects.toThrow();
    const ciphers = 'ECDHE-RSA-AES256-GCM-SHA384';
    await expect(secured(secure, client, { ciphers, maxVersion: 'TLSv1.2' })).rejects.toThrow();
    (await secured(secure, client, { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).drop();
  });
});

describe('with names, revocations and files that change', () => {
  const file = (name: string) => join(folder, name);
  let secure: TestCluster;
  let named: Keys;
  let revoked: Keys;
  beforeAll(async () => {
    const alternativeNames = 'IP:127.0.0.1,DNS:bob.example,URI:spiffe://zoo/sa/bob';
    named = authority.sign('named', '/CN=named', { alternativeNames });
    revoked = authority.sign('revoked', '/CN=revoked', { alternativeNames });
    cpSync(server.both, file('changing.pem'));
    cpSync(authority.revocations('before', [revoked]), file('changing.crl'));
    secure = await cluster(
      `ssl.keyStore.location=${file('changing.pem')}\nssl.trustStore.location=${authority.certificate}`,
      `client.certReload=true\nssl.crl=true\nssl.crl.location=${file('changing.crl')}`,
      'ssl.clientHostnameVerification=true',
      'ssl.x509.clientCertIdType=SAN\nssl.x509.clientCertIdSanMatchType=6',
      'ssl.x509.clientCertIdSanMatchRegex=^spiffe:\nssl.x509.clientCertIdSanExtractRegex=sa/(.+)$',
      'ssl.x509.clientCertIdSanExtractMatcherGroupIndex=1',
      'X509AuthenticationProvider.superUser=bob',
    );
  }, 60_000);
  afterAll(() => secure.stop());

  const outcome = (keys: Keys) =>
    session(secure, keys).then(
      (one) => {
        one.drop();
        return 'let in';
      },
      () => 'refused',
    );

  it('a client is who its alternative name says, and may be the super user', async () => {
    const one = await session(secure, named);
    expect(JSON.stringify((await one.ask(whoAmI())).body)).toContain('"bob"');
    expect(
      await one.ask(create('/kept', { acl: [{ perms: 1, scheme: 'x509', id: 'eve' }] })),
    ).toMatchObject({
      error: 0,
    });
    expect(await one.ask(getData('/kept'))).toMatchObject({ error: 0 });
    one.drop();
  });

  it('who is revoked, or comes from another address than its own, is not let in', async () => {
    expect(await outcome(revoked)).toBe('refused');
    expect(await outcome(client)).toBe('refused');
    expect(await outcome(named)).toBe('let in');
  });

  it('what changes in the files holds for new clients, and the others stay', async () => {
    const one = await session(secure, named);
    cpSync(authority.revocations('after', [named]), file('changing.crl'));
    await expect.poll(() => outcome(named), { timeout: 20_000 }).toBe('refused');
    expect(await outcome(revoked)).toBe('let in');
    expect(await one.ask(getData('/kept'))).toMatchObject({ error: 0 });
    one.drop();
  });
});
