/** ZooKeeper's own Java client, with a JAAS file as its users have it, proves itself to a member of ours. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { javaShell } from './java-shell.ts';
import { openSession } from './session.ts';
import { exists } from './wire/requests.ts';
import { isZooKeeperInstalled } from './zookeeper-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesozoo-sasl-'));
const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
let cluster: TestCluster;

beforeAll(async () => {
  const users = fileOf(
    'server.conf',
    `Server {\n  ${MODULE}\n  user_bob="secret"\n  user_root="r";\n};`,
  );
  cluster = await startCluster({
    ...{ coords: 1, masters: 1, agents: 0 },
    zooCfg: [
      ...['clientPort=24810', 'admin.enableServer=false', 'superUser.1=root'],
      ...['sessionRequireClientSASLAuth=true', `java.security.auth.login.config=${users}`],
    ].join('\n'),
  });
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

it('a client that proves nothing is told so, and closed', async () => {
  const session = await openSession(cluster.zookeeperAddresses[0]!);
  expect(await session.ask(exists('/'))).toMatchObject({ error: -124 });
  expect(await session.connection.next(10_000)).toEqual({ kind: 'closed' });
});

if (isZooKeeperInstalled())
  describe('the Java client', () => {
    const shell = (user: string, password: string, ...command: readonly string[]) => {
      const { host, port } = cluster.zookeeperAddresses[0]!;
      const login = `Client {\n  ${MODULE}\n  username="${user}"\n  password="${password}";\n};`;
      return javaShell(`${host}:${port}`, command, {
        'java.security.auth.login.config': fileOf(`${user}.conf`, login),
      });
    };

    it('is known by the name that it has proven', async () => {
      expect(await shell('bob', 'secret', 'whoami')).toMatch(/^sasl: bob$/m);
    }, 60_000);

    it('owns what it makes for itself, which a super user may change as well', async () => {
      await shell('bob', 'secret', 'create', '/own', 'mine', 'sasl:bob:cdrwa');
      expect(await shell('bob', 'secret', 'get', '/own')).toMatch(/^mine$/m);
      await shell('root', 'r', 'set', '/own', 'changed');
      expect(await shell('bob', 'secret', 'get', '/own')).toMatch(/^changed$/m);
    }, 60_000);

    it('with a wrong password is not let in', async () => {
      const said = await shell('bob', 'wrong', 'get', '/');
      expect(said).toContain('KeeperErrorCode = AuthFailed for /');
    }, 60_000);
  });
