import { describe, expect, test } from 'vitest';
import { CachedTree, type CacheEvent } from './cached-tree.ts';
import { textOf } from './parts.ts';
import { recipeWorld } from './testing/recipe-world.ts';

function setUp() {
  const world = recipeWorld();
  const log: string[] = [];
  const note = (event: CacheEvent) =>
    log.push(
      event.type === 'ready'
        ? 'ready'
        : `${event.type} ${event.node.path} ${textOf(event.node.data)}`.trim(),
    );
  const watch = (name: string, depth?: number) => {
    const program = world.open(name);
    return { program, tree: new CachedTree(program.client, { path: '/t', depth }, note) };
  };
  const { write } = world;
  for (const [path, data] of Object.entries({ '/t': '', '/t/a': '1', '/t/a/x': '2', '/t/b': '3' }))
    write('create', { path, data });
  return { ...world, log, watch };
}

describe('a cached tree over three real members', () => {
  test('tells what is there, that it is ready, and then each change', () => {
    const { cluster, log, watch, write } = setUp();
    const { tree } = watch('one');
    cluster.until('it is ready', () => log.includes('ready'));
    expect(log.at(-1)).toBe('ready');
    expect(log.slice(0, -1).sort()).toEqual([
      'added /t',
      'added /t/a 1',
      'added /t/a/x 2',
      'added /t/b 3',
    ]);
    log.splice(0);
    write('set', { path: '/t/a/x', data: 'two' });
    write('create', { path: '/t/c', data: '4' });
    cluster.run(200);
    write('delete', { path: '/t/a/x' });
    write('delete', { path: '/t/a' });
    cluster.run(200);
    expect(log.slice(0, 2).sort()).toEqual(['added /t/c 4', 'changed /t/a/x two']);
    expect(log.slice(2)).toEqual(['removed /t/a/x two', 'removed /t/a 1']);
    expect(tree.all().map(({ path }) => path)).toEqual(['/t', '/t/b', '/t/c']);
    tree.stop();
    write('set', { path: '/t/b', data: 'unseen' });
    cluster.run(200);
    expect(log).toHaveLength(4);
  });

  test('has in the end what is there, through kills of its member and an expiry', () => {
    const { cluster, log, watch, write } = setUp();
    const { program, tree } = watch('one');
    cluster.until('it is ready', () => tree.isReady);
    const first = program.client.session;
    program.holder().process.crash('process');
    for (let each = 0; each < 10; each++) write('create', { path: `/t/n${each}`, data: 'n' });
    write('set', { path: '/t/a', data: 'changed' });
    cluster.until('all is seen', () => tree.all().length === 14);
    program.process.pause();
    write('delete', { path: '/t/b' });
    write('set', { path: '/t/n0', data: 'again' });
    cluster.run(10_000);
    program.process.resume();
    cluster.until('all is seen', () => tree.get('/t/b') === undefined);
    cluster.until('all is seen', () => textOf(tree.get('/t/n0')!.data) === 'again');
    expect(program.client.session).not.toBe(first);
    expect(log.filter((line) => line === 'ready')).toHaveLength(1);
    expect(log.filter((line) => line.startsWith('added /t/n1'))).toHaveLength(1);
    expect(log.filter((line) => line.startsWith('changed /t/a'))).toEqual(['changed /t/a changed']);
  });

  test('goes no deeper than it is told, and is ready where there is nothing', () => {
    const { cluster, log, watch, open } = setUp();
    const { tree } = watch('one', 1);
    cluster.until('it is ready', () => tree.isReady);
    expect(tree.all().map(({ path }) => path)).toEqual(['/t', '/t/a', '/t/b']);
    const empty = new CachedTree(open('two').client, { path: '/none' }, () => undefined);
    cluster.until('it is ready', () => empty.isReady);
    expect(empty.all()).toEqual([]);
    expect(log).toHaveLength(4);
  });
});
