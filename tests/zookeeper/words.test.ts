/** Four-letter words to real members of ours, as health checks and monitors send them. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 60_000);
afterAll(() => cluster.stop());

/** What comes until the server closes. */
async function told(word: string, member = 0): Promise<string> {
  const { host, port } = cluster.zookeeperAddresses[member]!;
  const socket = connect(port, host);
  socket.write(word);
  return text(socket);
}

describe('four-letter words', () => {
  it('tell that a member lives, and which version its clients may take it for', async () => {
    expect(await told('ruok')).toBe('imok');
    expect(await told('isro')).toBe('rw');
    expect(await told('envi')).toMatch(
      /^Environment:\nzookeeper\.version=3\.\d+\.\d+-.*, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC\n/,
    );
  });

  it('tell one leader, and followers beside it', async () => {
    const modes = await Promise.all(
      [0, 1, 2].map(async (member) => /Mode: (\w+)/.exec(await told('srvr', member))?.[1]),
    );
    expect(modes.sort()).toEqual(['follower', 'follower', 'leader']);
  });

  it('tell what monitors read', async () => {
    const monitored = await told('mntr');
    expect(monitored).toMatch(/^zk_version\t3\./);
    for (const name of ['znode_count', 'approximate_data_size', 'open_file_descriptor_count'])
      expect(Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(monitored)?.[1])).toBeGreaterThan(
        0,
      );
    expect(await told('wchs')).toContain('Total watches:0');
    expect(await told('conf')).toContain('tickTime=2000');
  });
});
