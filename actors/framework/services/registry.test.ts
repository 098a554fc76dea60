import { beforeEach, expect, test } from 'vitest';
import { SessionClient } from '../../coord/client/session-client.ts';
import { FakeCoord } from '../../coord/client/testing/fake-coord.ts';
import { VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import { ServiceRegistry } from './registry.ts';
import type { InstanceRecord } from './spec.ts';

let world: VirtualWorld;
let coord: FakeCoord;
let registry: ServiceRegistry;

const record = (id: string, state: InstanceRecord['state'] = 'running'): InstanceRecord => ({
  ...{ id, agentId: 'a1', hostname: 'host', ports: [31000], state },
});
const inTree = () =>
  [...coord.nodes]
    .filter(([path]) => path.startsWith('/services/web/'))
    .map(([, { data }]) => JSON.parse(new TextDecoder().decode(data)) as InstanceRecord);
const written = () => {
  let done = false;
  registry.whenWritten(() => {
    done = true;
  });
  world.runUntil(() => done);
};

beforeEach(() => {
  world = new VirtualWorld();
  coord = new FakeCoord(world);
  for (const path of ['/services', '/services/web', '/services/web/old'])
    coord.write('create', { path, data: JSON.stringify(record('old')) });
  const ports = world.ports('service');
  const client = new SessionClient(ports, { cluster: 'mz', timeoutMs: 10_000, reopen: true });
  client.open();
  world.runUntil(() => client.state === 'connected');
  registry = new ServiceRegistry(client, {
    ...{ clock: ports.clock, log: ports.log, name: 'web', present: ['old'] },
  });
});

test('the tree has what was told last', () => {
  registry.withdraw('old');
  registry.register(record('one', 'starting'));
  registry.register(record('one'));
  registry.register(record('two'));
  registry.withdraw('two');
  written();
  expect(inTree()).toEqual([record('one')]);
});

test('what is there already is replaced, and what is gone already is no failure', () => {
  coord.write('create', { path: '/services/web/one', data: 'x' });
  registry.register(record('one'));
  coord.write('delete', { path: '/services/web/old' });
  registry.withdraw('old');
  written();
  expect(inTree()).toEqual([record('one')]);
});

test('one that was removed by somebody else is made again', () => {
  coord.write('delete', { path: '/services/web/old' });
  registry.register(record('old'));
  written();
  expect(inTree()).toEqual([record('old')]);
});

test('goes on until the tree has it', () => {
  let refused = 0;
  coord.deny = (name) => (name === 'create' && refused++ < 3 ? 'NO_AUTH' : undefined);
  registry.register(record('one'));
  written();
  expect(refused).toBe(4);
  expect(inTree()).toEqual([record('old'), record('one')]);
});
