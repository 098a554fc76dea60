/** Nobody is told what happens to a znode that they may not read, nor that it is gone (CVE-2024-23944), at either door. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { Masks } from './masks.ts';
import { Speaker } from './speaker.ts';
import { multi } from './wire/multi.ts';
import { permissions } from './wire/records.ts';
import { addWatch, auth, create, exists, remove, setData, watchModes } from './wire/requests.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 60_000);
afterAll(() => cluster.stop());

const anns = createHash('sha1').update('ann:secret').digest('base64');
const acl = [{ perms: permissions.all, scheme: 'digest', id: `ann:${anns}` }];
const changes = [
  create('/secret', { acl }),
  setData('/secret', 'x'),
  create('/secret/child'),
  remove('/secret/child'),
  remove('/secret'),
  // Gone again before anybody can be told of it.
  multi(create('/secret', { acl }), setData('/secret', 'x'), remove('/secret')),
];

it('tells who may read it, and nobody else', async () => {
  const lines: string[] = [];
  const address = cluster.zookeeperAddresses[0]!;
  const speaker = (name: string) => new Speaker(name, address, new Masks(), lines);
  const [ann, bob] = [speaker('ann'), speaker('bob')];
  const client = await cluster.client();
  const events: string[] = [];
  client.subscribe('_INBOX.secret', {
    callback: (_, message) => events.push(message.json<{ event: string }>().event),
  });
  const asked = async (subject: string, body: object) =>
    (await client.request(subject, JSON.stringify(body))).json<Record<string, string>>();
  const { sessionId, holder } = await asked('mz.session.open', { eventsTo: '_INBOX.secret' });
  const watched = async () => {
    const reply = await asked(`${holder}.exists`, { sessionId, path: '/secret', watch: true });
    expect(reply).toHaveProperty('exists');
  };

  await ann.connect();
  await ann.ask(auth('digest', 'ann:secret'));
  await ann.ask(addWatch('/secret', watchModes.persistentRecursive));
  await bob.ask<unknown>(exists('/secret', true), addWatch('/', watchModes.persistentRecursive));
  await bob.ask(addWatch('/secret', watchModes.persistent));
  for (const change of changes) {
    await watched();
    await ann.ask<unknown>(change);
  }
  await watched();
  await ann.ask<unknown>(create('/secret'), remove('/secret'));
  await expect.poll(() => events, { timeout: 10_000 }).not.toEqual([]);
  await bob.finish();
  await ann.finish();

  const heard = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} < event`)).map((line) => line.split(' ', 5)[3]);
  const open = ['NodeCreated', 'NodeDeleted'];
  const all = ['NodeCreated', 'NodeDataChanged', ...open, 'NodeDeleted'];
  expect(heard('ann')).toEqual([...all, 'NodeCreated', 'NodeDataChanged', 'NodeDeleted', ...open]);
  // The child is open to everybody, and so is the last znode of the name.
  expect(heard('bob')).toEqual([...open, ...open]);
  expect(events).toEqual(['created']);
}, 60_000);
