/** Leaders that are slow, each in its way, in virtual time; and members that are all equally slow. */
import { describe, expect, it } from 'vitest';
import { type Body, type Client, Cluster, type Member, subjects } from './testing/cluster.ts';

/** It runs for a while and stands still for a while, by turns. */
function standStill(
  { world }: Cluster,
  { process }: Member,
  runMs: number,
  stillMs: number | readonly [number, number],
): void {
  const { scheduler } = world;
  const random = world.random.fork(`still ${process.name}`);
  const stand = () => {
    process.pause();
    const forMs = typeof stillMs === 'number' ? stillMs : random.between(...stillMs);
    scheduler.after(forMs * 1000, () => {
      process.resume();
      scheduler.after(runMs * 1000, stand);
    });
  };
  stand();
}

function slowDisk({ disk }: Member): void {
  disk.settings = { syncUs: [200_000, 1_000_000], spikeChance: 0, spikeUs: [0, 0] };
}

/** A session at this member: what others do to session-less requests, which go to anyone, does not count. */
function sessionAt(client: Client, member: Member): Body {
  for (;;) {
    const opened = client.insist(subjects.session('open'), { timeoutMs: 20_000 });
    if (opened.member === member.id) return opened;
  }
}

/** The median time of writes, one after the other, in a session. */
function writeMs(cluster: Cluster, client: Client, { sessionId, holder }: Body): number {
  const took = Array.from({ length: 21 }, () => {
    const sentMs = cluster.world.nowMs;
    client.ask(`${holder}.set`, { sessionId, path: '/a', data: 'x' });
    return cluster.world.nowMs - sentMs;
  });
  return took.sort((one, other) => one - other)[10]!;
}

/** Each ballot under which somebody led, as far as one sees who looks often. */
function leaderships(cluster: Cluster, ms: number): Set<number> {
  const seen = new Set<number>();
  const endMs = cluster.world.nowMs + ms;
  while (cluster.world.nowMs < endMs) {
    cluster.run(10);
    for (const { process } of cluster.members) {
      const status = process.actor?.status();
      if (status?.role === 'leading') seen.add(status.leaderBallot);
    }
  }
  return seen;
}

function prepared(seed: number, members = 3) {
  const cluster = new Cluster({ seed, members }).ready();
  const client = cluster.client();
  client.ask(subjects.znode('create'), { path: '/a', data: '' });
  const leader = cluster.leader()!;
  const session = sessionAt(client, cluster.follower());
  return { cluster, client, leader, session, goodMs: writeMs(cluster, client, session) };
}

describe.each([1, 2, 3])('seed %i', (seed) => {
  it.each<[string, (cluster: Cluster, leader: Member) => void]>([
    ['runs for a millisecond in a hundred', (c, leader) => standStill(c, leader, 1, 99)],
    ['stands still for a third of a second', (c, leader) => standStill(c, leader, 10, 300)],
    ['is 50 ms away', (c, leader) => c.world.server.delay(leader.process.name, 50_000)],
  ])('a leader that %s hands over, and writes are as quick as before', (_, slow) => {
    const { cluster, client, leader, session, goodMs } = prepared(seed);
    slow(cluster, leader);
    expect(writeMs(cluster, client, session)).toBeGreaterThan(5 * goodMs);
    const others = cluster.members.filter((member) => member !== leader);
    cluster.until('another leads', () =>
      others.some(({ process }) => process.actor?.status()?.role === 'leading'),
    );
    cluster.run(1000);
    expect(writeMs(cluster, client, session)).toBeLessThan(2 * goodMs);
    // It does not take the lead again, however long it stays so.
    expect(leaderships(cluster, 30_000).size).toBe(1);
    expect(cluster.leader()).not.toBe(leader);
  });

  it('a leader with a slow disk goes on: nobody waits for its own vote', () => {
    const { cluster, client, leader, session, goodMs } = prepared(seed);
    slowDisk(leader);
    expect(leaderships(cluster, 15_000).size).toBe(1);
    expect(cluster.leader()).toBe(leader);
    expect(writeMs(cluster, client, session)).toBeLessThan(2 * goodMs);
  });

  it('of five members two slow ones do not keep the lead between them', () => {
    const { cluster, leader } = prepared(seed, 5);
    const slow = [leader, cluster.follower()];
    for (const member of slow) standStill(cluster, member, 1, 99);
    cluster.run(60_000);
    const leads = cluster.leader();
    expect(leads).toBeDefined();
    expect(slow).not.toContain(leads);
  });

  it.each<[string, (cluster: Cluster, member: Member) => void]>([
    [
      'run for a millisecond in a hundred',
      (c, member) => standStill(c, member, 1, 90 + 3 * member.id),
    ],
    ['have little of a processor', (c, member) => standStill(c, member, 5, [5, 150])],
    ['are far away', (c, member) => c.world.server.delay(member.process.name, 50_000)],
    ['have slow disks', (_, member) => slowDisk(member)],
  ])('members that all %s keep their leader', (_, slow) => {
    const { cluster } = prepared(seed);
    for (const member of cluster.members) slow(cluster, member);
    cluster.run(2000);
    expect(leaderships(cluster, 60_000).size).toBe(1);
  });

  it('a leader keeps its place where one of the others is as slow', () => {
    const { cluster, leader } = prepared(seed);
    standStill(cluster, leader, 1, 99);
    standStill(cluster, cluster.follower(), 1, 93);
    expect(leaderships(cluster, 30_000).size).toBe(1);
  });
});

describe('members that are slow by turns', () => {
  it('pass the lead on less and less often', () => {
    const { cluster } = prepared(1);
    const { server } = cluster.world;
    let slow: Member | undefined;
    /** Whoever leads becomes slow; the former one is well again. */
    const leadersIn = (ms: number) => {
      let count = 0;
      const endMs = cluster.world.nowMs + ms;
      while (cluster.world.nowMs < endMs) {
        const leader = cluster.leader();
        if (leader !== undefined && leader !== slow) {
          if (slow !== undefined) server.delay(slow.process.name, 0);
          slow = leader;
          server.delay(slow.process.name, 60_000);
          count += 1;
        }
        cluster.run(50);
      }
      return count;
    };
    const atFirst = leadersIn(60_000);
    leadersIn(120_000);
    const later = leadersIn(60_000);
    expect(atFirst).toBeGreaterThan(3);
    expect(later).toBeLessThan(atFirst / 2);
  });
});
