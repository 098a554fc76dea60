import { beforeEach, describe, expect, test } from 'vitest';
import { decode, encode } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { FrameworkEvent } from '../../../protocol/framework-api.ts';
import { VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import type { CallResult } from '../../scheduler-link.ts';
import { FakeMaster } from '../testing/fake-master.ts';
import { TestFramework } from '../testing/test-framework.ts';
import { NatsLink } from './nats-link.ts';

let world: VirtualWorld;
let master: FakeMaster;

beforeEach(() => {
  world = new VirtualWorld();
  master = new FakeMaster(world);
  master.cluster.addAgent('a1');
});

function subscribed(
  ...given: ConstructorParameters<typeof TestFramework> extends [unknown, ...infer Rest]
    ? Rest
    : never
): TestFramework {
  const framework = new TestFramework(world, ...given);
  world.runUntil(() => framework.offers.length > 0);
  return framework;
}

/** What the message to a framework is; undefined for one that is none of its events. */
function eventIn(message: { subject: string; payload: Uint8Array }): FrameworkEvent | undefined {
  if (!/^_INBOX\.f\d\.[0-9a-f]{16}\.\d+$/.test(message.subject)) return undefined;
  return decode(message.payload).value as unknown as FrameworkEvent;
}

/** The first event for which this holds has this fate; says whether it was met. */
function once(
  fate: 'lose' | 'repeat',
  which: (event: FrameworkEvent) => boolean,
): { met: boolean } {
  const state = { met: false };
  world.meddle = (message) => {
    const event = eventIn(message);
    if (state.met || event === undefined || !which(event)) return 'deliver';
    state.met = true;
    return fate;
  };
  return state;
}

describe('subscribing', () => {
  test.each(['json', 'msgpack'] as const)('with %s: SUBSCRIBED, then offers', (form) => {
    master.lead();
    const framework = subscribed('f1', {}, form);
    expect(framework.heard).toEqual(['subscribed', 'offers']);
    expect(framework.link.state()).toBe('subscribed');
    expect(framework.offers[0]).toMatchObject({
      agent_id: { value: 'a1' },
      framework_id: { value: framework.link.frameworkId },
    });
  });

  test('the id is that of the info, or made from the name', () => {
    master.lead();
    expect(subscribed('f1', { id: { value: 'mine' } }).link.frameworkId).toBe('mine');
    const named = new TestFramework(world, 'f2', { name: '/web server/' });
    expect(named.link.frameworkId).toMatch(/^web-server--[0-9a-f]{8}$/);
    world.runUntil(() => named.heard.includes('subscribed'));
  });

  test('begins when it is opened, not when a connection comes or goes', () => {
    master.lead();
    const ports = world.ports('f1');
    const link = new NatsLink(ports, {
      cluster: 'mz',
      info: { user: '', name: 'test', failover_timeout: 0 },
    });
    ports.transport.setConnected(false);
    ports.transport.setConnected(true);
    world.run(5000);
    expect(link.state()).toBe('idle');
    ports.transport.setConnected(false);
    link.open();
    world.run(5000);
    expect(link.state()).toBe('disconnected');
    ports.transport.setConnected(true);
    world.runUntil(() => link.state() === 'subscribed', 100);
  });

  test('waits for a leader, asking ever more seldom, for ever', () => {
    let asked = 0;
    const framework = new TestFramework(world, 'f1');
    framework.transport.subscribe = () => {
      throw new Error('one subscription serves all');
    };
    const publish = framework.transport.publish.bind(framework.transport);
    framework.transport.publish = (...message) => {
      asked += 1;
      publish(...message);
    };
    world.run(2000);
    expect(asked).toBeGreaterThanOrEqual(3);
    asked = 0;
    world.run(600_000);
    expect(asked).toBeGreaterThan(600_000 / 2100);
    expect(asked).toBeLessThan(600_000 / 1000);
    expect(framework.heard).toEqual([]);
    master.lead();
    world.runUntil(() => framework.link.state() === 'subscribed', 2100);
  });

  test('an answer that is lost, or an event SUBSCRIBED that is lost: asks again under the same id', () => {
    master.lead();
    master.isSilent = ({ type }) => type === 'SUBSCRIBE' && master.calls.length === 0;
    const lost = once('lose', ({ type }) => type === 'SUBSCRIBED' && master.calls.length === 1);
    const framework = subscribed('f1');
    expect(lost.met).toBe(true);
    expect(master.calls.filter((type) => type === 'SUBSCRIBE').length).toBe(3);
    expect([...master.cluster.frameworks.keys()]).toEqual([framework.link.frameworkId]);
    expect(framework.heard).toEqual(['subscribed', 'offers']);
  });

  test('events that overtake the answer wait for it', () => {
    master.lead();
    world.meddle = ({ to, subject }) =>
      to === 'f1' && subject.split('.').length === 4 && subject.endsWith('.0')
        ? { delayMs: 500 }
        : 'deliver';
    const framework = subscribed('f1');
    expect(framework.heard).toEqual(['subscribed', 'offers']);
    expect(master.calls).toEqual(['SUBSCRIBE']);
  });

  test('what will never be taken is told once, and not tried again', () => {
    master.lead();
    master.refuse = () => new MesozooError('BAD_REQUEST', 'no such role');
    const framework = new TestFramework(world, 'f1');
    world.run(10_000);
    expect(framework.errors).toEqual(['no such role']);
    expect(framework.link.state()).toBe('rejected');
  });
});

describe('when another instance comes before the answer', () => {
  test('it is dismissed, as by one that comes later: not rejected, for nothing is wrong with it', () => {
    master.lead();
    master.refuse = () => new MesozooError('FAILED_OVER');
    const framework = new TestFramework(world, 'f1');
    world.run(10_000);
    expect(framework.link.state()).toBe('dismissed');
    expect(framework.errors).toEqual([new MesozooError('FAILED_OVER').message]);
    expect(world.subscribers.filter(({ owner }) => owner.name === 'f1')).toEqual([]);
  });
});

describe('events', () => {
  test('that come twice are told once', () => {
    master.lead();
    world.meddle = (message) => (eventIn(message) === undefined ? 'deliver' : 'repeat');
    const framework = subscribed('f1');
    world.run(5000);
    expect(framework.heard).toEqual(['subscribed', 'offers']);
    expect(master.calls).toEqual(['SUBSCRIBE']);
  });

  test('one that is missing makes it subscribe again; what it said comes again', () => {
    master.lead();
    const framework = subscribed('f1');
    framework.scheduler.launch(framework.take(), [framework.task('t1', 'a1')]);
    const lost = once('lose', ({ type }) => type === 'UPDATE');
    world.runUntil(() => framework.updates.length > 0);
    expect(lost.met).toBe(true);
    expect(framework.heard).toEqual(['subscribed', 'offers', 'subscribed', 't1 TASK_RUNNING']);
  });

  test('the last one missing is noticed by the next heartbeat', () => {
    master.lead();
    const framework = subscribed('f1');
    framework.scheduler.suppress();
    world.run(50);
    once('lose', ({ type }) => type === 'RESCIND');
    master.removeAgent('a1');
    once('lose', ({ type }) => type === 'RESCIND' || type === 'FAILURE');
    world.runUntil(() => framework.masters.length === 2, 2500);
  });

  test('of an older subscription are not taken for news', () => {
    master.lead();
    const framework = subscribed('f1');
    // The tail of the first subscription is late, and comes into the second.
    world.meddle = (message) => {
      const event = eventIn(message);
      return event?.type === 'UPDATE' && message.subject.endsWith('.1')
        ? { delayMs: 8000 }
        : 'deliver';
    };
    framework.scheduler.launch(framework.take(), [framework.task('t1', 'a1')]);
    world.run(5);
    master.lead();
    world.runUntil(() => framework.updates.length > 0);
    framework.scheduler.acknowledge(framework.updates[0]!);
    world.run(10_000);
    expect(framework.masters).toHaveLength(2);
    expect(framework.updates).toHaveLength(1);
  });

  test('that are not readable are as good as lost', () => {
    master.lead();
    const framework = subscribed('f1');
    const strange = world.ports('strange').transport;
    for (const { pattern } of world.subscribers.filter(({ owner }) => owner.name === 'f1'))
      strange.publish(pattern.replace('*', '1'), encode({ no: 'event' }, 'json'));
    world.runUntil(() => framework.masters.length === 2);
  });
});

describe('heartbeats', () => {
  test('are answered, so that the master keeps the subscription', () => {
    master.lead();
    const framework = subscribed('f1');
    world.run(120_000);
    expect(master.isSubscribed(framework.link.frameworkId)).toBe(true);
    expect(framework.masters).toHaveLength(1);
    framework.link.close();
    world.run(15_000);
    expect(master.isSubscribed(framework.link.frameworkId)).toBe(false);
  });

  test('that are not heard make it subscribe again', () => {
    master.lead();
    const framework = subscribed('f1');
    world.meddle = (message) => (eventIn(message) === undefined ? 'deliver' : 'lose');
    world.run(6100);
    expect(framework.link.state()).not.toBe('subscribed');
    world.meddle = () => 'deliver';
    world.runUntil(() => framework.masters.length === 2, 8000);
  });
});

describe('calls', () => {
  test('are refused while there is no subscription', () => {
    const framework = new TestFramework(world, 'f1');
    framework.scheduler.revive();
    expect(framework.failures.map(({ code }) => code)).toEqual(['NOT_SUBSCRIBED']);
  });

  test('arrive in their order and are answered each for itself', () => {
    master.lead();
    const framework = subscribed('f1');
    const answers: string[] = [];
    const note = (name: string) => (result: { ok: boolean }) =>
      answers.push(`${name} ${result.ok}`);
    framework.scheduler.launch(
      framework.take(),
      [framework.task('t1', 'a1')],
      undefined,
      note('launch'),
    );
    framework.scheduler.suppress(note('suppress'));
    framework.scheduler.kill({ value: 't1' }, { graceSeconds: 1.5 }, note('kill'));
    framework.scheduler.explain({ taskId: { value: 't1' } }, note('explain'));
    framework.scheduler.request([{ id: 'r', port_count: 1 }], ['q'], note('request'));
    framework.scheduler.revive(note('revive'));
    world.run(100);
    expect(master.calls).toEqual([
      ...['SUBSCRIBE', 'ACCEPT', 'SUPPRESS', 'KILL', 'EXPLAIN', 'REQUEST', 'REVIVE'],
    ]);
    expect(answers).toEqual(
      ['launch', 'suppress', 'kill', 'explain', 'request', 'revive'].map((name) => `${name} true`),
    );
  });

  test('a question gives its answer', () => {
    master.lead();
    const framework = subscribed('f1');
    let result: CallResult<'READ_OUTPUT'> | undefined;
    framework.scheduler.readOutput({ taskId: { value: 't1' }, offset: 7 }, (answer) => {
      result = answer;
    });
    world.run(10);
    expect(result).toEqual({ ok: true, reply: { data: 'of t1', offset: 7, size: 12 } });
  });

  test('what is refused changes nothing else', () => {
    master.lead();
    const framework = subscribed('f1');
    master.refuse = ({ type }) =>
      type === 'REVIVE' ? new MesozooError('TOO_MANY_REQUESTS') : undefined;
    framework.scheduler.revive();
    world.run(100);
    expect(framework.failures.map(({ code }) => code)).toEqual(['TOO_MANY_REQUESTS']);
    expect(framework.link.state()).toBe('subscribed');
  });

  test('one that is too large for a message is refused at once', () => {
    master.lead();
    const framework = subscribed('f1');
    framework.transport.publish = () => {
      throw new MesozooError('PAYLOAD_TOO_LARGE');
    };
    framework.scheduler.revive();
    expect(framework.failures.map(({ code }) => code)).toEqual(['PAYLOAD_TOO_LARGE']);
  });

  test('without an answer one fails as indefinite, and the subscription begins anew', () => {
    master.lead();
    const framework = subscribed('f1');
    master.isSilent = ({ type }) => type === 'SUPPRESS';
    framework.scheduler.suppress();
    world.runUntil(() => framework.failures.length > 0, 10_100);
    expect(framework.failures[0]).toMatchObject({ code: 'TIMEOUT', definite: false });
    expect(framework.masters).toHaveLength(1);
    world.runUntil(() => framework.masters.length === 2);
  });

  test('a question without an answer leaves the subscription as it is', () => {
    master.lead();
    const framework = subscribed('f1');
    master.isSilent = ({ type }) => type === 'EXPLAIN';
    const codes: string[] = [];
    framework.scheduler.explain({ requestId: 'r' }, (result) =>
      codes.push(result.ok ? 'ok' : result.error.code),
    );
    world.run(12_000);
    expect(codes).toEqual(['TIMEOUT']);
    expect(framework.masters).toHaveLength(1);
  });
});

describe('when the leader changes', () => {
  test('a call finds nobody, the others fail as indefinite, all before the next SUBSCRIBED', () => {
    master.lead();
    const framework = subscribed('f1');
    master.isSilent = ({ type }) => type === 'SUPPRESS';
    framework.scheduler.suppress();
    world.run(10);
    master.kill();
    framework.scheduler.revive();
    world.run(3000);
    expect(framework.failures.map(({ code, definite }) => [code, definite])).toEqual([
      ['UNAVAILABLE', true],
      ['CONNECTION_LOST', false],
    ]);
    master.lead();
    world.runUntil(() => framework.masters.length === 2, 3000);
    expect(framework.masters).toEqual(['master1', expect.not.stringMatching('master1')]);
  });

  test('a silent framework notices the death of the leader by missing heartbeats', () => {
    master.lead();
    const framework = subscribed('f1');
    world.run(5000);
    master.kill();
    world.run(1000);
    master.lead();
    world.runUntil(() => framework.masters.length === 2, 9000);
    world.runUntil(() => framework.offers.length > 0);
  });

  test('a new leader that does not know the stream makes it subscribe again', () => {
    master.lead();
    const framework = subscribed('f1');
    master.lead();
    framework.scheduler.revive();
    world.run(5);
    expect(framework.failures.map(({ code }) => code)).toEqual(['NOT_SUBSCRIBED']);
    world.runUntil(() => framework.masters.length === 2, 1000);
  });
});

describe('when the connection breaks', () => {
  test('what is open fails as indefinite at once; it subscribes when the connection is back', () => {
    master.lead();
    const framework = subscribed('f1');
    framework.scheduler.revive();
    framework.transport.setConnected(false);
    expect(framework.failures[0]).toMatchObject({ code: 'CONNECTION_LOST', definite: false });
    framework.scheduler.revive();
    expect(framework.failures[1]).toMatchObject({ code: 'NOT_SUBSCRIBED' });
    world.run(60_000);
    framework.transport.setConnected(true);
    world.runUntil(() => framework.masters.length === 2, 100);
  });
});

describe('the end', () => {
  test('a second instance takes over: the first is told, and stays away', () => {
    master.lead();
    const first = subscribed('f1', { id: { value: 'one' } });
    const second = new TestFramework(world, 'f2', { id: { value: 'one' } });
    world.runUntil(() => first.errors.length > 0);
    world.run(60_000);
    expect(first.errors).toEqual(['Framework failed over']);
    expect(first.link.state()).toBe('dismissed');
    expect(second.masters).toHaveLength(1);
    expect(second.link.state()).toBe('subscribed');
    first.scheduler.revive();
    expect(first.failures.at(-1)?.message).toBe('the subscription is over: dismissed');
  });

  test('torn down by an operator, whether the event comes or not', () => {
    master.lead();
    const framework = subscribed('f1');
    once('lose', ({ type }) => type === 'ERROR');
    master.tearDown(framework.link.frameworkId);
    world.run(20_000);
    expect(framework.errors).toHaveLength(1);
    expect(framework.link.state()).toBe('tornDown');
  });

  test('torn down by itself: not an error', () => {
    master.lead();
    const framework = subscribed('f1');
    const answers: boolean[] = [];
    framework.scheduler.teardown(({ ok }) => answers.push(ok));
    world.run(20_000);
    expect(answers).toEqual([true]);
    expect(framework.errors).toEqual([]);
    expect(framework.link.state()).toBe('tornDown');
  });

  test('closed: silent, and nothing is left behind', () => {
    master.lead();
    const framework = subscribed('f1');
    framework.link.close();
    framework.link.close();
    world.run(20_000);
    expect(framework.heard).toEqual(['subscribed', 'offers']);
    expect(world.subscribers.filter(({ owner }) => owner.name === 'f1')).toEqual([]);
  });
});
