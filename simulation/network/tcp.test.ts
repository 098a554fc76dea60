/** What the simulated TCP keeps to, over many seeds: order, nothing twice, one end told once, and held-back bytes. */
import { describe, expect, test } from 'vitest';
import type { TcpConnection, TcpHandlers } from '../../actors/actor.ts';
import { Life } from '../life.ts';
import { World } from '../world.ts';

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);

class Side implements TcpHandlers {
  text = '';
  segments = 0;
  closes = 0;
  drains = 0;
  data(bytes: Uint8Array): void {
    this.text += new TextDecoder().decode(bytes);
    this.segments++;
  }
  closed(): void {
    this.closes++;
  }
  drained(): void {
    this.drains++;
  }
}

function connected(seed: number) {
  const world = new World({ seed });
  const lives = { client: new Life('client'), coord: new Life('coord') };
  const [near, far] = [new Side(), new Side()];
  const accepted: TcpConnection[] = [];
  const refused: string[] = [];
  world.tcp.attach('coord', lives.coord).listen(
    { host: '127.0.0.1', port: 2181 },
    (connection) => {
      accepted.push(connection);
      return far;
    },
    (reason) => refused.push(reason),
  );
  const connection = world.tcp.dial('client', lives.client, 'coord', near);
  world.runForMs(10);
  return { world, lives, near, far, connection, server: accepted[0]!, refused };
}
const lines = Array.from({ length: 20 }, (_, index) => `line ${index};`);
const bytes = (text: string) => new TextEncoder().encode(text);

describe('simulated TCP', () => {
  test('brings everything in its order, in pieces of its own', () => {
    let segments = 0;
    for (const seed of SEEDS) {
      const { world, near, far, connection, server } = connected(seed);
      for (const line of lines) connection.write(bytes(line));
      server.write(bytes('answer'));
      world.runForMs(1000);
      expect([far.text, near.text]).toEqual([lines.join(''), 'answer']);
      expect([connection.waitingBytes, far.closes, near.closes]).toEqual([0, 0, 0]);
      expect(near.drains).toBeGreaterThan(0);
      segments += far.segments;
    }
    expect(segments).toBeGreaterThan(SEEDS.length * lines.length);
  });

  test('a good end lets arrive what was written, and both ends hear of it once', () => {
    for (const seed of SEEDS) {
      const { world, near, far, connection } = connected(seed);
      for (const line of lines) connection.write(bytes(line));
      connection.end();
      connection.write(bytes('too late'));
      world.runForMs(1000);
      expect(far.text).toBe(lines.join(''));
      expect([near.closes, far.closes]).toEqual([1, 1]);
    }
  });

  test('what a process wrote before it died arrives in part, from its beginning', () => {
    const lengths = new Set<number>();
    for (const seed of SEEDS) {
      const { world, lives, near, far, connection } = connected(seed);
      for (const line of lines) connection.write(bytes(line));
      lives.client.end();
      world.runForMs(10_000);
      expect(lines.join('').startsWith(far.text)).toBe(true);
      expect([near.closes, far.closes]).toEqual([0, 1]);
      lengths.add(far.text.length);
    }
    expect(lengths.size).toBeGreaterThan(2);
  });

  test('a partition holds bytes back, and ends the connection when it lasts', () => {
    const { world, near, far, connection } = connected(1);
    world.server.block('client', 'coord');
    connection.write(bytes('held back'));
    world.runForMs(1000);
    expect(far.text).toBe('');
    world.server.healPartitions();
    world.runForMs(1000);
    expect(far.text).toBe('held back');
    world.server.block('client', 'coord');
    connection.write(bytes('lost'));
    world.runForMs(10_000);
    expect([far.text, near.closes, far.closes]).toEqual(['held back', 1, 1]);
  });

  test('a reader that pauses gets the rest when it goes on', () => {
    const { world, far, connection, server } = connected(1);
    server.pause();
    connection.write(bytes('waits'));
    world.runForMs(1000);
    expect([far.text, connection.waitingBytes]).toEqual(['', 5]);
    server.resume();
    world.runForMs(1000);
    expect(far.text).toBe('waits');
  });

  test.each(['clean', 'silent'] as const)('a %s break is told to both ends once', (how) => {
    const { world, near, far, connection } = connected(1);
    world.tcp.breakOff('client', how);
    connection.write(bytes('into the void'));
    world.runForMs(10_000);
    expect([far.text, near.closes, far.closes]).toEqual(['', 1, 1]);
  });

  test('where nobody listens the connection is closed, and an address is had once', () => {
    const { world, lives, refused } = connected(1);
    const lonely = new Side();
    world.tcp.dial('client', lives.client, 'nobody', lonely);
    world.runForMs(1000);
    expect(lonely.closes).toBe(1);
    world.tcp.attach('coord', lives.coord).listen(
      { host: '127.0.0.1', port: 2181 },
      () => new Side(),
      (reason) => refused.push(reason),
    );
    expect(refused).toEqual(['address in use']);
  });
});
