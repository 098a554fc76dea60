import { describe, expect, it } from 'vitest';
import { limits } from '../../protocol/limits.ts';
import { defaultTiming } from './options.ts';
import {
  type Body,
  type Client,
  Cluster,
  errorCode,
  filesOf,
  sessionAt,
  subjects,
} from './testing/cluster.ts';

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

describe('nodes that nobody needs any more', () => {
  it('are removed at all members, and no others', () => {
    const cluster = new Cluster({ timing: { containerCheckIntervalMs: 500 } }).ready();
    const client = cluster.client();
    const write = (name: 'create' | 'delete', body: Body) =>
      expect(errorCode(client.ask(subjects.znode(name), body))).toBeUndefined();
    write('create', { path: '/locks', container: true });
    write('create', { path: '/unused', container: true });
    write('create', { path: '/short', ttlMs: 1 });
    write('create', { path: '/long', ttlMs: 100_000_000 });
    write('create', { path: '/locks/one' });
    write('delete', { path: '/locks/one' });
    const has = (path: string) =>
      cluster.members.map(({ process }) => process.actor!.tree().exists(path) !== undefined);
    cluster.until('they are gone', () => ![...has('/locks'), ...has('/short')].includes(true));
    cluster.run(2000);
    expect([...has('/unused'), ...has('/long')]).not.toContain(false);
  });

  it('cannot be asked for in ways that exclude each other', () => {
    const client = new Cluster().ready().client();
    const answer = client.ask(subjects.znode('create'), {
      path: '/a',
      container: true,
      sequential: true,
    });
    expect(errorCode(answer)).toBe('BAD_REQUEST');
  });
});

describe('a leader whose process has ended', () => {
  const succeededAfterMs = (death: 'process' | 'machine', seed: number) => {
    const cluster = new Cluster({ seed, timing: { electionTimeoutMs: 4000 } }).ready();
    const leader = cluster.leader()!;
    const diedMs = cluster.world.nowMs;
    leader.process.crash(death);
    cluster.until('another leads', () => cluster.leader() !== undefined);
    expect(cluster.leader()).not.toBe(leader);
    return cluster.world.nowMs - diedMs;
  };

  it.each([1, 2, 3])('is succeeded long before the timeout, as NATS knows it (seed %i)', (seed) => {
    expect(succeededAfterMs('process', seed)).toBeLessThan(1000);
    expect(succeededAfterMs('machine', seed)).toBeGreaterThan(3500);
  });

  it('that lives keeps its office, however long a follower does not hear it', () => {
    const cluster = new Cluster({ timing: { electionTimeoutMs: 4000 } }).ready();
    const leader = cluster.leader()!;
    const follower = cluster.follower();
    cluster.world.server.block(`coord${leader.id}`, `coord${follower.id}`);
    cluster.run(2000);
    expect(follower.process.actor?.status()?.leader).toBe(leader.id);
    expect(cluster.leader()).toBe(leader);
  });
});

describe('a member that stops in good order', () => {
  it.each([1, 2, 3, 4, 5])(
    'answers what is under way, and is succeeded at once (seed %i)',
    (seed) => {
      const cluster = new Cluster({ seed }).ready();
      const client = cluster.client();
      const leader = cluster.leader()!;
      const writes = Array.from({ length: 30 }, (_, index) =>
        client.send(subjects.znode('create'), { path: `/w${index}` }),
      );
      cluster.run(2);
      let isStopped = false;
      leader.process.stop(() => {
        isStopped = true;
      });
      cluster.until('it has stopped', () => isStopped);
      const stoppedMs = cluster.world.nowMs;
      cluster.until('another leads', () => cluster.leader() !== undefined);
      // Nobody has missed a heartbeat yet.
      expect(cluster.world.nowMs - stoppedMs).toBeLessThan(defaultTiming.heartbeatMs * 2.5);
      cluster.until('all is answered', () => writes.every(({ reply }) => reply !== undefined));
      expect(writes.map(({ reply }) => errorCode(reply!))).toEqual(writes.map(() => undefined));
    },
  );
});

describe('a member whose disk has failed to sync once', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'stops, and starts again with nothing that is in a cache only (seed %i)',
    (seed) => {
      const cluster = new Cluster({ seed }).ready();
      const client = cluster.client();
      const member = cluster.follower();
      const { disk } = member.process.actor!.describe();
      member.disk.failNext = 'DISK_FAILED';
      for (let index = 0; index < 5; index++)
        client.insist(subjects.znode('create'), { path: `/a${index}`, data: 'x'.repeat(500) });
      cluster.until('it has stopped', () => !member.process.isRunning);
      for (const when of ['after the failure', 'after the machine']) {
        member.process.start();
        cluster.until('it is back', () => member.process.actor?.describe().isOffered === true);
        expect(member.process.actor!.describe().disk, when).toBe(disk);
        client.insist(subjects.znode('create'), { path: `/${when}`, data: 'x' });
        cluster.agree();
        if (when === 'after the failure') member.process.crash('machine');
      }
    },
  );
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
    expect(wiped.process.actor!.describe().clusterId).toBe('test');
    const other = cluster.members.find((member) => member !== wiped && member !== cluster.leader());
    other?.process.crash('machine');
    expect(
      errorCode(client.insist(subjects.znode('create'), { path: '/with-it' })),
    ).toBeUndefined();
  });
});

describe('writes under way when the leader dies', () => {
  it('are made once each and in order, whoever the holder is', () => {
    for (const seed of [1, 2, 3, 4]) {
      const cluster = new Cluster({ seed }).ready();
      const client = cluster.client();
      const holder = cluster.follower();
      const leader = cluster.leader()!;
      const { sessionId, holder: at } = sessionAt(client, holder, { numbered: true });
      const writes = Array.from({ length: 60 }, (_, index) => {
        if (index === 30) leader.process.crash('machine');
        const pending = client.send(`${at}.create`, {
          sessionId,
          number: index + 1,
          path: '/n-',
          sequential: true,
        });
        cluster.run(1);
        return pending;
      });
      cluster.until('all are answered', () => writes.every(({ reply }) => reply !== undefined));
      expect(writes.map(({ reply }) => errorCode(reply))).toEqual(writes.map(() => undefined));
      const paths = writes.map(({ reply }) => reply!.path);
      expect(paths).toEqual([...paths].sort());
      expect(new Set(paths).size).toBe(60);
      const all = client.insist(subjects.znode('children'), { path: '/' });
      const made = (all.children as string[]).filter((name) => name.startsWith('n-'));
      expect(made).toHaveLength(60);
    }
  });
});

describe('a session', () => {
  it('moves to another member when its holder dies, and gets the replies of before', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const former = cluster.follower();
    const opened = sessionAt(client, former, { numbered: true });
    const { sessionId, password } = opened;
    const create = { sessionId, number: 1, path: '/q-', sequential: true, ephemeral: true };
    const first = client.ask(`${opened.holder}.create`, create);
    former.process.crash('process');
    const again = client.insist(subjects.session('open'), { sessionId, password, timeoutMs: 4000 });
    expect(again).toMatchObject({ sessionId, incarnation: 2, number: 1 });
    expect(client.ask(`${again.holder}.create`, create)).toEqual(first);
    expect(errorCode(client.ask(`${again.holder}.get`, { sessionId, path: '/' }))).toBeUndefined();
  });

  it('is told that it has moved by the member that held it, which then refuses it', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const [one, two] = [cluster.follower(), cluster.leader()!];
    const opened = sessionAt(client, one, { eventsTo: client.eventsTo });
    const { sessionId, password } = opened;
    let again = opened;
    while (again.member !== two.id) {
      again = client.ask(subjects.session('open'), { sessionId, password, timeoutMs: 4000 });
    }
    cluster.until('the event', () => client.events.length > 0);
    expect(client.events).toContainEqual({ event: 'moved', sessionId });
    const late = client.ask(`${opened.holder}.set`, { sessionId, path: '/', data: 'x' });
    expect(errorCode(late)).toBe('SESSION_MOVED');
  });

  it('whose client re-attaches where it was is not told that it has moved', () => {
    const cluster = new Cluster({ members: 1 }).ready();
    const client = cluster.client();
    const { eventsTo } = client;
    const { sessionId, password } = client.ask(subjects.session('open'), { eventsTo });
    client.ask(subjects.session('open'), { sessionId, password, eventsTo });
    cluster.run(500);
    expect(client.events).toEqual([]);
    const thief = cluster.client();
    thief.ask(subjects.session('open'), { sessionId, password, eventsTo: thief.eventsTo });
    cluster.until('the event', () => client.events.length > 0);
    expect(client.events).toEqual([{ event: 'moved', sessionId }]);
  });

  it('gets a full timeout from a new leader, and expires when it is not heard of', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const holder = cluster.follower();
    const { sessionId, holder: at } = sessionAt(client, holder);
    client.ask(`${at}.create`, { sessionId, path: '/mine', ephemeral: true });
    cluster.run(2500);
    // Noticed at once: a question that a dead member was given would take as long as the session lives.
    cluster.leader()!.process.crash('process');
    cluster.until('another leads', () => cluster.leader() !== undefined);
    cluster.run(3000);
    const exists = () => client.insist(subjects.znode('exists'), { path: '/mine' }).exists === true;
    expect(exists()).toBe(true);
    cluster.until('it is gone', () => !exists());
  });

  it('is closed at any member, with its password', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    for (let round = 0; round < 6; round++) {
      const { sessionId, password, holder } = client.ask(subjects.session('open'), {});
      client.ask(`${holder}.create`, { sessionId, path: '/c', ephemeral: true });
      expect(client.ask(subjects.session('close'), { sessionId, password })).toEqual({});
      expect(client.ask(subjects.znode('sync'), {})).toHaveProperty('zxid');
      const read = { path: '/c', linearizable: true };
      expect(client.ask(subjects.znode('exists'), read).exists).toBe(false);
    }
  });
});

describe('a read without a session', () => {
  it('shows every write that was answered before, whichever member is asked', () => {
    for (const seed of [1, 2, 3]) {
      const cluster = new Cluster({ seed }).ready();
      const client = cluster.client();
      for (let index = 0; index < 40; index++) {
        const path = `/n${index}`;
        client.ask(subjects.znode('create'), { path });
        expect(errorCode(client.ask(subjects.znode('get'), { path }))).toBeUndefined();
        expect(errorCode(client.ask(subjects.znode('acl.get'), { path }))).toBeUndefined();
        const { children } = client.ask(subjects.znode('children'), { path: '/' });
        expect(children).toContain(`n${index}`);
      }
    }
  });

  it('is answered without the quorum where it asks for the state of the member', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    for (const other of cluster.members.slice(1)) other.process.crash('process');
    cluster.run(200);
    const local = { path: '/mesozoo', linearizable: false };
    const pending = client.send(subjects.znode('exists'), { path: '/mesozoo' });
    expect(client.ask(subjects.znode('exists'), local)).toMatchObject({ exists: true });
    expect(pending.reply).toBeUndefined();
    cluster.until('it is given up', () => pending.reply !== undefined);
    expect(errorCode(pending.reply)).toBe('UNAVAILABLE');
  });
});

describe('a member with much to apply', () => {
  it('applies it in stretches, with messages and heartbeats in between', () => {
    const cluster = new Cluster({ timing: { applyStretchMs: 0 } }).ready();
    const client = cluster.client();
    const path = '/replayed';
    for (let index = 0; index < 40; index++) {
      client.ask(subjects.znode(index === 0 ? 'create' : 'set'), { path, data: `${index}` });
    }
    const member = cluster.follower();
    cluster.agree();
    const { slot } = member.process.actor!.describe();
    member.process.crash('process');
    member.process.start();
    const seen = new Set<number>();
    cluster.until('it has caught up', () => {
      for (let step = 0; step < 20; step++) {
        cluster.run(0.25);
        seen.add(member.process.actor!.describe().slot);
      }
      return member.process.actor!.describe().slot >= slot;
    });
    expect(seen.size).toBeGreaterThan(10);
    cluster.agree();
    expect(new Set(cluster.running().map(({ digest }) => digest)).size).toBe(1);
  });
});

describe('a member that is cut off', () => {
  it('takes no more requests, and offers itself again when it hears a leader', () => {
    const cluster = new Cluster().ready();
    const alone = cluster.follower();
    const others = cluster.members.filter((member) => member !== alone);
    for (const other of others) other.process.crash('process');
    const isOffered = () => alone.process.actor!.describe().isOffered;
    cluster.until('it withdraws', () => !isOffered());
    const client = cluster.client();
    expect(errorCode(client.ask(subjects.znode('get'), { path: '/' }))).toBe('NO_RESPONDERS');
    for (const other of others) other.process.start();
    cluster.until('it is back', isOffered);
    expect(errorCode(client.insist(subjects.znode('create'), { path: '/back' }))).toBeUndefined();
  });

  it('answers no pings after a while, so that its clients move before their sessions expire', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const alone = cluster.follower();
    const { sessionId, password, holder } = sessionAt(client, alone);
    for (const other of cluster.members) if (other !== alone) other.process.crash('process');
    const pings = [
      [`${holder}.ping`, { sessionId }],
      [subjects.session('ping'), { sessionId, password }],
    ] as const;
    for (const [subject, body] of pings) expect(client.ask(subject, body)).toHaveProperty('zxid');
    const refused: Body[] = [];
    cluster.until('it says that it has no leader', () => {
      const pong = client.ask(`${holder}.ping`, { sessionId });
      if (pong.error !== undefined) refused.push(pong);
      return pong.error !== undefined;
    });
    expect(alone.process.actor!.describe().isOffered).toBe(true);
    refused.push(client.ask(subjects.session('ping'), { sessionId, password }));
    for (const pong of refused) {
      expect(pong.error).toMatchObject({ code: 'UNAVAILABLE', definite: true });
    }
    for (const other of cluster.members) other.process.start();
    cluster.until('it answers again', () => {
      const pong = client.ask(`${holder}.ping`, { sessionId });
      return pong.error === undefined;
    });
  });

  it('answers TIMEOUT for a write that has left, UNAVAILABLE for a linearizable read', () => {
    const cluster = new Cluster().ready();
    const client = cluster.client();
    const alone = cluster.leader()!;
    const { sessionId, holder } = sessionAt(client, alone);
    const reader = sessionAt(client, alone);
    for (const other of cluster.members) if (other !== alone) other.process.crash('process');
    const write = client.send(`${holder}.set`, { sessionId, path: '/', data: 'x' });
    const read = client.send(`${reader.holder}.get`, {
      sessionId: reader.sessionId,
      path: '/',
      linearizable: true,
    });
    const stale = client.ask(`${reader.holder}.ping`, { sessionId: reader.sessionId });
    expect(stale).toHaveProperty('zxid');
    cluster.until('both are answered', () => !!(write.reply && read.reply));
    expect(write.reply!.error).toMatchObject({ code: 'TIMEOUT', definite: false });
    expect(read.reply!.error).toMatchObject({ code: 'UNAVAILABLE', definite: true });
  });
});

describe('snapshots', () => {
  const bounds = { snapshotSlots: 40, keptSlots: 5, segmentBytes: 4096 };
  const write = (cluster: Cluster, client: Client, count: number, prefix: string) => {
    for (let index = 0; index < count; index++) {
      const body = { path: `/${prefix}${index}`, data: 'x'.repeat(200) };
      expect(errorCode(client.insist(subjects.znode('create'), body))).toBeUndefined();
    }
    cluster.agree();
  };

  it('are taken, two are kept, and the log before the older one is cleared away', () => {
    const cluster = new Cluster({ bounds }).ready();
    const client = cluster.client();
    write(cluster, client, 200, 'a');
    cluster.run(1000);
    for (const member of cluster.members) {
      const files = filesOf(member);
      const snapshots = files.filter((name) => /^snapshot-/.test(name));
      expect(snapshots).toHaveLength(2);
      const older = Number(snapshots.sort()[0]!.slice('snapshot-'.length));
      expect(older).toBeGreaterThan(100);
      expect(files).not.toContain('log-0000000001');
      member.process.crash('machine');
    }
    cluster.start();
    const before = client.insist(subjects.znode('children'), { path: '/', linearizable: true });
    expect(before.children).toHaveLength(203);
  });

  it('are fetched by a member that was away too long, which then is equal to the others', () => {
    const lines: string[] = [];
    const cluster = new Cluster({ bounds, print: (line) => lines.push(line) }).ready();
    const client = cluster.client();
    const away = cluster.follower();
    away.process.crash('machine');
    write(cluster, client, 200, 'b');
    away.process.start();
    cluster.until('it is back', () => away.process.actor?.describe().isOffered === true);
    cluster.agree();
    expect(new Set(cluster.running().map(({ digest }) => digest)).size).toBe(1);
    expect(away.process.actor!.tree().exists('/b199')).toBeDefined();
    expect(lines.some((line) => line.includes('snapshot installed'))).toBe(true);
    away.process.crash('machine');
    away.process.start();
    cluster.until('it is back again', () => away.process.actor?.describe().isOffered === true);
    expect(away.process.actor!.describe().disk).toBe(`test-${away.id}`);
  });

  it('of znodes that hold as much as they may are fetched as well', () => {
    const few = { snapshotSlots: 10, keptSlots: 2 };
    const cluster = new Cluster({ bounds: few }).ready();
    const client = cluster.client();
    const away = cluster.follower();
    away.process.crash('machine');
    for (let index = 0; index < 14; index++) {
      const body = { path: `/large${index}`, data: 'x'.repeat(limits.znodeDataBytes) };
      expect(client.insist(subjects.znode('create'), body)).toHaveProperty('stat');
    }
    away.process.start();
    cluster.until('it is back', () => away.process.actor?.describe().isOffered === true);
    cluster.agree();
    expect(new Set(cluster.running().map(({ digest }) => digest)).size).toBe(1);
    const { data } = away.process.actor!.tree().get('/large13', []);
    expect(data.length).toBe(limits.znodeDataBytes);
  }, 60_000);

  it('that are damaged fall back on the former one and the log behind it', () => {
    const cluster = new Cluster({ bounds }).ready();
    const client = cluster.client();
    write(cluster, client, 150, 'c');
    cluster.run(1000);
    const hurt = cluster.follower();
    hurt.process.crash('machine');
    const newest = filesOf(hurt)
      .filter((name) => /^snapshot-/.test(name))
      .sort()
      .at(-1);
    expect(hurt.disk.rot((name) => name === newest)).toBeDefined();
    hurt.process.start();
    cluster.until('it is back', () => hurt.process.actor?.describe().isOffered === true);
    cluster.agree();
    expect(hurt.process.actor!.describe().disk).toBe(`test-${hurt.id}`);
    expect(hurt.process.actor!.tree().exists('/c149')).toBeDefined();
  });
});
