/**
 * ZooKeeper's own Java client with tickets of a real KDC, as its users have it, and a member of ours that has a key in
 * a keytab.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readZooCfgFile } from '../../../cli/up/zoo-cfg-file.ts';
import { startCluster, type TestCluster } from '../../cluster/harness.ts';
import { foreignClientsMissing } from '../foreign-clients.ts';
import { javaShell } from '../java-shell.ts';
import { openSession } from '../session.ts';
import { bare, exists } from '../wire/requests.ts';
import { kerberosMissing } from './programs.ts';
import { REALM, type Realm, startRealm } from './realm.ts';

const SERVER = `zookeeper/localhost@${REALM}`;
const OTHER = `zookeeper/other@${REALM}`;
/** Of the packet by which a client proves itself. */
const SASL = 102;

const missing = foreignClientsMissing ?? kerberosMissing;
if (missing !== undefined) console.warn(missing);

describe.skipIf(missing !== undefined)('Kerberos', () => {
  let realm: Realm;
  let cluster: TestCluster;
  let users: string;

  beforeAll(async () => {
    realm = await startRealm();
    users = realm.keytab('alice', 'bob', 'root', OTHER);
    cluster = await startCluster({
      ...{ coords: 1, masters: 1, agents: 0 },
      zooCfg: zooCfg(
        realm.jaas('Server', SERVER, realm.keytab(SERVER)),
        ...['sessionRequireClientSASLAuth=true', `superUser.1=root@${REALM}`],
      ),
    });
  }, 120_000);
  afterAll(async () => {
    await cluster?.stop();
    await realm?.stop();
  });

  const zooCfg = (jaas: string, ...more: readonly string[]) =>
    [
      ...['clientPort=24830', 'admin.enableServer=false', ...more],
      ...[`java.security.auth.login.config=${jaas}`, `java.security.krb5.conf=${realm.configPath}`],
    ].join('\n');

  interface Client {
    readonly port?: number;
    /** Whom it believes to speak to. */
    readonly server?: string;
  }

  const shell = (
    user: string,
    command: readonly string[],
    { port, server = SERVER }: Client = {},
  ) =>
    javaShell(`localhost:${port ?? cluster.zookeeperAddresses[0]!.port}`, command, {
      'java.security.auth.login.config': realm.jaas('Client', `${user}@${REALM}`, users),
      'java.security.krb5.conf': realm.configPath,
      'zookeeper.server.principal': server,
    });

  it('a client is known as its principal', async () => {
    expect(await shell('alice', ['whoami'])).toMatch(/^sasl: alice@EXAMPLE\.COM$/m);
  }, 120_000);

  it('it owns what it makes for itself, which nobody else may read but a super user', async () => {
    await shell('alice', ['create', '/own', 'mine', `sasl:alice@${REALM}:cdrwa`]);
    expect(await shell('alice', ['get', '/own'])).toMatch(/^mine$/m);
    expect(await shell('bob', ['get', '/own'])).toContain('Insufficient permission : /own');
    expect(await shell('root', ['get', '/own'])).toMatch(/^mine$/m);
  }, 120_000);

  it('a ticket for another service proves nothing', async () => {
    const said = await shell('alice', ['get', '/'], { server: OTHER });
    expect(said).toContain('KeeperErrorCode = AuthFailed for /');
  }, 120_000);

  it('a token proves nothing the second time, and neither does half an exchange', async () => {
    const tap = await tapped(cluster.zookeeperAddresses[0]!.port);
    expect(await shell('alice', ['whoami'], { port: tap.port })).toContain('sasl: alice');
    tap.close();
    const [first, last] = tap.tokens();
    const outcomes = [];
    for (const token of [first!, last!, Buffer.from('garbage'), Buffer.alloc(0)])
      outcomes.push(await refused(token));
    expect(outcomes).toEqual(Array(4).fill({ error: -124, end: 'closed' }));
  }, 120_000);

  async function refused(token: Buffer) {
    const session = await openSession(cluster.zookeeperAddresses[0]!);
    const length = Buffer.alloc(4);
    length.writeInt32BE(token.length);
    const { error } = await session.ask(bare(SASL, Buffer.concat([length, token])));
    return { error, end: (await session.connection.next(10_000)).kind };
  }

  it('many who prove nothing and leave do no harm', async () => {
    for (let round = 0; round < 20; round++)
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          if (index % 2 === 0) await refused(Buffer.alloc(1000 * index, index));
          else (await openSession(cluster.zookeeperAddresses[0]!)).drop();
        }),
      );
    const session = await openSession(cluster.zookeeperAddresses[0]!);
    expect(await session.ask(exists('/'))).toMatchObject({ error: -124 });
    expect(cluster.deaths).toEqual([]);
  }, 120_000);

  it.each([
    ['a keytab that is not there', () => '/nowhere.keytab', /\/nowhere\.keytab.*not found/],
    ['a keytab without its key', () => realm.keytab(OTHER), /No key table entry found for/],
    ['a file that is no keytab', () => realm.configPath, /Unsupported key table format/],
  ])('a member does not start with %s', (_what, keytab, message) => {
    const path = join(realm.folder, 'zoo.cfg');
    writeFileSync(path, zooCfg(realm.jaas('Server', SERVER, keytab())));
    expect(() => readZooCfgFile(path)).toThrow(message);
  });
});

/** Passes on what a client sends, and keeps its tokens. */
async function tapped(port: number) {
  const sent: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.on('data', (bytes) => sent.push(Buffer.from(bytes)));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => server.close(),
    tokens() {
      const bytes = Buffer.concat(sent);
      const tokens: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at))
        if (bytes.readInt32BE(at) > 12 && bytes.readInt32BE(at + 8) === SASL)
          tokens.push(bytes.subarray(at + 16, at + 16 + bytes.readInt32BE(at + 12)));
      return tokens;
    },
  };
}
