/** Other members over NATS: the rules and the answer of ZooKeeper's own request. */
import { describe, expect, it } from 'vitest';
import { digestId } from '../client/system-acl.ts';
import { reconfigRules } from '../gateway/reconfig.ts';
import { generousSettings } from '../gateway/settings.ts';
import { type Client, Cluster, errorCode, errorMessage, subjects } from '../testing/cluster.ts';
import { allLines, lineOf } from '../testing/reconfiguring.ts';

/** With addresses of all, without which none are told. */
const everybody = { newMembers: allLines([1, 2, 3, 4], []) };
const CONFIG = '/zookeeper/config';

function running(): { cluster: Cluster; client: Client } {
  const cluster = new Cluster({ spare: 1 }).ready();
  cluster.member(4).process.start();
  cluster.run(1000);
  return { cluster, client: cluster.client() };
}

describe('the request reconfig', () => {
  it('brings a member in and takes another out, and answers with the configuration', () => {
    const { cluster, client } = running();
    const joined = client.insist(subjects.znode('reconfig'), everybody);
    expect(String(joined.data)).toContain('server.4=');
    expect(String(joined.data).match(/^server\./gm)).toHaveLength(4);
    const { mzxid } = joined.stat as { mzxid: number };
    const left = client.insist(subjects.znode('reconfig'), { leaving: '1', version: mzxid });
    expect(String(left.data)).not.toContain('server.1=');
    const shown = client.insist(subjects.znode('get'), { path: CONFIG });
    expect(shown).toMatchObject({ data: left.data, stat: left.stat as object });
    cluster.agree();
  });

  it('for nothing changes nothing, and gives the configuration a new version, as in ZooKeeper', () => {
    const { client } = running();
    const before = client.insist(subjects.znode('reconfig'), everybody);
    const after = client.insist(subjects.znode('reconfig'), {});
    const servers = ({ data }: typeof before) => String(data).replace(/version=.*/, '');
    expect(servers(after)).toBe(servers(before));
    expect(after.stat).toMatchObject({ version: -1, aversion: -1 });
    const version = (reply: typeof before) => (reply.stat as { mzxid: number }).mzxid;
    expect(version(after)).toBeGreaterThan(version(before));
  });

  it('is taken in a session, after the writes before it', () => {
    const { client } = running();
    const session = client.insist(subjects.session('open'), {});
    const at = (name: string) => `${String(session.holder)}.${name}`;
    const { sessionId } = session;
    client.insist(at('create'), { sessionId, path: '/before' });
    const reply = client.insist(at('reconfig'), { sessionId, ...everybody });
    expect(String(reply.data)).toContain('server.4=');
  });

  it.each([
    [
      'steps beside all members',
      { ...everybody, leaving: '1' },
      'BAD_REQUEST',
      /either servers that join or leave/,
    ],
    ['what is no server', { joining: 'server.4' }, 'BAD_REQUEST', /server\.N=/],
    ['what is no number', { leaving: 'x' }, 'MARSHALLING_ERROR', /not the number of a server/],
    ['nobody left', { leaving: '1,2,3' }, 'BAD_REQUEST', /at least one member that votes/],
    ['one who does not run', { joining: lineOf(5) }, 'NEW_CONFIG_NO_QUORUM', /5 is not running/],
    ['another version', { leaving: '1', version: 7 }, 'BAD_VERSION', /of version/],
    ['a number in place of text', { leaving: 3 }, 'BAD_REQUEST', /"leaving"/],
    ['an unknown field', { removing: '3' }, 'UNKNOWN_FIELD', /"removing"/],
  ])('is refused for %s, and changes nothing', (_what, body, code, message) => {
    const { client } = running();
    const before = client.insist(subjects.znode('get'), { path: CONFIG });
    const reply = client.insist(subjects.znode('reconfig'), body);
    expect(errorCode(reply)).toBe(code);
    expect(errorMessage(reply)).toMatch(message);
    expect(client.insist(subjects.znode('get'), { path: CONFIG }).stat).toEqual(before.stat);
  });
});

describe('the settings of the gateway hold for NATS', () => {
  const superDigest = digestId('super:secret');
  const settings = { ...generousSettings, reconfigByAnyone: false, superDigest };
  const ann = { scheme: 'digest', id: digestId('ann:secret') };
  const root = { scheme: 'digest', id: superDigest };

  it('who may and who may not', () => {
    const { asWhom, isEnabled } = reconfigRules(settings);
    expect(isEnabled).toBe(true);
    expect(asWhom([ann])).toEqual([ann]);
    expect(asWhom([root])).toContainEqual({ scheme: 'super', id: '' });
    expect(reconfigRules(generousSettings).asWhom([])).toContainEqual({ scheme: 'super', id: '' });
    expect(reconfigRules({ ...settings, reconfigEnabled: false }).isEnabled).toBe(false);
  });
});
