/** The pages of real members of ours, as monitors and people at a browser ask for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { type OpenSession, openSession } from './session.ts';
import { create, getData, setData } from './wire/requests.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 60_000);
afterAll(() => cluster.stop());

const page = (path: string, member = 0) => fetch(`${cluster.adminUrls[member]}${path}`);

async function told(name: string, member = 0): Promise<Record<string, unknown>> {
  const answer = await page(`/commands/${name}`, member);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json');
  return (await answer.json()) as Record<string, unknown>;
}

describe('the admin commands', () => {
  it('are listed', async () => {
    const answer = await page('/commands');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('<a href="/commands/stats">stats</a>');
    expect((await page('/')).status).toBe(404);
    expect((await fetch(`${cluster.adminUrls[0]}/commands/ruok`, { method: 'POST' })).status).toBe(
      405,
    );
  });

  it('answer each in its place, under their short names as well', async () => {
    expect(await told('ruok')).toEqual({ command: 'ruok', error: null });
    expect(await told('isro')).toEqual({ command: 'is_read_only', error: null, read_only: false });
    const { port } = cluster.zookeeperAddresses[0]!;
    const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string;
    expect(await told('voting_view')).toMatchObject({
      current_config: {
        1: {
          ...{ server_addresses: [address], election_addresses: [address] },
          ...{ client_address: `127.0.0.1:${port}`, learner_type: 'participant' },
        },
      },
    });
    expect(await told('zabstate')).toMatchObject({
      ...{ myid: 1, voting: true, zabstate: 'broadcast', quorum_address: { one: address } },
    });
    expect(await told('conf', 1)).toMatchObject({
      command: 'configuration',
      client_port: cluster.zookeeperAddresses[1]?.port,
      server_id: 2,
    });
    expect(await told('mntr')).toMatchObject({ command: 'monitor', quorum_size: 3 });
    expect(await told('nonsense')).toEqual({
      command: 'nonsense',
      error: 'Unknown command: nonsense',
    });
  });

  it('keep a trace mask, and have neither snapshot nor restore', async () => {
    expect(await told('stmk?traceMask=300')).toMatchObject({ error: null, tracemask: 300 });
    expect(await told('gtmk')).toMatchObject({ tracemask: 300 });
    const answer = await fetch(`${cluster.adminUrls[0]}/commands/restore`, {
      ...{ method: 'POST', body: 'a snapshot' },
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ command: 'restore' });
  });

  it('agree about who leads', async () => {
    const members = await Promise.all([0, 1, 2].map((member) => told('leader', member)));
    expect(members.filter(({ is_leader }) => is_leader === true)).toHaveLength(1);
    expect(new Set(members.map(({ leader_id }) => leader_id)).size).toBe(1);
  });

  it('show a client, what it watches, and digests that members share', async () => {
    const session: OpenSession = await openSession(cluster.zookeeperAddresses[0]!);
    await session.ask(create('/seen', { flags: 1 }));
    for (let number = 0; number < 300; number += 1) await session.ask(setData('/seen', 'x', -1));
    await session.ask(getData('/seen', true));
    const text = await (await page('/commands/connections')).text();
    expect(text).toContain(`"session_id": ${session.id},`);
    expect(await (await page('/commands/watches')).text()).toContain(`"${session.id}": [`);
    expect(await told('wchp')).toHaveProperty(['path_to_session_ids', '/seen']);
    expect(await told('dump', 2)).toHaveProperty([
      'session_id_to_ephemeral_paths',
      String(session.id),
    ]);
    expect(await told('stats')).toMatchObject({
      server_stats: { num_alive_client_connections: 1 },
    });
    await expect
      .poll(async () => {
        const hashes = await Promise.all([0, 1, 2].map((member) => told('hash', member)));
        const digests = hashes.map(({ digests }) => digests as { readonly zxid: number }[]);
        return {
          least: Math.min(...digests.map((all) => all.length)) >= 2,
          different: new Set(digests.map((all) => JSON.stringify(all))).size,
        };
      })
      .toEqual({ least: true, different: 1 });
    await told('srst');
    await told('crst');
    expect(await told('srvr')).toMatchObject({ server_stats: { packets_received: 0 } });
    session.drop();
  });
});

it('Prometheus reads numbers under the names of mntr', async () => {
  const answer = await page('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  expect(text).toMatch(/^# TYPE znode_count gauge\nznode_count \d+$/m);
  for (const name of ['updatelatency_count', 'connection_request_count'])
    expect(text).toMatch(new RegExp(`^${name} [1-9]\\d*$`, 'm'));
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
});

it('a zoo.cfg moves the pages, and gives metrics a port of their own', async () => {
  const other = await startCluster({
    ...{ coords: 1, masters: 1, agents: 0 },
    zooCfg: [
      ...['clientPort=21810', 'admin.serverPort=21820', 'admin.commandURL=/zk'],
      'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
      'metricsProvider.httpPort=21830',
    ].join('\n'),
  });
  try {
    const { admin, metrics } = other.memberPorts[0]!;
    expect(await (await fetch(`http://127.0.0.1:${admin}/zk/icfg`)).text()).toContain(
      'admin.commandURL=/zk',
    );
    expect((await fetch(`http://127.0.0.1:${metrics}/metrics`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${metrics}/zk/ruok`)).status).toBe(404);
  } finally {
    await other.stop();
  }
}, 60_000);
