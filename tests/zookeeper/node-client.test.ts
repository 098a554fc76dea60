/** The client of Node's users, unchanged, against an ensemble of ours. */
import zookeeper, { type Client, type Event } from 'node-zookeeper-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 60_000);
afterAll(() => cluster.stop());

async function connected(): Promise<Client> {
  const servers = cluster.zookeeperAddresses.map(({ host, port }) => `${host}:${port}`).join(',');
  const client = zookeeper.createClient(servers, { sessionTimeout: 5000 });
  await new Promise<void>((resolve) => {
    client.once('connected', resolve);
    client.connect();
  });
  return client;
}

function asked<Result>(
  ask: (done: (error: Error | null, result?: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) =>
    ask((error, result) => (error === null ? resolve(result as Result) : reject(error))),
  );
}

describe('node-zookeeper-client', () => {
  it('creates, watches, and loses its ephemerals with its session', async () => {
    const { EPHEMERAL_SEQUENTIAL, PERSISTENT } = zookeeper.CreateMode;
    const [one, other] = await Promise.all([connected(), connected()]);
    await asked((done) => one.create('/node', Buffer.from('first'), PERSISTENT, done));
    const events: Event[] = [];
    const data = await asked<Buffer>((done) =>
      one.getData('/node', (event) => events.push(event), done),
    );
    expect(data.toString()).toBe('first');
    await asked((done) => other.setData('/node', Buffer.from('second'), done));
    await expect.poll(() => events.length, { timeout: 10_000 }).toBe(1);
    expect(events[0]).toMatchObject({ name: 'NODE_DATA_CHANGED', path: '/node' });
    const path = await asked<string>((done) =>
      one.create('/node/member-', Buffer.from(''), EPHEMERAL_SEQUENTIAL, done),
    );
    expect(path).toBe('/node/member-0000000000');
    one.close();
    const names = () => asked<string[]>((done) => other.getChildren('/node', done));
    await expect.poll(names, { timeout: 10_000 }).toEqual([]);
    await asked((done) => other.remove('/node', done));
    other.close();
  }, 60_000);
});
