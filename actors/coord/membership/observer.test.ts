/** An observer beside three members, under virtual time: what it does for clients, and that nobody waits for it. */
import { describe, expect, it } from 'vitest';
import { isMemberMessage } from '../member-messages.ts';
import { decodeQuorumMessage } from '../paxos/messages.ts';
import {
  type Body,
  type Client,
  Cluster,
  errorCode,
  type Member,
  sessionAt,
  subjects,
} from '../testing/cluster.ts';
import { membersOf, reach } from '../testing/reconfiguring.ts';

interface Observed {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly observer: Member;
}

/** Members 1 to 3, and member 4 observes. */
function observed(seed = 1): Observed {
  const cluster = new Cluster({ seed, spare: 1 }).ready();
  const client = cluster.client();
  const observer = cluster.member(4);
  observer.process.start();
  reach(cluster, client, [1, 2, 3], [4]);
  cluster.until('it takes requests', () => observer.process.actor?.describe().isOffered === true);
  return { cluster, client, observer };
}

const create = (client: Client, path: string): string | undefined =>
  errorCode(client.insist(subjects.znode('create'), { path, data: '' }));

/** What members say to all of what they have accepted, and to one of what they lack. */
function hear(client: Client, subject: string): { type: string; from: number }[] {
  const heard: { type: string; from: number }[] = [];
  client.listen(subject, (payload) => {
    if (isMemberMessage(payload)) return;
    const { type, from } = decodeQuorumMessage(payload);
    heard.push({ type, from });
  });
  return heard;
}

describe('an observer', () => {
  it('holds sessions: it reads, writes, and its ephemerals end with the session', () => {
    const { cluster, client, observer } = observed();
    const { sessionId, holder } = sessionAt(client, observer);
    const at = (request: string, body: Body) =>
      client.ask(`${holder}.${request}`, { sessionId, ...body });
    expect(at('create', { path: '/mine', ephemeral: true })).toMatchObject({ path: '/mine' });
    expect(create(client, '/others')).toBeUndefined();
    expect(at('exists', { path: '/others', linearizable: true })).toMatchObject({ exists: true });
    const isThere = () => cluster.leader()!.process.actor!.tree().exists('/mine') !== undefined;
    for (let count = 0; count < 10; count++) {
      expect(errorCode(at('ping', {}))).toBeUndefined();
      cluster.run(1000);
    }
    expect(isThere()).toBe(true);
    cluster.until('the session has expired', () => !isThere());
  });

  it('says nothing of what it keeps, and need not ask for what is decided', () => {
    const { cluster, client } = observed();
    const said = hear(client, subjects.quorumAll());
    const asked = [1, 2, 3].map((id) => hear(client, subjects.quorumMember(cluster.member(id).id)));
    for (let count = 0; count < 30; count++) expect(create(client, `/n${count}`)).toBeUndefined();
    cluster.agree();
    expect(said.filter(({ type, from }) => type === 'accepted' && from !== 4)).not.toEqual([]);
    expect([...said, ...asked.flat()].filter(({ from }) => from === 4)).toEqual([]);
  });

  it('is no part of a majority', () => {
    const { cluster, client } = observed();
    const leader = cluster.leader()!;
    const followers = cluster.members.filter(({ id }) => id !== leader.id && id !== 4);
    for (const { process } of followers) process.crash('process');
    cluster.until('nobody leads', () => cluster.leader() === undefined);
    const pending = client.send(subjects.znode('create'), { path: '/alone' });
    cluster.until('it is answered', () => pending.reply !== undefined);
    expect(errorCode(pending.reply)).toMatch(/TIMEOUT|UNAVAILABLE/);
    expect(cluster.leader()).toBeUndefined();
    for (const { process } of followers) process.start();
    expect(create(client, '/together')).toBeUndefined();
  });

  it('that is away holds nobody up, and has everything when it comes back, with its disk or without', () => {
    const { cluster, client, observer } = observed();
    for (const path of ['/kept', '/emptied']) {
      observer.process.crash('machine');
      if (path === '/emptied') observer.disk.wipe();
      expect(create(client, path)).toBeUndefined();
      observer.process.start();
      cluster.until('it is back', () => observer.process.actor?.describe().isOffered === true);
      cluster.agree();
      expect(observer.process.actor!.tree().exists(path)).toBeDefined();
      expect(observer.process.actor!.describe().role).toBe('observing');
    }
  });

  it('that is cut off takes no requests, and does not say that its sessions live', () => {
    const { cluster, client, observer } = observed();
    const { sessionId, holder } = sessionAt(client, observer);
    const ping = () => errorCode(client.ask(`${holder}.ping`, { sessionId }));
    expect(ping()).toBeUndefined();
    const { server } = cluster.world;
    for (const id of [1, 2, 3]) {
      server.block(`coord${id}`, 'coord4');
      server.block('coord4', `coord${id}`);
    }
    const isOffered = () => observer.process.actor!.describe().isOffered;
    cluster.until('it is withdrawn', () => !isOffered());
    expect(ping()).toBe('UNAVAILABLE');
    expect(observer.process.actor!.isReady()).toBe(false);
    expect(create(client, '/without')).toBeUndefined();
    server.healPartitions();
    cluster.until('it takes requests again', isOffered);
    cluster.agree();
    expect(observer.process.actor!.tree().exists('/without')).toBeDefined();
  });

  it('that is not there is named all the same', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    reach(cluster, client, [1, 2, 3], [9]);
    expect(create(client, '/without')).toBeUndefined();
  });
});

describe('a member that leads', () => {
  it.each([1, 2, 3, 4, 5])('may become an observer, and a member again, seed %i', (seed) => {
    const { cluster, client } = observed(seed);
    const leader = cluster.leader()!;
    const others = [1, 2, 3].filter((id) => id !== leader.id);
    reach(cluster, client, [...others, 4], [leader.id]);
    expect(create(client, '/one')).toBeUndefined();
    expect(cluster.leader()).not.toBe(leader);
    cluster.agree();
    expect(leader.process.actor!.describe()).toMatchObject({ role: 'observing' });
    // Of the three two are needed: the former observer is one of them.
    const away = cluster.member(others.find((id) => id !== cluster.leader()?.id)!);
    away.process.crash('machine');
    expect(create(client, '/two')).toBeUndefined();
    reach(cluster, client, [1, 2, 3, 4]);
    const another = cluster.members.find(
      ({ id, process }) => process.isRunning && id !== leader.id && id !== cluster.leader()?.id,
    )!;
    away.process.start();
    cluster.until('it is back', () => away.process.actor?.describe().isOffered === true);
    another.process.crash('machine');
    expect(create(client, '/three')).toBeUndefined();
    expect(membersOf(cluster)).toBe('1,2,3,4');
    another.process.start();
    cluster.agree();
  });
});
