import { describe, expect, test } from 'vitest';
import { encode, pack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { Delivery } from '../../actor.ts';
import { asker, connect } from './promises.ts';
import { type Outcome, Requests } from './requests.ts';
import { FakeCoord } from './testing/fake-coord.ts';
import { VirtualWorld } from './testing/virtual-world.ts';

function setUp(answer?: (delivery: Delivery) => Uint8Array | undefined) {
  const world = new VirtualWorld();
  const server = world.ports('server').transport;
  if (answer !== undefined)
    server.subscribe('echo', (delivery) => {
      const payload = answer(delivery);
      if (payload !== undefined) server.publish(delivery.reply!, payload);
    });
  const requests = new Requests(world.ports('client'));
  const outcomes: string[] = [];
  const note = (outcome: Outcome) =>
    outcomes.push(
      outcome.kind === 'reply'
        ? JSON.stringify(outcome.value)
        : outcome.kind === 'error'
          ? outcome.error.code
          : outcome.kind,
    );
  return { world, requests, outcomes, note };
}

describe('a request', () => {
  test.each([
    ['is answered in MessagePack', () => pack({ a: 1 }), '{"a":1}'],
    ['is answered in JSON', () => encode({ a: 1 }, 'json'), '{"a":1}'],
    [
      "is answered with the other side's error",
      () => pack({ error: new MesozooError('NO_NODE').toBody() }),
      'NO_NODE',
    ],
    [
      'is answered with an error of a later version',
      () => pack({ error: { code: 'NEW_CODE', message: 'x', definite: true } }),
      'INTERNAL',
    ],
    ['is answered with something unreadable', () => new Uint8Array([1, 2, 3]), 'INTERNAL'],
    ['is not answered', () => undefined, 'timeout'],
  ])('%s', (_name, answer, outcome) => {
    const { world, requests, outcomes, note } = setUp(answer);
    requests.ask('echo', pack({}), 1_000, note);
    world.run(900);
    if (outcome !== 'timeout') expect(outcomes).toEqual([outcome]);
    else expect(outcomes).toEqual([]);
    world.run(200);
    expect(outcomes).toEqual([outcome]);
    expect(requests.outstanding).toBe(0);
  });

  test('that nobody listens to is told so at once', () => {
    const { world, requests, outcomes, note } = setUp();
    requests.ask('echo', pack({}), 1_000, note);
    world.run(10);
    expect(outcomes).toEqual(['noResponder']);
  });

  test('finds its own answer, whatever the order, and takes it once', () => {
    const { world, requests, outcomes, note } = setUp(({ payload }) => payload);
    let number = 0;
    world.meddle = () => (number++ % 2 === 0 ? 'repeat' : { delayMs: 50 - number });
    for (let each = 0; each < 10; each++) requests.ask('echo', pack({ each }), 1_000, note);
    world.run(500);
    expect([...outcomes].sort()).toEqual(
      Array.from({ length: 10 }, (_, each) => JSON.stringify({ each })),
    );
  });

  test('has a deadline of its own', () => {
    const { world, requests } = setUp(() => undefined);
    const late: number[] = [];
    for (const deadlineMs of [500, 100, 300])
      requests.ask('echo', pack({}), deadlineMs, () => late.push(world.clock.monotonicMs()));
    world.run(1_000);
    expect(late).toEqual([100, 300, 500]);
  });

  test('that was ended is not told any more', () => {
    const { world, requests, outcomes, note } = setUp(({ payload }) => payload);
    requests.ask('echo', pack({}), 1_000, note).end();
    world.run(2_000);
    expect(outcomes).toEqual([]);
  });
});

describe('the façade of promises', () => {
  const options = { cluster: 'mz', timeoutMs: 6_000, reopen: false };

  test('opens a session, asks in it and closes it', async () => {
    const world = new VirtualWorld();
    const coord = new FakeCoord(world);
    const connecting = connect(world.ports('client'), options);
    world.run(100);
    const session = await connecting;
    const created = session.request('create', { path: '/a', data: 'x' });
    const failed = session.request('get', { path: '/none' });
    const noNode = expect(failed).rejects.toMatchObject({ code: 'NO_NODE' });
    world.run(100);
    expect((await created).path).toBe('/a');
    await noNode;
    const closing = session.close();
    world.run(100);
    await closing;
    expect(coord.sessions.size).toBe(0);
  });

  test('says why no session was opened in time', async () => {
    const world = new VirtualWorld();
    const connecting = connect(world.ports('client'), options);
    const refused = expect(connecting).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'no coord listens for sessions',
    });
    world.run(11_000);
    await refused;
  });

  test('asks without a session, and rejects with what came back', async () => {
    const world = new VirtualWorld();
    const ask = asker(world.ports('client'));
    const nobody = expect(ask.ask('mz.task.list', {})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'nobody listens on mz.task.list',
    });
    world.run(10);
    await nobody;
  });
});
