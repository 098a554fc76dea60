import { describe, expect, test } from 'vitest';
import { Barrier, DoubleBarrier } from './barrier.ts';
import { recipeWorld } from './testing/recipe-world.ts';

describe('a barrier over three real members', () => {
  test('holds all back until it is lifted, whoever raised it, and the death of a member is no opening', () => {
    const { cluster, open } = recipeWorld();
    const [raiser, a, b] = [open('raiser'), open('a'), open('b')];
    const passed: string[] = [];
    let raised = false;
    new Barrier(raiser, '/barriers/one').raise((error) => {
      raised = error === undefined;
    });
    cluster.until('it is raised', () => raised);
    new Barrier(a, '/barriers/one').wait(() => passed.push('a'));
    new Barrier(b, '/barriers/one').wait(() => passed.push('b')).stop();
    a.holder().process.crash('process');
    raiser.process.crash('process');
    cluster.run(8_000);
    expect(passed).toEqual([]);
    new Barrier(b, '/barriers/one').lift(() => undefined);
    cluster.until('a has passed', () => passed.includes('a'));
    new Barrier(b, '/barriers/one').wait(() => passed.push('b again'));
    cluster.until('b passes at once', () => passed.includes('b again'));
    expect(passed).toEqual(['a', 'b again']);
  });
});

describe('a double barrier over three real members', () => {
  function setUp() {
    const world = recipeWorld();
    const log: string[] = [];
    const programs = ['a', 'b', 'c'].map((name) => world.open(name));
    const member = (index: number) => {
      const name = 'abc'[index]!;
      const options = { path: '/double', members: 3, member: name };
      const barrier = new DoubleBarrier(programs[index]!, options);
      const tell = (what: string) => (error: Error | undefined) =>
        log.push(error === undefined ? `${name} ${what}` : `${name} failed`);
      return {
        enter: () => barrier.enter(tell('entered')),
        leave: () => barrier.leave(tell('left')),
      };
    };
    return { ...world, log, programs, member };
  }

  test('begins when all have come and ends when all have gone, twice', () => {
    const { cluster, log, member, children } = setUp();
    for (let round = 0; round < 2; round++) {
      log.splice(0);
      const [a, b, c] = [member(0), member(1), member(2)];
      a.enter();
      b.enter();
      cluster.run(500);
      expect(log).toEqual([]);
      c.enter();
      cluster.until('all have entered', () => log.length === 3);
      c.leave();
      a.leave();
      cluster.run(500);
      expect(log).toHaveLength(3);
      b.leave();
      cluster.until('all have left', () => log.length === 6);
      expect(log.slice(3).sort()).toEqual(['a left', 'b left', 'c left']);
      cluster.run(100);
      expect(children('/double')).toEqual([]);
    }
  });

  test('ends without one that died inside, and its member is killed too', () => {
    const { cluster, log, member, programs } = setUp();
    const [a, b, c] = [member(0), member(1), member(2)];
    for (const each of [a, b, c]) each.enter();
    cluster.until('all have entered', () => log.length === 3);
    a.leave();
    b.leave();
    cluster.run(500);
    expect(log).toHaveLength(3);
    programs[2]!.holder().process.crash('process');
    programs[2]!.process.crash('process');
    cluster.until('the others have left', () => log.length === 5, 20_000);
    expect(log.slice(3).sort()).toEqual(['a left', 'b left']);
  });

  test('tells one that waits when its session is closed', () => {
    const { cluster, log, member, programs } = setUp();
    member(0).enter();
    cluster.run(200);
    programs[0]!.client.close();
    cluster.until('it is told', () => log.length === 1);
    expect(log).toEqual(['a failed']);
  });
});
