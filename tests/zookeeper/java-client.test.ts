/** ZooKeeper's own client in Java, unchanged, against an ensemble of ours. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startCluster, type TestCluster } from '../cluster/harness.ts';
import { foreignClientsMissing } from './foreign-clients.ts';
import { JavaHost } from './java/java-host.ts';
import { untilGone } from './until-gone.ts';

if (foreignClientsMissing !== undefined) console.warn(foreignClientsMissing);
const LIMIT_MS = 180_000;

describe.skipIf(foreignClientsMissing !== undefined)("ZooKeeper's client in Java", () => {
  let cluster: TestCluster;
  let host: JavaHost;
  beforeAll(async () => {
    cluster = await startCluster({ masters: 1, agents: 0 });
    const servers = cluster.zookeeperAddresses.map((each) => `${each.host}:${each.port}`).join();
    host = await JavaHost.start(servers, grant);
  }, LIMIT_MS);
  afterAll(async () => {
    await host?.stop();
    await cluster?.stop();
  });

  async function grant(wish: string): Promise<void> {
    const [verb, what] = wish.split(' ');
    if (verb === 'kill') {
      const member = cluster.zookeeperAddresses.findIndex(({ port }) => port === Number(what));
      await cluster.kill(`coord-${member + 1}`);
    } else if (verb === 'pause') {
      host.signal('SIGSTOP');
      await untilGone(cluster.zookeeperAddresses[0]!, what!);
      host.signal('SIGCONT');
    } else throw new Error(`no such wish: ${wish}`);
  }

  it.each([
    'Tree createsReadsWritesAndDeletes',
    'Tree createsEveryKindOfZnode',
    'Tree livesBelowAChroot',
    'Tree doesAllOrNothing',
    'Tree answersPipelinedRequestsInTheirOrder',
    'Watches tellOnce',
    'Watches stay',
    'Watches tellOfAllBelow',
    'Watches canBeTakenAway',
    'Access isForThoseWhoAreNamed',
    'Access isToldToWhoAsks',
    'Sessions endWithTheirEphemerals',
    'Sessions expireWhenNothingIsHeard',
    // The last: one member is gone after it.
    'Sessions keepTheirWatchesAtAnotherMember',
  ])('%s', (scenario) => host.carryOut(scenario), LIMIT_MS);
});
