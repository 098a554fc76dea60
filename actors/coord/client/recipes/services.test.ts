import { describe, expect, test } from 'vitest';
import { joinGroup, watchGroup } from './group.ts';
import { textOf } from './parts.ts';
import { discover, Registration } from './services.ts';
import { recipeWorld } from './testing/recipe-world.ts';

describe('a group over three real members', () => {
  test('knows who joins, who leaves and who dies', () => {
    const { cluster, open } = recipeWorld();
    const seen: string[] = [];
    watchGroup(open('watcher').client, '/groups/g', (members) =>
      seen.push([...members].map(([name, data]) => `${name}=${textOf(data)}`).join()),
    );
    cluster.until('it is read', () => seen.length === 1);
    const a = open('a');
    const joined = joinGroup(a, '/groups/g', { name: 'a', data: '1' });
    const b = open('b');
    joinGroup(b, '/groups/g', { name: 'b' });
    cluster.until('both are seen', () => seen.at(-1) === 'a=1,b=');
    joined.set('2');
    cluster.until('it has changed', () => seen.at(-1) === 'a=2,b=');
    b.holder().process.crash('process');
    b.process.crash('process');
    cluster.until('b is gone', () => seen.at(-1) === 'a=2', 20_000);
    let left = false;
    joined.stop(() => {
      left = true;
    });
    cluster.until('a has left', () => left && seen.at(-1) === '');
  });

  test('is left cleanly by one that was only joining', () => {
    const { cluster, open, children } = recipeWorld();
    let left = false;
    joinGroup(open('a'), '/groups/g', { name: 'a' }).stop(() => {
      left = true;
    });
    cluster.until('it has left', () => left);
    cluster.run(200);
    expect(children('/groups/g')).toEqual([]);
  });

  test('has one member of a name: the next waits for the first to be gone', () => {
    const { cluster, open, read } = recipeWorld();
    const told: string[] = [];
    const first = open('first');
    joinGroup(first, '/g', { name: 'a', data: 'first' }, { present: () => told.push('first') });
    cluster.until('it is there', () => told.length === 1);
    joinGroup(
      open('second'),
      '/g',
      { name: 'a', data: 'second' },
      { present: () => told.push('second'), absent: (error) => told.push(error?.code ?? '') },
    );
    cluster.until('it is refused', () => told.includes('NODE_EXISTS'));
    first.process.crash('process');
    cluster.until('the second is there', () => told.at(-1) === 'second', 20_000);
    expect(read('/g/a').data).toBe('second');
  });
});

describe('services over three real members', () => {
  test('are found, registered anew after an expiry and a deletion, and gone when withdrawn', () => {
    const { cluster, open, write, read } = recipeWorld();
    const seen: string[] = [];
    const wrong: string[] = [];
    discover(
      open('client').client,
      'web',
      (instances) => seen.push(instances.map(({ id, ports }) => `${id}:${ports?.[0]}`).join()),
      (path) => wrong.push(path),
    );
    const server = open('server');
    const registration = new Registration(server, 'web', { id: 'w1', hostname: 'h', ports: [80] });
    cluster.until('it is found', () => seen.at(-1) === 'w1:80');
    const { session } = server.client;
    server.process.pause();
    cluster.until('it is gone', () => seen.at(-1) === '', 20_000);
    server.process.resume();
    cluster.until('it is found again', () => seen.at(-1) === 'w1:80', 20_000);
    expect(server.client.session).not.toBe(session);
    registration.update({ ports: [81] });
    cluster.until('it has changed', () => seen.at(-1) === 'w1:81');
    const told = seen.length;
    write('delete', { path: '/services/web/w1' });
    cluster.until('it is found again', () => seen.length > told && seen.at(-1) === 'w1:81');
    expect(JSON.parse(read('/services/web/w1').data as string)).toEqual({ id: 'w1', ports: [81] });
    write('create', { path: '/services/web/w2', data: 'not readable' });
    cluster.until('it is told', () => wrong.includes('/services/web/w2'));
    expect(seen.at(-1)).toBe('w1:81');
    let withdrawn = false;
    registration.withdraw(() => {
      withdrawn = true;
    });
    cluster.until('it is withdrawn', () => withdrawn && seen.at(-1) === '');
  });
});
