import { describe, expect, test } from 'vitest';
import type { Leader } from './contract.ts';
import { candidatesOf, SessionElection } from './election.ts';
import { watchLeader } from './leader-watch.ts';
import { SessionClient } from './session-client.ts';
import { FakeCoord } from './testing/fake-coord.ts';
import { VirtualWorld } from './testing/virtual-world.ts';

const place = { parent: '/mesos', prefix: 'json.info_' };

function setUp() {
  const world = new VirtualWorld();
  const coord = new FakeCoord(world);
  const log: string[] = [];
  const candidate = (name: string) => {
    const ports = world.ports(name);
    const client = new SessionClient(ports, { cluster: 'mz', timeoutMs: 6_000, reopen: true });
    const election = new SessionElection(client, ports, place);
    const enter = () =>
      election.enter(new TextEncoder().encode(name), {
        elected: ({ path, czxid }) => {
          expect(coord.nodes.get(path)!.stat.czxid).toBe(czxid);
          log.push(`${name} elected`);
        },
        deposed: () => {
          expect(election.mayLead()).toBe(false);
          log.push(`${name} deposed`);
        },
      });
    client.open();
    return { name, ports, client, election, enter };
  };
  return { world, coord, log, candidate };
}

const paths = (coord: FakeCoord) =>
  [...coord.nodes.keys()].filter((path) => path.startsWith('/mesos/'));

describe('the election', () => {
  test('is won by the first candidate; the next leads when it leaves', () => {
    const { world, log, candidate, coord } = setUp();
    const [one, two, three] = [candidate('one'), candidate('two'), candidate('three')];
    for (const each of [one, two, three]) {
      each.enter();
      world.run(100);
    }
    expect(log).toEqual(['one elected']);
    expect([one, two, three].map(({ election }) => election.mayLead())).toEqual([
      true,
      false,
      false,
    ]);
    let left = false;
    one.election.leave(() => {
      left = true;
    });
    expect(one.election.mayLead()).toBe(false);
    world.run(100);
    expect(left).toBe(true);
    expect(log).toEqual(['one elected', 'two elected']);
    expect(paths(coord)).toHaveLength(2);
  });

  test('wakes only the candidate behind the one that is gone', () => {
    const { world, log, candidate, coord } = setUp();
    const all = ['one', 'two', 'three'].map((name) => {
      const each = candidate(name);
      each.enter();
      world.run(100);
      return each;
    });
    const reads: string[] = [];
    world.meddle = ({ from, subject }) => {
      if (subject.endsWith('.children')) reads.push(from);
      return 'deliver';
    };
    all[1]!.election.leave();
    world.run(100);
    expect(log).toEqual(['one elected']);
    expect(reads).toEqual(['three']);
    all[0]!.election.leave();
    world.run(100);
    expect(log).toEqual(['one elected', 'three elected']);
    expect(paths(coord)).toHaveLength(1);
  });

  test('ends for a leader whose session expires, at once and once; it may enter again', () => {
    const { world, log, candidate, coord } = setUp();
    const [one, two] = [candidate('one'), candidate('two')];
    one.enter();
    world.run(100);
    two.enter();
    world.run(100);
    coord.expire(one.client.session!);
    world.run(100);
    expect(log).toEqual(['one elected', 'one deposed', 'two elected']);
    world.runUntil(() => one.client.state === 'connected');
    one.enter();
    world.run(100);
    expect(log).toHaveLength(3);
    two.election.leave();
    world.run(100);
    expect(log.at(-1)).toBe('one elected');
  });

  test('ends for a leader whose candidate was deleted', () => {
    const { world, log, candidate, coord } = setUp();
    const one = candidate('one');
    one.enter();
    world.run(100);
    coord.write('delete', { path: paths(coord)[0]! });
    world.run(100);
    expect(log).toEqual(['one elected', 'one deposed']);
  });

  test('is lost by a waiting candidate that was deleted, when its turn comes', () => {
    const { world, log, candidate, coord } = setUp();
    const [one, two] = [candidate('one'), candidate('two')];
    one.enter();
    world.run(100);
    two.enter();
    world.run(100);
    coord.write('delete', { path: paths(coord)[1]! });
    one.election.leave();
    world.run(100);
    expect(log).toEqual(['one elected', 'two deposed']);
  });

  test('survives the holder: who leads goes on leading', () => {
    const { world, log, candidate, coord } = setUp();
    const one = candidate('one');
    one.enter();
    world.run(100);
    coord.kill(coord.holderOf(one.client.session!));
    world.run(5_000);
    expect(log).toEqual(['one elected']);
    expect(one.election.mayLead()).toBe(true);
  });

  test('is not led by one that has heard nothing for most of the timeout', () => {
    const { world, log, candidate, coord } = setUp();
    const one = candidate('one');
    one.enter();
    world.run(100);
    for (const id of [1, 2, 3]) coord.kill(id);
    world.run(2_000);
    expect(one.election.mayLead()).toBe(true);
    world.run(2_000);
    expect(one.election.mayLead()).toBe(false);
    expect(log).toEqual(['one elected']);
    coord.start(1);
    world.runUntil(() => one.client.state === 'connected');
    expect(one.election.mayLead()).toBe(true);
  });

  test('is not blocked by a candidate of its own that it was not told of', () => {
    const { world, log, candidate, coord } = setUp();
    const one = candidate('one');
    let forgotten = 0;
    coord.forget = (name, request) =>
      name === 'create' &&
      request.ephemeral === true &&
      coord.nodes.has('/mesos') &&
      forgotten++ === 0
        ? 'REPLY_FORGOTTEN'
        : undefined;
    one.enter();
    world.run(1_000);
    expect(forgotten).toBe(2);
    expect(log).toEqual(['one elected']);
    expect(paths(coord)).toHaveLength(1);
  });

  test('is left cleanly before the candidate was even made', () => {
    const { world, log, candidate, coord } = setUp();
    const one = candidate('one');
    one.enter();
    let left = false;
    one.election.leave(() => {
      left = true;
    });
    world.run(1_000);
    expect(left).toBe(true);
    expect(paths(coord)).toEqual([]);
    expect(log).toEqual([]);
  });
});

describe('the leader watch', () => {
  test('tells who leads, the next one, and when there is none', () => {
    const { world, candidate } = setUp();
    const [one, two, agent] = [candidate('one'), candidate('two'), candidate('agent')];
    const seen: string[] = [];
    const tell = (leader: Leader | undefined) =>
      seen.push(leader === undefined ? 'none' : new TextDecoder().decode(leader.data));
    const watch = watchLeader(agent.client, place, tell);
    world.run(100);
    one.enter();
    world.run(100);
    two.enter();
    world.run(100);
    one.election.leave();
    world.run(100);
    two.election.leave();
    world.run(100);
    expect(seen).toEqual(['none', 'one', 'two', 'none']);
    watch.stop();
    one.enter();
    world.run(100);
    expect(seen).toHaveLength(4);
  });

  test('goes on after the expiry of its own session', () => {
    const { world, candidate, coord } = setUp();
    const [one, agent] = [candidate('one'), candidate('agent')];
    const seen: (string | undefined)[] = [];
    watchLeader(agent.client, place, (leader) => seen.push(leader?.path));
    one.enter();
    world.run(100);
    coord.expire(agent.client.session!);
    world.run(1_000);
    one.election.leave();
    world.run(100);
    expect(seen.at(-1)).toBe(undefined);
    one.enter();
    world.run(100);
    expect(seen.at(-1)).toBe('/mesos/json.info_0000000001');
  });
});

test.each([
  [
    ['json.info_0000000010', 'json.info_0000000009'],
    ['json.info_0000000009', 'json.info_0000000010'],
  ],
  [
    ['log_replicas', 'json.info_0000000001', 'json.info_1', 'info_0000000000'],
    ['json.info_0000000001'],
  ],
  [[], []],
])('candidates among %j are %j', (names, candidates) => {
  expect(candidatesOf(names, 'json.info_')).toEqual(candidates);
});
