import { describe, expect, test } from 'vitest';
import { SessionClient } from '../session-client.ts';
import { FakeCoord } from '../testing/fake-coord.ts';
import { VirtualWorld } from '../testing/virtual-world.ts';
import { lineOf } from './line.ts';
import { lockAt, readLockAt, writeLockAt } from './lock.ts';
import { recipeWorld, Watchman } from './testing/recipe-world.ts';

const alone = () => new Watchman((_, inside) => inside.size === 0);

describe('a lock over three real members', () => {
  test('is held by one at a time, in the order of the requests, with growing tokens', () => {
    const { cluster, open, children } = recipeWorld();
    const guard = alone();
    const places = ['a', 'b', 'c'].map((name) => {
      const place = guard.enter(open(name), name, lockAt('/locks/one'));
      cluster.run(100);
      return place;
    });
    for (const place of places) {
      expect(place.contender.isHolding).toBe(true);
      let left = false;
      place.leave(() => {
        left = true;
      });
      expect(place.contender.isHolding).toBe(false);
      cluster.until('it is left', () => left);
      cluster.run(100);
    }
    expect(guard.log).toEqual(['a held', 'b held', 'c held']);
    expect(guard.tokens).toEqual([...guard.tokens].sort((x, y) => x - y));
    expect(new Set(guard.tokens).size).toBe(3);
    expect(children('/locks/one')).toEqual([]);
  });

  test('has the nodes of Curator', () => {
    const { cluster, open, children } = recipeWorld();
    const guard = alone();
    guard.enter(open('a'), 'a', lockAt('/l'));
    cluster.until('it is held', () => guard.log.length > 0);
    expect(children('/l')).toEqual([
      expect.stringMatching(/^_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-lock-0000000000$/),
    ]);
  });

  test('goes on while the holder’s member is killed', () => {
    const { cluster, open } = recipeWorld();
    const guard = alone();
    const a = open('a');
    const b = open('b');
    guard.enter(a, 'a', lockAt('/l'));
    cluster.run(100);
    guard.enter(b, 'b', lockAt('/l'));
    cluster.run(100);
    const member = a.holder();
    member.process.crash('process');
    cluster.run(6_000);
    expect(guard.log).toEqual(['a held']);
    expect(a.client.member).not.toBe(member.id);
  });

  test('passes to the next when the holder’s process dies', () => {
    const { cluster, open } = recipeWorld();
    const guard = alone();
    const a = open('a');
    const b = open('b');
    guard.enter(a, 'a', lockAt('/l'));
    cluster.run(100);
    guard.enter(b, 'b', lockAt('/l'));
    cluster.run(100);
    a.process.crash('process');
    guard.inside.delete('a');
    cluster.until('b holds', () => guard.inside.has('b'), 10_000);
  });

  test('is told lost before anybody else is let in, when all members are cut off from the holder', () => {
    const { cluster, open, children } = recipeWorld();
    const guard = alone();
    const a = open('a');
    const b = open('b');
    guard.enter(a, 'a', lockAt('/l'));
    cluster.run(100);
    guard.enter(b, 'b', lockAt('/l'));
    cluster.run(100);
    for (const { process } of cluster.members) process.crash('process');
    cluster.until('a has lost it', () => guard.log.includes('a lost SESSION_EXPIRED'), 10_000);
    // Nobody has told it: it lets go by its own clock.
    expect(a.client.state).not.toBe('expired');
    for (const { process } of cluster.members) process.start();
    cluster.until('b holds', () => guard.inside.has('b'));
    expect(guard.log).toEqual(['a held', 'a lost SESSION_EXPIRED', 'b held']);
    expect(children('/l')).toHaveLength(1);
  });

  test('is lost at once by a holder whose node was deleted, and a waiting one is in nobody’s way', () => {
    const { cluster, open, children, write } = recipeWorld();
    // The next one may hear of it first: it is a token that tells them apart.
    const guard = new Watchman(() => true);
    const [a, b, c] = [open('a'), open('b'), open('c')];
    guard.enter(a, 'a', lockAt('/l'));
    cluster.run(100);
    const waiting = guard.enter(b, 'b', lockAt('/l'));
    cluster.run(100);
    guard.enter(c, 'c', lockAt('/l'));
    cluster.run(100);
    waiting.leave();
    cluster.run(100);
    const holder = lineOf(children('/l'), ['lock-'])[0]!.name;
    write('delete', { path: `/l/${holder}` });
    cluster.until('c holds', () => guard.inside.has('c'));
    cluster.until('a knows', () => guard.log.length === 3);
    expect(guard.log[0]).toBe('a held');
    expect(guard.log.slice(1).sort()).toEqual(['a lost NO_NODE', 'c held']);
    expect(guard.tokens[1]).toBeGreaterThan(guard.tokens[0]!);
  });

  test('is left before its node was even made', () => {
    const { cluster, open, children } = recipeWorld();
    const guard = alone();
    const place = guard.enter(open('a'), 'a', lockAt('/l'));
    let left = 0;
    place.leave(() => left++);
    place.leave(() => left++);
    cluster.until('it is left', () => left === 2);
    expect(guard.log).toEqual([]);
    expect(children('/l')).toEqual([]);
  });

  test.each([1, 2, 3])(
    'is never held by two while members and contenders are killed, seed %i',
    (seed) => {
      const { cluster, open } = recipeWorld(seed);
      const guard = alone();
      let rounds = 0;
      const programs = ['a', 'b', 'c', 'd'].map((name) => open(name));
      const again = (index: number, turn: number) => {
        const program = programs[index]!;
        const name = `${'abcd'[index]}${turn}`;
        const place = guard.enter(program, name, lockAt('/l'));
        const look = () => {
          if (place.contender.isHolding) {
            rounds++;
            // Works for a while, leaves, and comes again.
            program.clock.after(50, () => {
              place.leave();
              again(index, turn + 1);
            });
          } else if (guard.log.some((line) => line.startsWith(`${name} lost`)))
            again(index, turn + 1);
          else program.clock.after(20, look);
        };
        look();
      };
      for (const index of programs.keys()) again(index, 0);
      for (const member of cluster.members) {
        cluster.run(1_000);
        member.process.crash('machine');
        cluster.run(3_000);
        member.process.start();
      }
      const before = rounds;
      programs[3]!.process.crash('process');
      for (const each of guard.inside) if (each.startsWith('d')) guard.inside.delete(each);
      cluster.until('the others go on', () => rounds > before + 20);
      expect(guard.tokens).toEqual([...guard.tokens].sort((x, y) => x - y));
      expect(new Set(guard.tokens).size).toBe(guard.tokens.length);
    },
  );
});

describe('a read-write lock over three real members', () => {
  const readersOrWriter = () =>
    new Watchman((name, inside) =>
      name.startsWith('w') ? inside.size === 0 : ![...inside].some((each) => each.startsWith('w')),
    );

  test('lets readers in together, a writer alone, and later readers behind a waiting writer', () => {
    const { cluster, open } = recipeWorld();
    const guard = readersOrWriter();
    const enter = (name: string) => {
      const claim = name.startsWith('w') ? writeLockAt('/rw') : readLockAt('/rw');
      const place = guard.enter(open(name), name, claim);
      cluster.run(100);
      return place;
    };
    const [r1, r2, w1, r3, r4, w2] = ['r1', 'r2', 'w1', 'r3', 'r4', 'w2'].map(enter);
    expect(guard.log).toEqual(['r1 held', 'r2 held']);
    r2!.leave();
    cluster.run(100);
    expect(guard.log).toHaveLength(2);
    r1!.leave();
    cluster.run(100);
    expect(guard.log.slice(2)).toEqual(['w1 held']);
    w1!.leave();
    cluster.run(100);
    expect(guard.log.slice(3).sort()).toEqual(['r3 held', 'r4 held']);
    r3!.leave();
    r4!.leave();
    cluster.run(100);
    expect(guard.log.at(-1)).toBe('w2 held');
    w2!.leave();
  });

  test('is passed on by a writer that dies', () => {
    const { cluster, open } = recipeWorld();
    const guard = readersOrWriter();
    const writer = open('w1');
    guard.enter(writer, 'w1', writeLockAt('/rw'));
    cluster.run(100);
    guard.enter(open('r1'), 'r1', readLockAt('/rw'));
    guard.enter(open('r2'), 'r2', readLockAt('/rw'));
    cluster.run(100);
    expect(guard.log).toEqual(['w1 held']);
    writer.process.crash('process');
    guard.inside.delete('w1');
    cluster.until('both read', () => guard.inside.size === 2, 10_000);
  });
});

describe('the line, over a quorum that does what the test says', () => {
  function setUp() {
    const world = new VirtualWorld();
    const coord = new FakeCoord(world);
    const guard = alone();
    const program = (name: string) => {
      const ports = world.ports(name);
      const client = new SessionClient(ports, { cluster: 'mz', timeoutMs: 6_000, reopen: true });
      client.open();
      return { client, ...ports };
    };
    return { world, coord, guard, program };
  }

  test('wakes only the contender behind the one that is gone', () => {
    const { world, guard, program } = setUp();
    const places = ['a', 'b', 'c', 'd'].map((name) => {
      const place = guard.enter(program(name), name, lockAt('/l'));
      world.run(100);
      return place;
    });
    const reads: string[] = [];
    world.meddle = ({ from, subject }) => {
      if (subject.endsWith('.children')) reads.push(from);
      return 'deliver';
    };
    places[0]!.leave();
    world.run(100);
    expect(guard.log).toEqual(['a held', 'b held']);
    expect(reads).toEqual(['b']);
  });

  test('finds its own node again when the answer to its creation was lost', () => {
    const { world, coord, guard, program } = setUp();
    let forgotten = 0;
    coord.forget = (name, request) =>
      name === 'create' && request.ephemeral === true && coord.nodes.has('/l') && forgotten++ === 0
        ? 'REPLY_FORGOTTEN'
        : undefined;
    guard.enter(program('a'), 'a', lockAt('/l'));
    world.run(1_000);
    expect(forgotten).toBeGreaterThan(0);
    expect(guard.log).toEqual(['a held']);
    const made = [...coord.nodes].filter(([path]) => path.startsWith('/l/'));
    expect(made.map(([, { stat }]) => stat.czxid)).toEqual(guard.tokens);
  });

  test('tells the holder of an expiry at once, and a waiting contender too', () => {
    const { world, coord, guard, program } = setUp();
    const a = program('a');
    const b = program('b');
    guard.enter(a, 'a', lockAt('/l'));
    world.run(100);
    guard.enter(b, 'b', lockAt('/l'));
    world.run(100);
    coord.expire(b.client.session!);
    world.run(100);
    coord.expire(a.client.session!);
    world.run(100);
    expect(guard.log).toEqual(['a held', 'b lost SESSION_EXPIRED', 'a lost SESSION_EXPIRED']);
  });

  test('ends for a contender that is refused', () => {
    const { world, coord, guard, program } = setUp();
    coord.deny = (name) => (name === 'create' ? 'NO_AUTH' : undefined);
    guard.enter(program('a'), 'a', lockAt('/l'));
    world.run(100);
    expect(guard.log).toEqual(['a lost NO_AUTH']);
  });
});

test.each([
  [
    ['_c_x-lock-0000000010', '_c_y-lock-0000000009'],
    ['_c_y-lock-0000000009', '_c_x-lock-0000000010'],
  ],
  [['lock-0000000001', 'lock-1', 'lease-0000000000', 'other'], ['lock-0000000001']],
])('the line of %j is %j', (names, line) => {
  expect(lineOf(names, ['lock-']).map(({ name }) => name)).toEqual(line);
});
