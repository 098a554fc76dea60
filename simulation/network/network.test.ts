import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../actors/actor.ts';
import { Life } from '../life.ts';
import { World } from '../world.ts';
import { SimulatedConnection } from './connection.ts';
import { GOOD_NETWORK, networkBounds, PLAIN_NETWORK } from './settings.ts';
import { hasWildcard, isPublishable, matchesSubject } from './subjects.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (delivery: Delivery) => new TextDecoder().decode(delivery.payload);

function connect(world: World, node: string) {
  const life = new Life(node);
  const connection = new SimulatedConnection(world.server, life, { node, inbox: `_INBOX.${node}` });
  return { life, connection };
}

describe('subjects', () => {
  test.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.*.c', 'a.b.c', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
    ['a.*.c.>', 'a.b.c.d', true],
  ])('%s and %s: %s', (pattern, subject, matches) => {
    expect(matchesSubject(pattern.split('.'), subject.split('.'))).toBe(matches);
  });
  test('only whole tokens are wildcards', () => {
    expect([
      hasWildcard('a.*'),
      hasWildcard('a.b*'),
      hasWildcard('a.>'),
      hasWildcard('>.a'),
    ]).toEqual([true, false, true, false]);
    expect(['a.b', 'a..b', 'a.*', 'a b', ''].map(isPublishable)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

test('messages that wait for the same late one keep their order', () => {
  for (let seed = 0; seed < 200; seed++) {
    const world = new World({ seed });
    const { connection: sender } = connect(world, 'sender');
    const { connection: receiver } = connect(world, 'receiver');
    const got: number[] = [];
    receiver.subscribe('news', (delivery) => got.push(Number(text(delivery))));
    world.runForMs(5);
    world.server.settings = {
      ...GOOD_NETWORK,
      latencyUs: [0.25, 0.75],
      spikeChance: 0.3,
      spikeUs: [20.1, 60.7],
    };
    const sent = Array.from({ length: 100 }, (_, index) => index);
    for (const item of sent) {
      sender.publish('news', bytes(String(item)));
      world.runForMs(0.0007);
    }
    world.runForMs(100);
    expect(got).toEqual(sent);
  }
});

test('messages between two processes keep their order, wildcards see them all', () => {
  const world = new World({ seed: 1 });
  const { connection: sender } = connect(world, 'sender');
  const { connection: receiver } = connect(world, 'receiver');
  const got: string[] = [];
  receiver.subscribe('news.*', (delivery) => got.push(text(delivery)));
  world.runForMs(5);
  const sent = Array.from({ length: 100 }, (_, index) => String(index));
  for (const item of sent) sender.publish('news.today', bytes(item));
  world.runForMs(100);
  expect(got).toEqual(sent);
});

test('a queue group shares the messages, and each goes to one member', () => {
  const world = new World({ seed: 2 });
  const { connection: sender } = connect(world, 'sender');
  const counts = [0, 0];
  for (const index of [0, 1])
    connect(world, `worker${index}`).connection.subscribe('work', () => counts[index]!++, {
      queue: 'workers',
    });
  world.runForMs(5);
  for (let count = 0; count < 200; count++) sender.publish('work', bytes('x'));
  world.runForMs(100);
  expect(counts[0]! + counts[1]!).toBe(200);
  expect(Math.min(...counts)).toBeGreaterThan(60);
});

describe('a subscription that drains', () => {
  function queue(world: World) {
    const got: string[] = [];
    const workers = ['worker1', 'worker2'].map((name) => {
      const { connection } = connect(world, name);
      return connection.subscribe('work', (delivery) => got.push(`${text(delivery)}`), {
        queue: 'workers',
      });
    });
    world.runForMs(5);
    return { got, workers };
  }

  test('gets what it was sent before, and tells when that is all', () => {
    const world = new World({ seed: 7 });
    const { connection: sender } = connect(world, 'sender');
    const { got, workers } = queue(world);
    let gotWhenDrained: number | undefined;
    const sent = Array.from({ length: 200 }, (_, index) => String(index));
    for (const item of sent) {
      sender.publish('work', bytes(item));
      if (item === '100') {
        workers[0]!.drain(() => {
          gotWhenDrained = got.length;
        });
        expect(gotWhenDrained).toBeUndefined();
      }
      world.runForMs(0.02);
    }
    world.runForMs(100);
    expect(gotWhenDrained).toBeGreaterThan(50);
    expect([...got].sort()).toEqual([...sent].sort());
    sender.publish('work', bytes('last'));
    world.runForMs(10);
    expect(got.at(-1)).toBe('last');
  });

  test('has drained when its connection breaks, and when it had none', () => {
    const world = new World({ seed: 8 });
    const { connection } = connect(world, 'worker');
    const told: string[] = [];
    const [first, second, third] = ['a', 'b', 'c'].map((subject) =>
      connection.subscribe(subject, () => undefined),
    );
    world.runForMs(5);
    first!.drain(() => told.push('broken'));
    connection.breakOff('silent');
    while (connection.isConnected()) world.runForMs(1);
    second!.drain(() => told.push('was not connected'));
    third!.drain(() => told.push('unsubscribed'));
    third!.unsubscribe();
    expect(told).toEqual(['broken']);
    world.runForMs(10_000);
    expect(told).toEqual(['broken', 'was not connected']);
  });
});

test('a request without a responder is answered with the status 503', () => {
  const world = new World({ seed: 3 });
  const { connection } = connect(world, 'asker');
  const got: unknown[] = [];
  connection.subscribe(`${connection.inbox}.>`, (delivery) => got.push(delivery.status));
  connection.publish('nobody', bytes('?'), { reply: `${connection.inbox}.1` });
  world.runForMs(10);
  expect(got).toEqual([503]);
});

test('a partition stops one direction only, until it is healed', () => {
  const world = new World({ seed: 4 });
  const a = connect(world, 'a').connection;
  const b = connect(world, 'b').connection;
  const got: string[] = [];
  a.subscribe('to.a', (delivery) => got.push(`a ${text(delivery)}`));
  b.subscribe('to.b', (delivery) => got.push(`b ${text(delivery)}`));
  world.runForMs(5);
  world.server.block('a', 'b');
  a.publish('to.b', bytes('1'));
  b.publish('to.a', bytes('2'));
  world.runForMs(10);
  world.server.healPartitions();
  a.publish('to.b', bytes('3'));
  world.runForMs(10);
  expect(got).toEqual(['a 2', 'b 3']);
});

test.each(['clean', 'silent', 'by server'] as const)(
  'a connection that breaks (%s) loses what is under way, comes back, and subscribes anew',
  (how) => {
    const world = new World({ seed: 5 });
    world.server.settings = { ...GOOD_NETWORK, offlineLossChance: 1 };
    const sender = connect(world, 'sender').connection;
    const receiver = connect(world, 'receiver').connection;
    const got: string[] = [];
    const states: boolean[] = [];
    receiver.subscribe('news', (delivery) => got.push(text(delivery)));
    receiver.onConnection((connected) => states.push(connected));
    world.runForMs(5);
    sender.publish('news', bytes('lost'));
    receiver.breakOff(how);
    world.runForMs(10_000);
    sender.publish('news', bytes('seen'));
    world.runForMs(10);
    expect([got, states]).toEqual([['seen'], [false, true]]);
  },
);

test('a restart of the server breaks every connection, and all come back', () => {
  const world = new World({ seed: 6 });
  const a = connect(world, 'a').connection;
  const b = connect(world, 'b').connection;
  let got = 0;
  b.subscribe('x', () => got++);
  world.runForMs(5);
  world.server.stop();
  world.runForMs(500);
  expect([a.isConnected(), b.isConnected()]).toEqual([false, false]);
  world.server.start();
  world.runForMs(2000);
  expect([a.isConnected(), b.isConnected()]).toEqual([true, true]);
  a.publish('x', bytes('1'));
  world.runForMs(10);
  expect(got).toBe(1);
});

test('a payload over the limit is refused', () => {
  const world = new World({ seed: 7 });
  const { connection } = connect(world, 'a');
  expect(() => connection.publish('x', new Uint8Array(connection.maxPayloadBytes + 1))).toThrow(
    /more than/,
  );
});

test('a loose subject loses, repeats and disorders; any other does not', () => {
  const world = new World({ seed: 8, isLoose: (subject) => subject === 'loose' });
  world.server.settings = {
    ...GOOD_NETWORK,
    lossChance: 0.2,
    repeatChance: 0.2,
    disorderChance: 0.2,
    disorderUs: [0, 20_000],
  };
  const a = connect(world, 'a').connection;
  const b = connect(world, 'b').connection;
  const got: Record<string, string[]> = { loose: [], strict: [] };
  for (const subject of ['loose', 'strict'])
    b.subscribe(subject, (delivery) => got[subject]!.push(text(delivery)));
  world.runForMs(5);
  const sent = Array.from({ length: 300 }, (_, index) => String(index));
  for (const item of sent) {
    a.publish('loose', bytes(item));
    a.publish('strict', bytes(item));
  }
  world.runForMs(200);
  expect(got.strict).toEqual(sent);
  const loose = got.loose!;
  expect(new Set(loose).size).toBeLessThan(300);
  expect(loose.length).toBeGreaterThan(new Set(loose).size);
  expect(loose).not.toEqual([...loose].sort((x, y) => Number(x) - Number(y)));
});

test('a paused process gets its messages afterwards; a dead one never', () => {
  const world = new World({ seed: 9 });
  const sender = connect(world, 'sender').connection;
  const paused = connect(world, 'paused');
  const dead = connect(world, 'dead');
  const got: string[] = [];
  paused.connection.subscribe('x', () => got.push('paused'));
  dead.connection.subscribe('x', () => got.push('dead'));
  world.runForMs(5);
  paused.life.pause();
  dead.life.end();
  sender.publish('x', bytes('1'));
  world.runForMs(50);
  expect(got).toEqual([]);
  paused.life.resume();
  expect(got).toEqual(['paused']);
});

test.each([1, 2, 3, 4, 5, 6])(
  'a killed process is missed at once, a machine without power only after unanswered pings (seed %i)',
  (seed) => {
    const world = new World({ seed });
    world.server.settings = PLAIN_NETWORK;
    const asker = connect(world, 'asker').connection;
    const answers: string[] = [];
    asker.subscribe('_INBOX.asker.>', ({ subject, status }) =>
      answers.push(`${subject} ${status}`),
    );
    for (const death of ['process', 'machine'] as const) {
      const { life, connection } = connect(world, death);
      connection.subscribe(`to.${death}`, () => undefined);
      world.runForMs(5);
      life.end(death);
    }
    const ask = (when: string) => {
      for (const death of ['process', 'machine'])
        asker.publish(`to.${death}`, bytes(''), { reply: `_INBOX.asker.${death}-${when}` });
      world.runForMs(5);
    };
    world.runForMs(5);
    ask('soon');
    expect(answers).toEqual(['_INBOX.asker.process-soon 503']);
    world.runForMs(networkBounds.staleMs);
    ask('later');
    expect(answers.slice(1).sort()).toEqual([
      '_INBOX.asker.machine-later 503',
      '_INBOX.asker.process-later 503',
    ]);
  },
);

test('services are found by name', () => {
  const world = new World({ seed: 10 });
  const server = connect(world, 'server').connection;
  const asker = connect(world, 'asker').connection;
  server.serve({ service: 'tasks', name: 'submit', subject: 'mz.x', queue: 'q' }, () => undefined);
  const got: string[] = [];
  asker.subscribe('_INBOX.asker.>', (delivery) => got.push(JSON.parse(text(delivery)).name));
  world.runForMs(5);
  asker.publish('$SRV.PING', bytes(''), { reply: '_INBOX.asker.1' });
  asker.publish('$SRV.INFO.other', bytes(''), { reply: '_INBOX.asker.2' });
  world.runForMs(10);
  expect(got).toEqual(['tasks']);
});
