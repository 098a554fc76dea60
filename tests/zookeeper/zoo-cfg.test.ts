/** A real member of ours under a zoo.cfg: limits, addresses, and what is asked of every session. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { openSession } from './session.ts';
import { WireConnection } from './wire/connection.ts';
import { auth, create, createContainer, exists, getData, remove } from './wire/requests.ts';

const HOST = '127.0.0.2';
const CONNECTIONS_MAX = 3;
const NO_NODE = -101;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({
    ...{ coords: 1, masters: 1, agents: 0 },
    zooCfg: [
      ...['clientPort=26810', `clientPortAddress=${HOST}`, 'admin.enableServer=false'],
      ...[
        `maxClientCnxns=${CONNECTIONS_MAX}`,
        'skipACL=yes',
        'znode.container.checkIntervalMs=200',
      ],
      ...['enforce.auth.enabled=true', 'enforce.auth.schemes=digest'],
      'DigestAuthenticationProvider.digestAlg=SHA-256',
    ].join('\n'),
  });
}, 60_000);
afterAll(() => cluster.stop());

const address = () => ({ host: HOST, port: cluster.memberPorts[0]?.client as number });

describe('a zoo.cfg', () => {
  it('asks for a proof, and for nothing else where ACLs are skipped', async () => {
    const nobody = await openSession(address());
    expect(await nobody.ask(exists('/'))).toMatchObject({ error: -124 });
    const ann = await openSession(address());
    expect(await ann.ask(auth('digest', 'ann:secret'))).toMatchObject({ error: 0 });
    const acl = [{ perms: 31, scheme: 'digest', id: 'eve:hash' }];
    expect(await ann.ask(create('/of-eve', { acl }))).toMatchObject({ error: 0 });
    expect(await ann.ask(getData('/of-eve'))).toMatchObject({ error: 0 });
    ann.drop();
  });

  it('says how soon empty containers go', async () => {
    const session = await openSession(address());
    await session.ask(auth('digest', 'ann:secret'));
    await session.ask(createContainer('/container', { flags: 4 }));
    await session.ask(create('/container/child'));
    await session.ask(remove('/container/child'));
    const error = async () => (await session.ask(exists('/container'))).error;
    await expect.poll(error, { timeout: 10_000 }).toBe(NO_NODE);
    session.drop();
  });

  it('says where clients connect, and how many of them', async () => {
    await expect(WireConnection.open(cluster.zookeeperAddresses[0]!)).rejects.toThrow();
    const open: WireConnection[] = [];
    for (;;) {
      const connection = await WireConnection.open(address());
      connection.sayHello();
      if ((await connection.next(10_000)).kind === 'closed') break;
      open.push(connection);
      expect(open.length).toBeLessThanOrEqual(CONNECTIONS_MAX);
    }
    expect(open.length).toBeGreaterThan(0);
    for (const connection of open) connection.drop();
  });
});
