import { beforeEach, describe, expect, test } from 'vitest';
import type { VirtualTransport } from '../../coord/client/testing/virtual-world.ts';
import { VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import { NatsLink } from '../sdk/nats-link.ts';
import { FakeMaster } from '../testing/fake-master.ts';
import { ServiceKeeper } from './keeper.ts';
import type { InstanceRecord, ServiceSpec } from './spec.ts';

const spec: ServiceSpec = {
  name: 'web',
  command: 'serve $PORT0',
  env: {},
  resources: { cpus: 1, mem: 64, disk: 0, gpus: 0, ports: 1 },
  killGraceSeconds: 1,
};

let world: VirtualWorld;
let master: FakeMaster;
/** What the world was told of the instances: outlives keepers, as the tree does. */
let registered: Map<string, InstanceRecord>;
let runs = 0;

interface Run {
  readonly keeper: ServiceKeeper;
  readonly transport: VirtualTransport;
  readonly over: string[];
  /** Nothing reaches it any more, and it says no word. */
  crash(): void;
}

/** A process of the service, under the id that all of them share. */
function start(instances = 3): Run {
  const ports = world.ports(`keeper${++runs}`);
  const link = new NatsLink(ports, {
    cluster: 'mz',
    info: { user: '', name: 'web', id: { value: 'service-web' }, failover_timeout: 3600 },
  });
  const over: string[] = [];
  const keeper = new ServiceKeeper(link, {
    ...{ clock: ports.clock, random: ports.random, log: ports.log, spec },
    registry: {
      register: (record) => registered.set(record.id, record),
      withdraw: (id) => registered.delete(id),
    },
    records: new Map(registered),
    over: (message) => over.push(message),
  });
  keeper.scaleTo(instances);
  link.open();
  const crash = () => {
    keeper.stop();
    ports.transport.setConnected(false);
    link.close();
  };
  return { keeper, transport: ports.transport, over, crash };
}

const running = () => master.cluster.running('service-web');
const began = () => master.cluster.began.length;
const agentsOf = () =>
  running()
    .map((id) => master.cluster.tasks.get(id)!.agentId)
    .sort();
const untilRunning = (count: number, withinMs = 30_000) =>
  world.runUntil(
    () =>
      running().length === count &&
      [...registered.values()].every(({ state }) => state === 'running') &&
      registered.size === count,
    withinMs,
  );

beforeEach(() => {
  world = new VirtualWorld();
  master = new FakeMaster(world);
  registered = new Map();
  for (const id of ['a1', 'a2', 'a3']) master.cluster.addAgent(id);
  master.lead();
});

describe('a service', () => {
  test('runs at its number of instances, one on each agent, and tells where', () => {
    start();
    untilRunning(3);
    expect(agentsOf()).toEqual(['a1', 'a2', 'a3']);
    const [record] = registered.values();
    expect(record).toMatchObject({ agentId: 'a1', hostname: 'host-a1', ports: [31000] });
    const { command } = master.cluster.tasks.get(record!.id)!.info;
    expect(command).toMatchObject({ shell: true, value: 'serve $PORT0' });
  });

  test('wants no offers while it is content, and offers again when something is missing', () => {
    start();
    untilRunning(3);
    world.run(2000);
    expect(master.isSuppressed('service-web')).toBe(true);
    expect(master.offersOf('service-web')).toEqual([]);
    master.cluster.enterById(running()[0]!, 'TASK_FAILED');
    world.run(2000);
    untilRunning(3);
  });

  test('launches no more than it has to while offers come and go', () => {
    start();
    untilRunning(3);
    world.run(120_000);
    expect(began()).toBe(3);
  });

  test('takes several places on one agent where there is no other', () => {
    master.removeAgent('a2');
    master.removeAgent('a3');
    start();
    untilRunning(3);
    expect(agentsOf()).toEqual(['a1', 'a1', 'a1']);
    expect(new Set([...registered.values()].flatMap(({ ports }) => ports)).size).toBe(3);
  });

  test('waits for room, and takes it when it is there', () => {
    for (const id of ['a1', 'a2', 'a3']) master.cluster.removeAgent(id);
    start();
    world.run(20_000);
    expect(began()).toBe(0);
    master.cluster.addAgent('a4', { cpus: 2 });
    untilRunning(2);
    master.cluster.addAgent('a5');
    untilRunning(3);
  });

  test('replaces an instance that ends after a good while at once', () => {
    start();
    untilRunning(3);
    world.run(15_000);
    const [first] = running();
    master.cluster.enterById(first!, 'TASK_FINISHED');
    untilRunning(3, 500);
    expect(running()).not.toContain(first);
  });

  test('replaces those that end at once ever more seldom', () => {
    start(1);
    for (let count = 0; count < 300; count++) {
      world.run(1000);
      for (const id of running()) master.cluster.enterById(id, 'TASK_FAILED');
    }
    expect(began()).toBeGreaterThan(5);
    expect(began()).toBeLessThan(15);
    untilRunning(1, 65_000);
  });

  test('replaces what a lost agent ran, on the others', () => {
    start();
    untilRunning(3);
    master.removeAgent('a1');
    untilRunning(3, 3000);
    expect(agentsOf()).not.toContain('a1');
  });

  test('replaces what cannot be reached, and ends one too many when it is back', () => {
    start();
    untilRunning(3);
    const [first] = running();
    master.cluster.enterById(first!, 'TASK_UNREACHABLE');
    world.runUntil(() => running().length === 4, 3000);
    expect(registered.has(first!)).toBe(false);
    master.cluster.enterById(first!, 'TASK_RUNNING');
    untilRunning(3, 3000);
  });

  test('replaces an instance that somebody else has killed', () => {
    start();
    untilRunning(3);
    const [first] = running();
    master.cluster.enterById(first!, 'TASK_KILLED');
    untilRunning(3, 3000);
  });
});

describe('scaling', () => {
  test('up: the emptiest agents get the new ones', () => {
    const { keeper } = start();
    untilRunning(3);
    const before = running();
    keeper.scaleTo(5);
    untilRunning(5);
    expect(running()).toEqual(expect.arrayContaining(before));
    expect(agentsOf().filter((id) => id === 'a1').length).toBeLessThanOrEqual(2);
  });

  test('down: the fullest agents lose theirs, the youngest first', () => {
    const { keeper } = start(5);
    untilRunning(5);
    keeper.scaleTo(3);
    untilRunning(3);
    expect(agentsOf()).toEqual(['a1', 'a2', 'a3']);
    keeper.scaleTo(0);
    untilRunning(0);
  });

  test('down, though the kill was lost with the leader that got it', () => {
    const { keeper } = start();
    untilRunning(3);
    world.meddle = ({ from }) => (from.startsWith('keeper') ? 'lose' : 'deliver');
    keeper.scaleTo(2);
    world.run(100);
    master.lead();
    world.meddle = () => 'deliver';
    untilRunning(2, 40_000);
    expect(began()).toBe(3);
  });
});

describe('a restarted process', () => {
  test('goes on with the instances of the one before it', () => {
    const first = start();
    untilRunning(3);
    const before = running();
    first.crash();
    world.run(30_000);
    const second = start();
    world.run(20_000);
    expect(running()).toEqual(before);
    expect(began()).toBe(3);
    expect([...second.keeper.ids].sort()).toEqual([...before].sort());
  });

  test('replaces what has ended meanwhile, and withdraws it', () => {
    const first = start();
    untilRunning(3);
    first.crash();
    const [gone] = running();
    master.cluster.enterById(gone!, 'TASK_FAILED');
    start();
    untilRunning(3);
    expect(running()).not.toContain(gone);
    expect(registered.has(gone!)).toBe(false);
  });

  test('launches nothing before it knows what runs', () => {
    const first = start();
    untilRunning(3);
    first.crash();
    world.meddle = ({ from, to }) =>
      from.startsWith('master') && to.startsWith('keeper') ? { delayMs: 900 } : 'deliver';
    start();
    world.run(30_000);
    expect(began()).toBe(3);
  });

  test('replaces an instance of which nobody knows the address', () => {
    const first = start();
    untilRunning(3);
    first.crash();
    const [unknown] = running();
    registered.delete(unknown!);
    start();
    untilRunning(3);
    expect(running()).not.toContain(unknown);
  });

  test('is told when another one takes over, and does nothing any more', () => {
    const first = start();
    untilRunning(3);
    start(4);
    untilRunning(4);
    expect(first.over).toEqual(['Framework failed over']);
    world.run(30_000);
    expect(running()).toHaveLength(4);
  });
});

describe('the end', () => {
  test('drained: all instances are ended, then it says so', () => {
    const { keeper } = start();
    untilRunning(3);
    const done: string[] = [];
    keeper.drain(() => done.push('drained'));
    expect(done).toEqual([]);
    untilRunning(0);
    world.run(100);
    expect(done).toEqual(['drained']);
    keeper.teardown(() => done.push('torn down'));
    world.run(60_000);
    expect(done).toEqual(['drained', 'torn down']);
    expect(began()).toBe(3);
  });

  test('torn down by somebody else: it is told', () => {
    const { over } = start();
    untilRunning(3);
    master.tearDown('service-web');
    world.run(1000);
    expect(over).toEqual(['Framework has been removed']);
  });
});

describe('whatever is lost, repeated or late, and whoever dies', () => {
  test.each(Array.from({ length: 25 }, (_, seed) => seed + 1))(
    'there are never more instances than wanted, and in the end as many (seed %i)',
    (seed) => {
      let state = seed;
      const next = () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
        return (state >> 8) / 0x800000;
      };
      const lastAtMs = new Map<string, number>();
      world.meddle = ({ from, to }) => {
        const fate = next();
        if (fate < 0.03) return 'lose';
        if (fate < 0.06) return 'repeat';
        // One that is late keeps back those after it.
        const nowMs = world.clock.monotonicMs();
        const atMs = Math.max(
          lastAtMs.get(`${from} ${to}`) ?? 0,
          nowMs + (fate < 0.2 ? next() * 300 : 0),
        );
        lastAtMs.set(`${from} ${to}`, atMs);
        return { delayMs: atMs - nowMs };
      };
      let run = start();
      for (let second = 0; second < 120; second++) {
        world.run(1000);
        const chance = next();
        if (chance < 0.05) master.lead();
        else if (chance < 0.08) {
          run.crash();
          run = start();
        } else if (chance < 0.2 && running().length > 0)
          master.cluster.enterById(running()[0]!, 'TASK_FAILED');
        expect(running().length).toBeLessThanOrEqual(3);
      }
      world.meddle = () => 'deliver';
      untilRunning(3, 90_000);
      world.run(30_000);
      expect(running()).toHaveLength(3);
      expect([...registered.keys()].sort()).toEqual(running().sort());
    },
  );
});
