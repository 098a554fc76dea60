/**
 * Reply by reply: the rows that were recorded from a real ZooKeeper 3.8.0, played to a real ensemble of ours. A row that
 * is named below differs, and must: who makes it equal takes it out of the list.
 * What we answer there stands in the snapshot beside (`vitest -u` writes it anew).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { rowGroups } from './cases/all.ts';
import { Masks } from './masks.ts';
import { recordedAnswers } from './recorded.ts';
import { play } from './row.ts';
import { Speaker } from './speaker.ts';
import { createFlags } from './wire/records.ts';
import { create, exists, sync } from './wire/requests.ts';
import { commonSettings, type ServerKind, settingsOf } from './zookeeper-server.ts';

/** Watches that stay are a kind of their own beside the others, as in 3.9, and types 4 and 5 name them. */
const NEWER = 'as ZooKeeper 3.9 does it';
/** Also of the create2 in a multi, for which ZooKeeper gives the path alone: C clients read what they asked for. */
const STAT = 'a multi tells the Stat';
/** ZooKeeper looks at what there was before the multi. */
const WHOLE = 'the parts of a multi see what the parts before them have done, quotas included';

/**
 * ZooKeeper stumbles over it while it reads the list of all members, and says -5; as a step the same is -8 there, too.
 * Of steps beside such a list it would take no notice.
 */
const READ = 'a list of members that cannot be is a bad argument, however it is asked for';
/** ZooKeeper does not look at addresses of the loopback. */
const PLACE = 'no two members have one address';

const differences: Readonly<Record<string, string>> = {
  'reconfig: of empty texts': READ,
  'reconfig: of steps and all members': READ,
  'reconfig: of all members by spaces': READ,
  'reconfig: of observers alone': READ,
  'reconfig: joining under the address of another': PLACE,
  'multi of every type that there is': STAT,
  'a hard limit of bytes within a multi, enforced': WHOLE,
  'addWatch persistent, then recursive': NEWER,
  'addWatch recursive, then persistent': NEWER,
  'checkWatches of every type where nothing is watched': NEWER,
  'checkWatches of every type with a data watch': NEWER,
  'checkWatches of every type with a child watch': NEWER,
  'checkWatches of every type with a persistent watch': NEWER,
  'checkWatches of every type with a recursive watch': NEWER,
  'removeWatches of every type where nothing is watched': NEWER,
  'removeWatches of type 4 from data and child watch': NEWER,
  'removeWatches of type 5 from data and child watch': NEWER,
  'removeWatches of type 1 from a persistent watch': NEWER,
  'removeWatches of type 2 from a persistent watch': NEWER,
  'removeWatches of type 4 from a persistent watch': NEWER,
  'removeWatches of type 5 from a persistent watch': NEWER,
  'removeWatches of type 1 from a recursive watch': NEWER,
  'removeWatches of type 2 from a recursive watch': NEWER,
  'removeWatches of type 4 from a recursive watch': NEWER,
  'removeWatches of type 5 from a recursive watch': NEWER,
};

/** To the first member. */
function playRows(kind: ServerKind, cluster: () => TestCluster): void {
  for (const { group, rows, server = 'generous' } of rowGroups)
    if (server === kind)
      it.each(rows)(
        `answers as ZooKeeper: ${group}: $name`,
        async (row) => {
          const ours = await play(row, cluster().zookeeperAddresses[0]!);
          const theirs = recordedAnswers[row.name];
          const reason = differences[row.name];
          if (reason === undefined) expect(ours).toEqual(theirs);
          else {
            expect(ours, reason).not.toEqual(theirs);
            expect(ours).toMatchSnapshot(reason);
          }
        },
        30_000,
      );
}

describe.each(['generous', 'plain'] as const)('an ensemble of ours that is %s', (kind) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    const zooCfg = [...commonSettings, ...settingsOf[kind]].join('\n');
    cluster = await startCluster({ masters: 1, agents: 0, zooCfg });
  }, 60_000);
  afterAll(() => cluster.stop());

  playRows(kind, () => cluster);

  it('shows at one member what was written at another, through the other door as well', async () => {
    const client = await cluster.client();
    const created = await client.request(
      'mz.znode.create',
      JSON.stringify({ path: '/t', data: 'over NATS' }),
    );
    expect(created.json<object>()).toMatchObject({ path: '/t' });
    const [row] = rowGroups[0]!.rows;
    for (const address of cluster.zookeeperAddresses) await play(row!, address);
    const speaker = new Speaker('a', cluster.zookeeperAddresses[0]!, new Masks(), []);
    await speaker.ask(create('/null', { data: null }));
    const shown = await client.request('mz.znode.get', JSON.stringify({ path: '/null' }));
    expect(shown.json<object>()).toMatchObject({ data: '', stat: { dataLength: 0 } });
    await speaker.finish();
    const gone = await client.request('mz.znode.get', JSON.stringify({ path: '/t' }));
    expect(gone.json<object>()).toMatchObject({ error: { code: 'NO_NODE' } });
  });

  it('lets a session go from member to member, and ends its former connection', async () => {
    const lines: string[] = [];
    const masks = new Masks();
    const [former, next] = cluster.zookeeperAddresses
      .slice(0, 2)
      .map((address, index) => new Speaker(`${index}`, address, masks, lines)) as [
      Speaker,
      Speaker,
    ];
    await former.ask(create('/mine', { flags: createFlags.ephemeral }));
    const { session: sessionId, password, lastZxid: lastZxidSeen } = former;
    await next.connect({ sessionId, password, lastZxidSeen, readOnly: false });
    await former.closes();
    expect(await next.ask(exists('/mine'))).toMatchObject({ stat: { ephemeralOwner: sessionId } });
    await next.finish();
    const look = new Speaker('2', cluster.zookeeperAddresses[2]!, masks, lines);
    await look.ask<unknown>(sync('/'), exists('/mine'));
    expect(lines.at(-1)).toMatch(/exists NoNode -101/);
    await look.finish();
  });
});

describe('an ensemble of ours whose members can be changed', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    const zooCfg = [...commonSettings, ...settingsOf.ensemble].join('\n');
    cluster = await startCluster({ coords: 1, masters: 1, agents: 0, zooCfg });
  }, 60_000);
  afterAll(() => cluster.stop());

  playRows('ensemble', () => cluster);
});
