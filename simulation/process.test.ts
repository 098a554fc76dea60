import { expect, test } from 'vitest';
import type { Actor, Ports, Storage } from '../actors/actor.ts';
import { SimulatedDisk } from './disk.ts';
import { SimulatedProcess } from './process.ts';
import { World } from './world.ts';

/** Publishes a number every 10 ms and stores each one. */
class Counter implements Actor {
  private readonly ports: Ports & { storage: Storage };
  count = 0;
  turns = 0;
  constructor(ports: Ports & { storage: Storage }) {
    this.ports = ports;
  }
  start(): void {
    this.ports.transport.subscribe('stop', () => {
      throw new Error('told to fail');
    });
    this.ports.transport.subscribe('count', () => undefined);
    this.again();
  }
  endTurn(): void {
    this.turns++;
  }
  stop(done: () => void): void {
    done();
  }
  private again(): void {
    this.count++;
    this.ports.storage.append('log', [Uint8Array.of(this.count)], () => undefined);
    this.ports.transport.publish('count', Uint8Array.of(this.count));
    this.ports.clock.after(10, () => this.again());
  }
}

function makeWorld(seed: number, print?: (line: string) => void) {
  const world = new World({ seed, ...(print && { print }) });
  const disk = new SimulatedDisk(world.scheduler, world.random.fork('disk'));
  const process = new SimulatedProcess<Counter>({
    world,
    name: 'counter',
    inboxPrefix: '_INBOX',
    disk,
    create: (ports) => new Counter(ports as Ports & { storage: Storage }),
  });
  return { world, disk, process };
}

test('the same seed gives the same trace, read or not, and another seed another', () => {
  const run = (seed: number, print?: (line: string) => void) => {
    const { world, process } = makeWorld(seed, print);
    process.start();
    world.runForMs(300);
    process.crash('machine');
    world.runForMs(50);
    process.start();
    world.runForMs(300);
    return world.trace.hash();
  };
  const lines: string[] = [];
  expect(run(1, (line) => lines.push(line))).toBe(run(1));
  expect(run(1)).not.toBe(run(2));
  expect(lines.some((line) => line.includes('crash machine'))).toBe(true);
});

test('an actor runs, and nothing reaches it after a crash', () => {
  const { world, process } = makeWorld(3);
  process.start();
  world.runForMs(100);
  const { actor } = process;
  const count = actor!.count;
  expect(count).toBeGreaterThan(5);
  expect(actor!.turns).toBeGreaterThan(5);
  process.crash('process');
  world.runForMs(100);
  expect(actor!.count).toBe(count);
  expect(process.isAlive).toBe(false);
});

test('a crash in the midst of a turn lets the first calls happen and not the last', () => {
  const { world, process, disk } = makeWorld(4);
  process.start();
  world.runForMs(5);
  let then = 0;
  process.crashAfterCalls('process', 2, () => then++);
  world.runForMs(100);
  expect([process.isAlive, then]).toEqual([false, 1]);
  expect(process.actor!.count).toBe(2);
  expect(disk.isEmpty).toBe(false);
});

test('a pause holds everything back, and the clock goes on', () => {
  const { world, process } = makeWorld(5);
  process.start();
  world.runForMs(50);
  process.pause();
  const count = process.actor!.count;
  world.runForMs(200);
  expect(process.actor!.count).toBe(count);
  process.resume();
  world.runForMs(20);
  expect(process.actor!.count).toBeGreaterThan(count);
});

test('an exception of the actor is a violation that names it', () => {
  const { world, process } = makeWorld(6);
  process.start();
  world.runForMs(5);
  const other = new SimulatedProcess({
    world,
    name: 'other',
    inboxPrefix: '_INBOX',
    create: (ports) => ({
      start: () => ports.transport.publish('stop', new Uint8Array(1)),
      endTurn: () => undefined,
      stop: (done) => done(),
    }),
  });
  other.start();
  world.runForMs(10);
  expect(process.isAlive).toBe(false);
  expect(world.violations.found[0]).toMatchObject({ checker: 'actor-crash' });
  expect(world.violations.found[0]!.text).toContain('told to fail');
});
