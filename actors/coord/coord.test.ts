import { describe, expect, it } from 'vitest';
import { Cluster, errorCode, subjects } from './testing/cluster.ts';

describe('three members', () => {
  it('elect a leader, make the system tree, and answer writes and reads', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const created = client.ask(subjects.znode('create'), { path: '/a', data: 'one' });
    expect(created).toMatchObject({ path: '/a', stat: { version: 0, dataLength: 3 } });
    expect(client.ask(subjects.znode('set'), { path: '/a', data: 'two' })).toMatchObject({
      stat: { version: 1 },
    });
    cluster.agree();
    expect(client.ask(subjects.znode('get'), { path: '/a' })).toMatchObject({
      data: 'two',
      stat: { version: 1 },
    });
    expect(client.ask(subjects.znode('exists'), { path: '/mesozoo/tasks/ff' })).toMatchObject({
      exists: true,
    });
    const digests = new Set(cluster.running().map(({ digest }) => digest));
    expect(digests.size).toBe(1);
  });

  it('go on with another leader when theirs is killed, and keep what was written', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    client.ask(subjects.znode('create'), { path: '/kept', data: 'x' });
    const former = cluster.leader()!;
    former.process.crash('machine');
    const answer = client.insist(subjects.znode('create'), { path: '/later', data: 'y' });
    expect(errorCode(answer)).toBeUndefined();
    expect(cluster.leader()?.id).not.toBe(former.id);
    former.process.start();
    cluster.until('it is back', () => former.process.actor?.describe().isOffered === true);
    cluster.agree();
    expect(former.process.actor!.tree().exists('/kept')).toBeDefined();
    expect(former.process.actor!.tree().exists('/later')).toBeDefined();
  });
});

describe('a member whose disk was emptied', () => {
  it('fetches everything, is admitted under a new disk, and votes again', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    client.ask(subjects.znode('create'), { path: '/kept', data: 'x' });
    const wiped = cluster.follower();
    wiped.process.crash('machine');
    wiped.disk.wipe();
    wiped.bootstrap = false;
    wiped.process.start();
    cluster.until('it is back', () => wiped.process.actor?.describe().isOffered === true);
    cluster.agree();
    expect(new Set(cluster.running().map(({ digest }) => digest)).size).toBe(1);
    expect(wiped.process.actor!.tree().exists('/kept')).toBeDefined();
    expect(wiped.process.actor!.describe().disk).not.toBe(`test-${wiped.id}`);
    const other = cluster.members.find((member) => member !== wiped && member !== cluster.leader());
    other?.process.crash('machine');
    expect(
      errorCode(client.insist(subjects.znode('create'), { path: '/with-it' })),
    ).toBeUndefined();
  });
});
