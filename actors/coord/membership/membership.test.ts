/** Members of a whole quorum under virtual time change while clients write and members crash. */
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../protocol/ids.ts';
import { CONFIG_PATH } from '../../../protocol/paths.ts';
import type { ReconfigAsked } from '../member-messages.ts';
import { type Client, Cluster, errorCode, subjects } from '../testing/cluster.ts';
import {
  allLines,
  askForMembers,
  lineOf,
  membersOf,
  reach,
  SUPER,
} from '../testing/reconfiguring.ts';

function write(client: Client, path: string): void {
  const reply = client.insist(subjects.znode('create'), { path, data: '' });
  if (reply.error !== undefined) expect(errorCode(reply)).toBe('NODE_EXISTS');
}

describe('a quorum', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('gets other members, and loses nothing, seed %i', (seed) => {
    const cluster = new Cluster({ seed, spare: 2 }).ready();
    const client = cluster.client();
    const { random } = cluster.world;
    for (const { process, bootstrap } of cluster.members) if (!bootstrap) process.start();
    cluster.run(1000);
    const written: string[] = [];
    const hasObservers = seed % 2 === 0;
    for (let step = 0; step < 6; step++) {
      const [first, second, ...rest] = random.shuffle([1, 2, 3, 4, 5]);
      const members = [first!, second!, ...rest.filter(() => random.chance(0.4))].sort();
      const others = hasObservers ? [1, 2, 3, 4, 5].filter((id) => !members.includes(id)) : [];
      const observers = others.filter(() => random.chance(0.7));
      const path = `/step-${step}`;
      const newMembers = allLines(members, observers);
      askForMembers(cluster, client, `first-${step}`, { newMembers });
      cluster.run(random.between(1, 40));
      const victim = random.pick(cluster.members);
      victim.process.crash(random.chance(0.5) ? 'process' : 'machine');
      // Of two members both are needed: it comes back before anybody insists.
      client.send(subjects.znode('create'), { path, data: '' });
      cluster.run(random.between(100, 1500));
      victim.process.start();
      write(client, path);
      written.push(path);
      reach(cluster, client, members, observers);
    }
    cluster.agree();
    for (const { process } of cluster.members) {
      const state = process.actor!.tree();
      for (const path of written) expect(state.exists(path), path).toBeDefined();
    }
    const { data, stat } = cluster.members[0]!.process.actor!.tree().get(CONFIG_PATH, SUPER);
    expect(Buffer.from(data).toString()).toContain(`version=${stat.mzxid.toString(16)}`);
  });
});

describe('the leader refuses', () => {
  const FAR = 'server.999=0.0.0.0:1234:2345:observer;3456';
  function refusals(wanted: Partial<ReconfigAsked>): string[] {
    const cluster = new Cluster({ seed: 1 }).ready();
    const client = cluster.client();
    const before = membersOf(cluster);
    const asker = cluster.leader()!.id === 1 ? 2 : 1;
    const codes: string[] = [];
    client.listen(subjects.quorumMember(asker as MemberId), (payload) => {
      const text = Buffer.from(payload).toString('latin1');
      for (const code of ['NO_AUTH', 'BAD_VERSION', 'NEW_CONFIG_NO_QUORUM', 'BAD_REQUEST'])
        if (text.includes(code)) codes.push(code);
    });
    cluster.run(500);
    askForMembers(cluster, client, 'r', wanted);
    cluster.until('it is refused', () => codes.length > 0);
    expect(membersOf(cluster)).toBe(before);
    return codes;
  }

  it.each<[string, string, Partial<ReconfigAsked>]>([
    ['who may not write the znode', 'NO_AUTH', { leaving: '3', identities: [] }],
    ['who may not, of a number that no member has', 'NO_AUTH', { joining: FAR, identities: [] }],
    ['a number that no member has', 'BAD_REQUEST', { joining: FAR }],
    ['another version', 'BAD_VERSION', { leaving: '3', version: 99 }],
    ['a member that is not there', 'NEW_CONFIG_NO_QUORUM', { joining: lineOf(4) }],
    ['that nobody is left', 'BAD_REQUEST', { leaving: '1,2,3' }],
    ['that nobody votes', 'BAD_REQUEST', { newMembers: allLines([], [1, 2, 3]) }],
  ])('%s', (_, code, wanted) => {
    expect(refusals(wanted)).toEqual([code]);
  });
});
