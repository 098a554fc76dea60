/** The client over three real members of the quorum, in virtual time. */
import { describe, expect, test } from 'vitest';
import { limits } from '../../../protocol/limits.ts';
import { SimulatedProcess } from '../../../simulation/process.ts';
import type { Actor } from '../../actor.ts';
import type { HostedPorts } from '../../host.ts';
import { CLUSTER, Cluster } from '../testing/cluster.ts';
import type { Answer, CoordClientOptions, Leader, SessionState } from './contract.ts';
import { SessionElection } from './election.ts';
import { watchLeader } from './leader-watch.ts';
import { SessionClient } from './session-client.ts';

class Holder implements Actor {
  readonly client: SessionClient;
  readonly election: SessionElection;
  readonly states: SessionState[] = [];
  readonly events: string[] = [];

  constructor(ports: HostedPorts, options: Partial<CoordClientOptions>) {
    this.client = new SessionClient(ports, {
      cluster: CLUSTER,
      timeoutMs: 4_000,
      reopen: false,
      ...options,
    });
    this.client.onState((state) => this.states.push(state));
    this.client.onEvent(({ type, path }) => this.events.push(`${type} ${path}`));
    this.election = new SessionElection(this.client, ports, {
      parent: '/elections/test',
      prefix: 'candidate_',
    });
  }

  start(): void {
    this.client.open();
  }

  endTurn(): void {
    // Nothing is gathered.
  }

  stop(done: () => void): void {
    this.client.close(done);
  }
}

function setUp(seed = 1) {
  const cluster = new Cluster({ seed }).ready();
  const open = (name: string, options: Partial<CoordClientOptions> = {}) => {
    const process = new SimulatedProcess<Holder>({
      world: cluster.world,
      name,
      inboxPrefix: '_INBOX',
      create: (ports) => new Holder(ports, options),
    });
    process.start();
    cluster.until(`${name} is connected`, () => process.actor?.client.state === 'connected');
    return Object.assign(process.actor!, { process });
  };
  return { cluster, open };
}

function notes() {
  const answers: string[] = [];
  const note =
    (what: string) =>
    (answer: Answer<unknown>): void => {
      answers.push(`${what} ${answer.ok ? 'ok' : answer.error.code}`);
    };
  return { answers, note };
}

describe('a session over three real members', () => {
  test('writes in order, reads its own writes, and is gone after its close', () => {
    const { cluster, open } = setUp();
    const one = open('one');
    const { answers, note } = notes();
    one.client.request('create', { path: '/a' }, note('create'));
    one.client.request('create', { path: '/a/e', ephemeral: true }, note('ephemeral'));
    one.client.request('set', { path: '/a', data: 'x', version: 5 }, note('set'));
    one.client.request('multi', { operations: [] }, note('empty multi'));
    one.client.request('get', { path: '/a/e' }, note('get'));
    cluster.until('all is answered', () => answers.length === 5);
    expect(answers).toEqual([
      'create ok',
      'ephemeral ok',
      'set BAD_VERSION',
      'empty multi ok',
      'get ok',
    ]);
    const other = open('other');
    let closed = false;
    one.client.close(() => {
      closed = true;
    });
    cluster.until('it is closed', () => closed);
    other.client.request('sync', { path: '/' }, note('sync'));
    other.client.request('get', { path: '/a/e' }, note('get'));
    cluster.until('it is answered', () => answers.length === 7);
    expect(answers.slice(5)).toEqual(['sync ok', 'get NO_NODE']);
  });

  test('goes on after a write that the tree refuses for what no client can check', () => {
    const { cluster, open } = setUp();
    const one = open('one');
    const { answers, note } = notes();
    // As long as a path may be: there is no room for the counter.
    const long = `/${'x'.repeat(limits.pathBytes - 1)}`;
    one.client.request('create', { path: '/a' }, note('create'));
    one.client.request('delete', { path: '/zookeeper' }, note('delete'));
    one.client.request('create', { path: long, sequential: true }, note('long'));
    one.client.request(
      'multi',
      { operations: [{ op: 'delete', path: '/zookeeper' }] },
      note('multi'),
    );
    one.client.request('create', { path: '/b' }, note('after'));
    cluster.until('all is answered', () => answers.length === 5);
    expect(answers).toEqual([
      'create ok',
      'delete BAD_REQUEST',
      'long BAD_PATH',
      'multi BAD_REQUEST',
      'after ok',
    ]);
  });

  test.each([1, 2, 3])(
    'goes on while members are killed and paused under its writes, seed %i',
    (seed) => {
      const { cluster, open } = setUp(seed);
      const one = open('one', { timeoutMs: 10_000 });
      const { answers, note } = notes();
      const paths: string[] = [];
      const write = (count: number) => {
        for (let each = 0; each < count; each++) {
          const path = `/n${paths.length}`;
          paths.push(path);
          one.client.request('create', { path }, note(path));
        }
      };
      for (const [index, member] of cluster.members.entries()) {
        write(30);
        cluster.run(2);
        if (index % 2 === 0) member.process.crash('machine');
        else member.process.pause();
        write(30);
        cluster.run(3_500);
        if (member.process.isPaused) member.process.resume();
        member.process.start();
        cluster.run(500);
      }
      cluster.until('all writes are answered', () => answers.length === paths.length);
      expect(answers).toEqual(paths.map((path) => `${path} ok`));
      cluster.agree();
    },
  );

  test('is told what changed while it had no holder, before any answer that shows it', () => {
    const { cluster, open } = setUp();
    const one = open('one');
    const other = cluster.client();
    const { answers, note } = notes();
    one.client.request('create', { path: '/w', data: 'old' }, note('create'));
    one.client.request('get', { path: '/w', watch: true }, note('get'));
    cluster.until('the watch is set', () => answers.length === 2);
    const told: string[] = [];
    one.client.onEvent(({ type, path }) => told.push(`${type} ${path}`));
    const holder = one.client.member!;
    cluster.member(holder).process.crash('process');
    other.insist('mz.znode.set', { path: '/w', data: 'new' });
    one.client.request('create', { path: '/mine' }, () => told.push('written'));
    cluster.until('it is written', () => told.includes('written'));
    expect(told).toEqual(['dataChanged /w', 'written']);
    expect(one.client.member).not.toBe(holder);
  });

  test('expires when its client is gone for longer than the timeout, and its ephemerals with it', () => {
    const { cluster, open } = setUp();
    const one = open('one');
    const other = open('other');
    const seen: boolean[] = [];
    const { answers, note } = notes();
    one.client.request('create', { path: '/e', ephemeral: true }, note('create'));
    cluster.until('it is created', () => answers.length === 1);
    other.client.follow('exists', '/e', (answer) => {
      if (answer.ok && answer.value.kind === 'exists') seen.push(answer.value.exists);
    });
    cluster.until('it is seen', () => seen.length > 0 && seen.at(-1) === true);
    one.process.crash('process');
    cluster.until('it is gone', () => seen.at(-1) === false, 20_000);
  });
});

describe('an election over three real members', () => {
  test('has one leader at a time through kills of the leader and of coords, and greater epochs', () => {
    const { cluster, open } = setUp();
    const log: string[] = [];
    const epochs: number[] = [];
    const leading = new Set<string>();
    const enter = (name: string) => {
      const holder = open(name, { reopen: true });
      const { election } = holder;
      election.enter(new TextEncoder().encode(name), {
        elected: ({ czxid }) => {
          expect(leading.size).toBe(0);
          leading.add(name);
          epochs.push(czxid);
          log.push(name);
        },
        deposed: () => {
          leading.delete(name);
        },
      });
      cluster.run(300);
      return holder;
    };
    const watcher = open('watcher');
    const seen: (string | undefined)[] = [];
    const told = (leader: Leader | undefined) =>
      seen.push(leader && new TextDecoder().decode(leader.data));
    watchLeader(watcher.client, { parent: '/elections/test', prefix: 'candidate_' }, told);
    const masters = ['a', 'b', 'c'].map(enter);
    cluster.until('a leads', () => leading.has('a'));
    cluster.member(1).process.crash('process');
    cluster.run(3_000);
    expect([...leading]).toEqual(['a']);
    cluster.member(1).process.start();
    masters[0]!.process.crash('process');
    leading.delete('a');
    cluster.until('b leads', () => leading.has('b'), 20_000);
    let left = false;
    masters[1]!.election.leave(() => {
      left = true;
    });
    leading.delete('b');
    cluster.until('c leads', () => left && leading.has('c'));
    cluster.until('the watcher knows', () => seen.at(-1) === 'c');
    expect(log).toEqual(['a', 'b', 'c']);
    expect(epochs).toEqual([...epochs].sort((x, y) => x - y));
    expect(seen.filter((each) => each !== undefined)).toEqual(['a', 'b', 'c']);
  });
});
