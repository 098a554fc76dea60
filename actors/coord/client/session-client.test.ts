import { describe, expect, test } from 'vitest';
import { pack } from '../../../protocol/codec.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Answer, CoordClientOptions, SessionState } from './contract.ts';
import { SessionClient } from './session-client.ts';
import { FakeCoord } from './testing/fake-coord.ts';
import { type Fate, VirtualWorld } from './testing/virtual-world.ts';

function setUp(options: Partial<CoordClientOptions> = {}, members = 3) {
  const world = new VirtualWorld();
  const coord = new FakeCoord(world, members);
  const ports = world.ports('client');
  const client = new SessionClient(ports, {
    cluster: 'mz',
    timeoutMs: 6_000,
    reopen: false,
    ...options,
  });
  const states: SessionState[] = [];
  client.onState((state) => states.push(state));
  const events: string[] = [];
  client.onEvent((event) => events.push(`${event.type} ${event.path}`));
  client.open();
  world.runUntil(() => client.state === 'connected');
  return { world, coord, ports, client, states, events };
}
type World = ReturnType<typeof setUp>;

/** Asks and says later what was answered: `ok` or the error's code. */
function asking(client: SessionClient) {
  const answers: string[] = [];
  const note =
    (what: string) =>
    (answer: Answer<unknown>): void => {
      answers.push(`${what} ${answer.ok ? 'ok' : answer.error.code}`);
    };
  return {
    answers,
    create: (path: string) => client.request('create', { path }, note(path)),
    get: (path: string) => client.request('get', { path }, note(`get ${path}`)),
  };
}

/** Loses (repeats, delays) the nth message whose subject matches. */
function once(subject: RegExp, fate: Fate, nth = 1): VirtualWorld['meddle'] {
  let seen = 0;
  return (message) => (subject.test(message.subject) && ++seen === nth ? fate : 'deliver');
}

const acl = (scheme: string, id: string) => ({ permissions: 31, scheme, id });

const paths = ['/a', '/b', '/c', '/d', '/e'];
const allOk = paths.map((path) => `${path} ok`);
const inOrder = paths.map((path, index) => `${index + 1} create ${path}`);

describe('writes are applied once, in order, and answered with their own reply', () => {
  const faults: Record<string, (set: World) => void> = {
    'nothing goes wrong': () => undefined,
    'the first request is lost': ({ world }) => {
      world.meddle = once(/\.create$/, 'lose');
    },
    'a request in the middle is lost': ({ world }) => {
      world.meddle = once(/\.create$/, 'lose', 3);
    },
    'a reply is lost': ({ world }) => {
      world.meddle = once(/^_INBOX\.client\./, 'lose', 2);
    },
    'every reply is lost once': ({ world }) => {
      let lost = 0;
      world.meddle = ({ to }) => (to === 'client' && lost++ < paths.length ? 'lose' : 'deliver');
    },
    'every message comes twice': ({ world }) => {
      world.meddle = () => 'repeat';
    },
    'a request overtakes another': ({ world }) => {
      world.meddle = once(/\.create$/, { delayMs: 30 }, 2);
    },
    'the holder is killed before the requests': ({ coord, client }) => {
      coord.kill(coord.holderOf(client.session!));
    },
    'the holder falls silent': ({ world, coord, client }) => {
      const silent = `coord${coord.holderOf(client.session!)}`;
      world.meddle = ({ from, to }) => (from === silent || to === silent ? 'lose' : 'deliver');
    },
    'the quorum is not there for a while': ({ world, coord }) => {
      const untilMs = world.clock.monotonicMs() + 3_000;
      coord.refuse = () => (world.clock.monotonicMs() < untilMs ? 'UNAVAILABLE' : undefined);
    },
    'NATS is not there for a while': ({ world, ports }) => {
      ports.transport.setConnected(false);
      world.clock.after(2_000, () => ports.transport.setConnected(true));
    },
    'the holder is cut off from the quorum, and says so': ({ coord, client }) => {
      const cutOff = coord.holderOf(client.session!);
      coord.refuse = (_name, _request, member) => (member === cutOff ? 'UNAVAILABLE' : undefined);
    },
    'the holder is cut off from the quorum, and answers pings': ({ world, coord, client }) => {
      const cutOff = coord.holderOf(client.session!);
      world.meddle = ({ to, subject }) =>
        to === `coord${cutOff}` && !subject.endsWith('.ping') ? 'lose' : 'deliver';
    },
    'the session was moved behind its back': ({ coord, client }) => {
      const session = coord.sessions.get(client.session!)!;
      session.holder = (session.holder % 3) + 1;
      session.incarnation += 5;
    },
  };
  test.each(Object.entries(faults))('%s', (_name, fault) => {
    const set = setUp();
    const { answers, create } = asking(set.client);
    fault(set);
    for (const path of paths) create(path);
    set.world.runUntil(() => answers.length >= paths.length);
    set.world.run(5_000);
    expect(answers).toEqual(allOk);
    expect(set.coord.applied).toEqual(inOrder);
    expect(set.client.state).toBe('connected');
  });

  test('the holder is killed after it applied and before it answered', () => {
    const set = setUp();
    const { answers, create } = asking(set.client);
    set.world.meddle = ({ to }) => (to === 'client' ? 'lose' : 'deliver');
    for (const path of paths) create(path);
    set.world.run(20);
    expect(set.coord.applied).toEqual(inOrder);
    set.coord.kill(set.coord.holderOf(set.client.session!));
    set.world.meddle = () => 'deliver';
    set.world.runUntil(() => answers.length === paths.length);
    expect(answers).toEqual(allOk);
    expect(set.coord.applied).toEqual(inOrder);
  });

  test('half of all messages are lost, and holders are killed and started again', () => {
    const set = setUp({ timeoutMs: 60_000 });
    let number = 1;
    set.world.meddle = () => {
      number = (number * 48_271) % 2_147_483_647;
      return number % 2 === 0 ? 'lose' : number % 5 === 0 ? { delayMs: number % 100 } : 'deliver';
    };
    const { answers, create } = asking(set.client);
    const wanted: string[] = [];
    for (let round = 0; round < 10; round++) {
      for (let each = 0; each < 20; each++) {
        wanted.push(`/n${round}-${each}`);
        create(`/n${round}-${each}`);
      }
      set.coord.kill((round % 3) + 1);
      set.world.run(700);
      set.coord.start((round % 3) + 1);
    }
    set.world.runUntil(() => answers.length === wanted.length, 600_000);
    expect(answers).toEqual(wanted.map((path) => `${path} ok`));
    expect(set.coord.applied).toEqual(wanted.map((path, index) => `${index + 1} create ${path}`));
  });

  test('more than the window are sent as room is made, in order', () => {
    const set = setUp();
    const { answers, create } = asking(set.client);
    const many = Array.from(
      { length: limits.sessionOutstanding + 500 },
      (_, index) => `/m${index}`,
    );
    for (const path of many) create(path);
    let sent = 0;
    set.world.meddle = ({ subject }) => {
      if (subject.endsWith('.create')) sent += 1;
      return 'deliver';
    };
    set.world.runUntil(() => answers.length === many.length);
    expect(sent).toBe(756); // the window was sent by the calls themselves
    expect(answers).toEqual(many.map((path) => `${path} ok`));
  });
});

describe('a refused write leaves no hole in the numbers', () => {
  test.each(['BAD_REQUEST', 'INTERNAL', 'INVALID_ACL'] as const)(
    'that the holder refused unread with %s',
    (code) => {
      const { world, coord, client } = setUp();
      const { answers, create } = asking(client);
      coord.refuse = (_name, request) => (request.path === '/b' ? code : undefined);
      for (const path of ['/a', '/b', '/c']) create(path);
      world.runUntil(() => answers.length === 3);
      expect(answers).toEqual(['/a ok', `/b ${code}`, '/c ok']);
      expect(coord.applied).toEqual(['1 create /a', '2 multi', '3 create /c']);
    },
  );

  test.each(['BAD_REQUEST', 'BAD_PATH', 'INVALID_ACL'] as const)(
    'that was refused with %s, and its number taken, by the tree',
    (code) => {
      const { world, coord, client } = setUp();
      const { answers, create } = asking(client);
      coord.deny = (_name, request) => (request.path === '/b' ? code : undefined);
      for (const path of ['/a', '/b', '/c']) create(path);
      world.runUntil(() => answers.length === 3);
      expect(answers).toEqual(['/a ok', `/b ${code}`, '/c ok']);
      expect(coord.applied).toEqual(['1 create /a', '2 create /b', '3 create /c']);
      world.run(30_000);
      expect(client.state).toBe('connected');
      expect(coord.applied).toHaveLength(3);
    },
  );

  test('whose number a holder with a fault does not take at once', () => {
    const { world, coord, client } = setUp();
    const { answers, create } = asking(client);
    let faults = 3;
    coord.refuse = (name, request) =>
      request.path === '/b' || (name === 'multi' && faults-- > 0) ? 'INTERNAL' : undefined;
    for (const path of ['/a', '/b', '/c']) create(path);
    world.runUntil(() => answers.length === 3);
    expect(answers).toEqual(['/a ok', '/b INTERNAL', '/c ok']);
    expect(coord.applied).toEqual(['1 create /a', '2 multi', '3 create /c']);
  });

  test.each([
    ['a path that is not one', { path: 'a' }, 'BAD_PATH'],
    ['an unknown field', { path: '/a', color: 'red' }, 'UNKNOWN_FIELD'],
    ['a wrong type', { path: '/a', ephemeral: 'yes' }, 'BAD_REQUEST'],
    [
      'too much data',
      { path: '/a', data: 'x'.repeat(limits.znodeDataBytes + 1) },
      'PAYLOAD_TOO_LARGE',
    ],
    ['a number of its own', { path: '/a', number: 7 }, 'BAD_REQUEST'],
    ['an unknown scheme', { path: '/a', acl: [acl('host', 'here')] }, 'INVALID_ACL'],
    ['a digest that is none', { path: '/a', acl: [acl('digest', 'me')] }, 'INVALID_ACL'],
    ['a world of somebody', { path: '/a', acl: [acl('world', 'me')] }, 'INVALID_ACL'],
  ] as const)('%s is refused before it gets a number', (_name, request, code) => {
    const { world, coord, client } = setUp();
    const { answers, create } = asking(client);
    client.request('create', request as never, (answer) =>
      answers.push(answer.ok ? 'ok' : answer.error.code),
    );
    expect(answers).toEqual([]); // never inside the call
    create('/after');
    world.runUntil(() => answers.length === 2);
    expect(answers).toEqual([code, '/after ok']);
    expect(coord.applied).toEqual(['1 create /after']);
  });

  test.each([
    ['acl.set', { path: '/', acl: [acl('ip', 'x')] }],
    ['multi', { operations: [{ op: 'create', path: '/a', acl: [acl('ip', 'x')] }] }],
  ] as const)('a bad ACL in %s is refused before it gets a number', (name, request) => {
    const { world, coord, client } = setUp();
    const codes: string[] = [];
    client.request(name, request as never, (answer) =>
      codes.push(answer.ok ? 'ok' : answer.error.code),
    );
    world.runUntil(() => codes.length === 1);
    expect(codes).toEqual(['INVALID_ACL']);
    expect(coord.applied).toEqual([]);
  });

  test('an error of the tree is an answer like any other', () => {
    const { world, coord, client } = setUp();
    const { answers, create } = asking(client);
    for (const path of ['/a', '/a', '/none/x', '/c']) create(path);
    world.runUntil(() => answers.length === 4);
    expect(answers).toEqual(['/a ok', '/a NODE_EXISTS', '/none/x NO_NODE', '/c ok']);
    expect(coord.applied).toHaveLength(4);
  });
});

describe('reads', () => {
  test('see the writes that were asked for before them, whatever is lost', () => {
    const { world, client } = setUp();
    const { answers, create, get } = asking(client);
    world.meddle = once(/\.create$/, 'lose');
    create('/a');
    get('/a');
    create('/b');
    get('/b');
    world.runUntil(() => answers.length === 4);
    expect(answers.filter((answer) => answer.endsWith('ok'))).toHaveLength(4);
    expect(answers.indexOf('/a ok')).toBeLessThan(answers.indexOf('get /a ok'));
    expect(answers.indexOf('/b ok')).toBeLessThan(answers.indexOf('get /b ok'));
  });

  test('are asked again at the next holder', () => {
    const { world, coord, client } = setUp();
    const { answers, get } = asking(client);
    const holder = `coord${coord.holderOf(client.session!)}`;
    world.meddle = ({ from }) => (from === holder ? 'lose' : 'deliver');
    get('/');
    world.runUntil(() => answers.length === 1);
    expect(answers).toEqual(['get / ok']);
  });

  test('end with the reason when the quorum does not come back within the deadline', () => {
    const { world, coord, client } = setUp({ timeoutMs: 60_000 });
    const { answers, get } = asking(client);
    coord.refuse = () => 'UNAVAILABLE';
    get('/');
    world.run(limits.requestDeadlineMs + 500);
    expect(answers).toEqual(['get / UNAVAILABLE']);
    for (const id of [1, 2, 3]) coord.kill(id);
    get('/');
    world.run(limits.requestDeadlineMs + 500);
    expect(answers).toEqual(['get / UNAVAILABLE', 'get / TIMEOUT']);
  });
});

describe('the session', () => {
  test('is kept alive by pings, and hears of the quorum by them', () => {
    const { world, client, states } = setUp();
    world.run(60_000);
    expect(states).toEqual(['connecting', 'connected']);
    expect(world.clock.monotonicMs() - client.lastHeardMs).toBeLessThan(2_000);
  });

  test('expires when the quorum says so: everything that waits is answered with it', () => {
    const { world, coord, client, states } = setUp();
    const { answers, create, get } = asking(client);
    world.meddle = ({ to }) => (to === 'client' ? 'lose' : 'deliver');
    create('/a');
    get('/a');
    world.run(50);
    coord.end(client.session!);
    world.meddle = () => 'deliver';
    world.runUntil(() => answers.length === 2);
    expect(answers).toEqual(['/a SESSION_EXPIRED', 'get /a SESSION_EXPIRED']);
    expect(states.at(-1)).toBe('expired');
    create('/late');
    world.run(10);
    expect(answers.at(-1)).toBe('/late SESSION_EXPIRED');
  });

  test('says of a write that was on the way when it expired that it may have happened', () => {
    const { world, coord, client } = setUp();
    const definite: boolean[] = [];
    world.meddle = ({ to }) => (to === 'client' ? 'lose' : 'deliver');
    client.request('create', { path: '/a' }, (answer) => {
      if (!answer.ok) definite.push(answer.error.definite, answer.error.toBody().definite);
    });
    world.run(50);
    coord.end(client.session!);
    world.meddle = () => 'deliver';
    world.runUntil(() => client.state === 'expired');
    world.run(1);
    expect(definite).toEqual([false, false]);
  });

  test('learns of its expiry by the event at once', () => {
    const { world, coord, client } = setUp();
    coord.expire(client.session!);
    world.run(10);
    expect(client.state).toBe('expired');
  });

  test('does not take silence for expiry', () => {
    const { world, coord, client, states } = setUp();
    for (const id of [1, 2, 3]) coord.kill(id);
    world.run(120_000);
    expect(states).toEqual(['connecting', 'connected', 'suspended']);
    coord.start(2);
    world.runUntil(() => client.state === 'connected');
  });

  test('is attached in spite of tries that nobody answers, before it would expire; later with longer pauses', () => {
    const { world, coord, client } = setUp({ timeoutMs: 4_000 });
    const triedAtMs: number[] = [];
    world.meddle = ({ subject }) => {
      if (subject !== 'mz.session.open') return 'deliver';
      triedAtMs.push(world.clock.monotonicMs());
      return 'lose';
    };
    coord.kill(coord.holderOf(client.session!));
    world.run(30_000);
    const inTime = triedAtMs.filter((atMs) => atMs < client.lastHeardMs + client.timeoutMs);
    expect(inTime.length).toBeGreaterThanOrEqual(5);
    expect(triedAtMs.at(-1)! - triedAtMs.at(-2)!).toBeGreaterThanOrEqual(1_500);
  });

  test('is opened anew after an expiry when that is wanted', () => {
    const { world, coord, client, states } = setUp({ reopen: true });
    const first = client.session;
    coord.expire(first!);
    world.runUntil(() => states.length === 5);
    expect(states).toEqual(['connecting', 'connected', 'suspended', 'expired', 'connecting']);
    world.runUntil(() => client.state === 'connected');
    expect(client.session).not.toBe(first);
    const { answers, create } = asking(client);
    create('/a');
    world.runUntil(() => answers.length === 1);
    expect(coord.applied).toEqual(['1 create /a']);
  });

  test('is closed after the writes on the way, and is gone from the quorum then', () => {
    const { world, coord, client } = setUp();
    const { answers, create } = asking(client);
    world.meddle = once(/\.create$/, 'lose');
    create('/a');
    let closed = false;
    client.close(() => {
      closed = true;
    });
    create('/refused');
    world.runUntil(() => closed);
    expect(answers).toEqual(['/refused UNAVAILABLE', '/a ok']);
    expect(coord.sessions.size).toBe(0);
    expect(client.state).toBe('closed');
    expect(world.subscribers.filter((each) => each.owner.name === 'client')).toEqual([]);
  });

  test('is closed in bounded time when no member answers', () => {
    const { world, coord, client } = setUp();
    const { answers, create } = asking(client);
    for (const id of [1, 2, 3]) coord.kill(id);
    create('/a');
    let closed = false;
    client.close(() => {
      closed = true;
    });
    world.run(5_000);
    expect(closed).toBe(true);
    expect(answers).toEqual(['/a CONNECTION_LOST']);
  });

  test('refuses more than may wait, by number and by bytes', () => {
    const { world, coord, client } = setUp({ timeoutMs: 60_000 });
    for (const id of [1, 2, 3]) coord.kill(id);
    const codes: string[] = [];
    const data = new Uint8Array(500 * 1024);
    const fits = Math.ceil(limits.clientWaitingBytes / data.length);
    for (let each = 0; each < fits + 3; each++)
      client.request('create', { path: `/n${each}`, data }, (answer) => {
        if (!answer.ok) codes.push(answer.error.code);
      });
    world.run(100);
    expect(codes).toEqual(Array(3).fill('TOO_MANY_REQUESTS'));
  });

  test('that two tries opened leaves no orphan behind', () => {
    const world = new VirtualWorld();
    const coord = new FakeCoord(world);
    world.meddle = once(/^_INBOX\.client\./, { delayMs: 5_000 });
    const client = new SessionClient(world.ports('client'), {
      cluster: 'mz',
      timeoutMs: 6_000,
      reopen: false,
    });
    client.open();
    world.run(6_000);
    expect([...coord.sessions.keys()]).toEqual([client.session]);
  });
});

describe('one-shot watches', () => {
  test.each([
    ['get', '/a', 'set', 'dataChanged /a'],
    ['get', '/a', 'delete', 'deleted /a'],
    ['exists', '/a', 'set', 'dataChanged /a'],
    ['exists', '/new', 'create', 'created /new'],
    ['children', '/', 'create', 'childrenChanged /'],
  ] as const)('%s %s is told of %s once', (kind, path, write, event) => {
    const { world, coord, client, events } = setUp();
    coord.write('create', { path: '/a' });
    client.request(kind, { path, watch: true }, () => undefined);
    world.run(10);
    const target = kind === 'children' ? '/new' : path;
    coord.write(write, { path: target, data: '1' });
    world.run(10);
    if (write === 'set') coord.write(write, { path: target, data: '2' });
    world.run(10_000);
    expect(events).toEqual([event]);
  });

  const changes: Record<string, (coord: FakeCoord) => void> = {
    'dataChanged /a': (coord) => coord.write('set', { path: '/a', data: 'new' }),
    'deleted /a': (coord) => coord.write('delete', { path: '/a' }),
    'childrenChanged /': (coord) => coord.write('create', { path: '/other' }),
    'created /b': (coord) => coord.write('create', { path: '/b' }),
  };
  const watching = {
    'dataChanged /a': ['get', '/a'],
    'deleted /a': ['get', '/a'],
    'childrenChanged /': ['children', '/'],
    'created /b': ['exists', '/b'],
  } as const;
  const losses: Record<string, (set: World, change: () => void) => void> = {
    'while no member held the session': ({ world, coord, client }, change) => {
      coord.kill(coord.holderOf(client.session!));
      change();
      world.runUntil(() => client.state === 'connected');
    },
    'and the event was lost': ({ world }, change) => {
      world.meddle = ({ to }) => (to === 'client' ? 'lose' : 'deliver');
      change();
      world.run(5);
      world.meddle = () => 'deliver';
    },
    'while NATS was away': ({ ports }, change) => {
      ports.transport.setConnected(false);
      change();
      ports.transport.setConnected(true);
    },
  };
  for (const [loss, lose] of Object.entries(losses))
    test.each(Object.entries(changes))(`%s is told when it happened ${loss}`, (event, change) => {
      const set = setUp();
      set.coord.write('create', { path: '/a' });
      const [kind, path] = watching[event as keyof typeof watching];
      set.client.request(kind, { path, watch: true }, () => undefined);
      set.world.run(10);
      lose(set, () => change(set.coord));
      set.world.run(5_000);
      expect(set.events).toEqual([event]);
    });

  test('set again at the next holder, they fire there', () => {
    const { world, coord, client, events } = setUp();
    coord.write('create', { path: '/a' });
    client.request('get', { path: '/a', watch: true }, () => undefined);
    world.run(10);
    coord.kill(coord.holderOf(client.session!));
    world.run(3_000);
    expect(events).toEqual([]);
    coord.write('set', { path: '/a', data: 'new' });
    world.run(10);
    expect(events).toEqual(['dataChanged /a']);
  });

  test('an event that was missed is told before any answer that shows what caused it', () => {
    const { world, coord, client } = setUp();
    coord.write('create', { path: '/a' });
    const order: string[] = [];
    client.onEvent((event) => order.push(`${event.type} ${event.path}`));
    client.request('get', { path: '/a', watch: true }, () => undefined);
    client.request('exists', { path: '/b', watch: true }, () => undefined);
    world.run(10);
    coord.kill(coord.holderOf(client.session!));
    coord.write('set', { path: '/a', data: 'new' });
    client.request('create', { path: '/mine' }, () => order.push('written'));
    client.request('get', { path: '/mine' }, () => order.push('read'));
    world.run(5_000);
    expect(order).toEqual(['dataChanged /a', 'written', 'read']);
  });

  test('an event that was lost is told before the answer that shows it', () => {
    const { world, coord, client } = setUp();
    coord.write('create', { path: '/a' });
    const order: string[] = [];
    client.onEvent((event) => order.push(`${event.type} ${event.path}`));
    client.request('get', { path: '/a', watch: true }, () => undefined);
    world.run(10);
    world.meddle = once(/^_INBOX\.client\.[0-9a-f]+$/, 'lose');
    coord.write('set', { path: '/a', data: 'new' });
    client.request('get', { path: '/a' }, () => order.push('read'));
    world.run(50);
    expect(order).toEqual(['dataChanged /a', 'read']);
  });

  test('what was held back for an event is told even when the session expires', () => {
    const { world, coord, client } = setUp();
    coord.write('create', { path: '/a' });
    client.request('get', { path: '/a', watch: true }, () => undefined);
    world.run(10);
    const { answers, create } = asking(client);
    coord.kill(coord.holderOf(client.session!));
    world.meddle = ({ subject }) => (subject.endsWith('.get') ? 'lose' : 'deliver');
    create('/mine');
    world.run(1_000);
    expect(answers).toEqual([]);
    coord.expire(client.session!);
    world.run(1_000);
    expect(answers).toEqual(['/mine ok']);
  });

  test('survive an event for a change that the read which set them had seen', () => {
    const { world, coord, client, events } = setUp();
    coord.write('create', { path: '/a' });
    client.request('get', { path: '/a', watch: true }, () => undefined);
    world.run(10);
    // A holder that reads before it has fired: the late event takes the watch with it.
    const session = coord.sessions.get(client.session!)!;
    session.watches.clear();
    session.events += 1;
    const { zxid } = coord;
    const late = { event: 'dataChanged', path: '/a', sessionId: session.id, number: 1, zxid };
    world.ports('late').transport.publish(session.eventsTo, pack(late));
    world.run(10);
    expect(events).toEqual([]);
    coord.write('set', { path: '/a', data: 'new' });
    world.run(10);
    expect(events).toEqual(['dataChanged /a']);
  });

  test('an event that overtakes the reply of the read that set its watch is told after it', () => {
    const { world, coord, client, events } = setUp();
    coord.write('create', { path: '/a' });
    world.meddle = once(/^_INBOX\.client\..*\..*$/, { delayMs: 50 });
    const order: string[] = [];
    client.onEvent((event) => order.push(event.type));
    client.request('get', { path: '/a', watch: true }, () => order.push('reply'));
    world.run(5);
    coord.write('set', { path: '/a', data: 'new' });
    world.run(100);
    expect(order).toEqual(['reply', 'dataChanged']);
    expect(events).toEqual(['dataChanged /a']);
  });
});

describe('following a node', () => {
  function following(kind: 'get' | 'exists' | 'children', path: string, set = setUp()) {
    const seen: string[] = [];
    const follow = set.client.follow(kind, path, (answer) => {
      if (!answer.ok) seen.push(answer.error.code);
      else if (answer.value.kind === 'get') seen.push(new TextDecoder().decode(answer.value.data));
      else if (answer.value.kind === 'exists') seen.push(String(answer.value.exists));
      else seen.push(answer.value.children.join(','));
    });
    return { ...set, seen, follow };
  }

  test('tells its data, each change, its end and its return', () => {
    const { world, coord, seen } = following('get', '/a');
    world.run(10);
    coord.write('create', { path: '/a', data: 'one' });
    world.run(10);
    coord.write('set', { path: '/a', data: 'two' });
    world.run(10);
    coord.write('delete', { path: '/a' });
    world.run(10);
    coord.write('create', { path: '/a', data: 'three' });
    world.run(10);
    expect(seen).toEqual(['NO_NODE', 'one', 'two', 'NO_NODE', 'three']);
  });

  test('tells whether it is there', () => {
    const { world, coord, seen } = following('exists', '/a');
    world.run(10);
    coord.write('create', { path: '/a' });
    world.run(10);
    coord.write('delete', { path: '/a' });
    world.run(10);
    expect(seen).toEqual(['false', 'true', 'false']);
  });

  test('tells the children, all pages of them', () => {
    const set = setUp();
    set.coord.write('create', { path: '/p' });
    const many = Array.from({ length: 10_050 }, (_, index) => String(index).padStart(6, '0'));
    for (const name of many) set.coord.nodes.set(`/p/${name}`, set.coord.nodes.get('/p')!);
    const { world, seen } = following('children', '/p', set);
    world.run(50);
    expect(seen).toEqual([many.join(',')]);
  });

  test('goes on at the next holder, and tells nothing twice', () => {
    const { world, coord, client, seen } = following('get', '/');
    world.run(10);
    expect(seen).toEqual(['']);
    coord.kill(coord.holderOf(client.session!));
    world.run(5_000);
    expect(seen).toEqual(['']);
    coord.write('set', { path: '/', data: 'new' });
    world.run(10);
    expect(seen).toEqual(['', 'new']);
  });

  test('misses no last change however many messages are lost', () => {
    const { world, coord, seen } = following('get', '/');
    let number = 7;
    world.meddle = () => {
      number = (number * 48_271) % 2_147_483_647;
      return number % 3 === 0 ? 'lose' : 'deliver';
    };
    for (let each = 0; each < 50; each++) {
      coord.write('set', { path: '/', data: `v${each}` });
      world.run(number % 900);
    }
    world.run(30_000);
    expect(seen.at(-1)).toBe('v49');
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('is told of the expiry, and goes on in the new session', () => {
    const set = setUp({ reopen: true });
    const { world, coord, client, seen } = following('get', '/', set);
    world.run(10);
    coord.expire(client.session!);
    world.run(1_000);
    coord.write('set', { path: '/', data: 'new' });
    world.run(10);
    expect(seen).toEqual(['', 'SESSION_EXPIRED', '', 'new']);
  });

  test('stops when told to', () => {
    const { world, coord, seen, follow } = following('get', '/');
    world.run(10);
    follow.stop();
    coord.write('set', { path: '/', data: 'new' });
    world.run(1_000);
    expect(seen).toEqual(['']);
  });
});
