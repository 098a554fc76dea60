import { describe, expect, test } from 'vitest';
import type { Actor, Clock, Delivery, Logger, Ports, Transport } from './actor.ts';
import { Host } from './host.ts';
import { subscriptionOf } from './testing/subscription.ts';

/** A world in which nothing happens by itself: the test calls what the actor handed over. */
function world() {
  const deferred: (() => void)[] = [];
  const timers: { handler: () => void; cancelled: boolean }[] = [];
  const listeners: ((delivery: Delivery) => void)[] = [];
  /** To be called when the subscription has drained. */
  const drains: (() => void)[] = [];
  const crashes: unknown[] = [];
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    child: () => log,
  };
  const clock: Clock = {
    monotonicMs: () => 0,
    wallMs: () => 0,
    after: (_, handler) => {
      const timer = { handler, cancelled: false };
      timers.push(timer);
      return {
        cancel: () => {
          timer.cancelled = true;
        },
      };
    },
  };
  const transport: Transport = {
    inbox: '_INBOX.test',
    maxPayloadBytes: 1000,
    publish: () => undefined,
    subscribe: (_, handler) => {
      listeners.push(handler);
      return { unsubscribe: () => undefined, drain: (drained) => drains.push(drained) };
    },
    serve: () => subscriptionOf(() => undefined),
    isConnected: () => true,
    onConnection: () => undefined,
  };
  const ports: Ports = {
    clock,
    transport,
    log,
    random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
  };
  const host = new Host(ports, {
    name: 'test',
    defer: (run) => deferred.push(run),
    crash: (error) => crashes.push(error),
  });
  const runDeferred = () => {
    for (const run of deferred.splice(0)) run();
  };
  const deliver = (text: string) => {
    for (const listener of listeners)
      listener({ subject: 'x', payload: new TextEncoder().encode(text) });
  };
  return { host, deferred, timers, drains, crashes, runDeferred, deliver };
}

/** Notes what reaches it; `on` may be replaced by a test. */
function recorder(
  ports: Ports,
  seen: string[],
  on: (text: string) => void = () => undefined,
): Actor {
  return {
    start: () => {
      seen.push('start');
      ports.transport.subscribe('x', (delivery) => {
        const text = new TextDecoder().decode(delivery.payload);
        seen.push(text);
        on(text);
      });
    },
    endTurn: () => seen.push('endTurn'),
    stop: (done) => {
      seen.push('stop');
      done();
    },
  };
}

describe('a hosted actor', () => {
  test('gets one endTurn for a whole batch of inputs', () => {
    const { host, runDeferred, deliver } = world();
    const seen: string[] = [];
    host.start((ports) => recorder(ports, seen));
    runDeferred();
    deliver('a');
    deliver('b');
    runDeferred();
    runDeferred();
    expect(seen).toEqual(['start', 'endTurn', 'a', 'b', 'endTurn']);
  });

  test('is never called inside one of its own handlers', () => {
    const { host, deliver } = world();
    const seen: string[] = [];
    host.start((ports) =>
      recorder(ports, seen, (text) => {
        if (text !== 'outer') return;
        deliver('inner');
        seen.push('outer ends');
      }),
    );
    deliver('outer');
    expect(seen).toEqual(['start', 'outer', 'outer ends', 'inner']);
  });

  test('is told that a subscription has drained behind what is in its mailbox, and not after its end', () => {
    const { host, deliver, drains } = world();
    const seen: string[] = [];
    host.start(({ transport }) => {
      const subscription = transport.subscribe('x', ({ payload }) => {
        const text = new TextDecoder().decode(payload);
        seen.push(text);
        if (text === 'first') subscription.drain(() => seen.push('drained'));
        if (text === 'first') deliver('second');
        for (const drained of drains.splice(0)) drained();
        seen.push(`${text} ends`);
      });
      const ended = transport.subscribe('y', () => undefined);
      ended.drain(() => seen.push('after its end'));
      ended.unsubscribe();
      return { start: () => undefined, endTurn: () => undefined, stop: (done) => done() };
    });
    deliver('first');
    expect(seen).toEqual(['first', 'first ends', 'second', 'second ends', 'drained']);
  });

  test('is not told of a timer that it cancelled, even when it had already fired', () => {
    const { host, timers } = world();
    let fired = 0;
    host.start((ports) => {
      const timer = ports.clock.after(10, () => fired++);
      timer.cancel();
      return recorder(ports, []);
    });
    timers[0]?.handler();
    expect(fired).toBe(0);
    expect(timers[0]?.cancelled).toBe(true);
  });

  test('that throws is stopped: the crash is told once, and nothing reaches it any more', () => {
    const { host, crashes, deliver, runDeferred } = world();
    const seen: string[] = [];
    host.start((ports) =>
      recorder(ports, seen, () => {
        throw new Error('bug');
      }),
    );
    deliver('a');
    deliver('b');
    runDeferred();
    expect(seen).toEqual(['start', 'a']);
    expect(crashes).toEqual([new Error('bug')]);
  });

  test('that throws in endTurn is stopped too', () => {
    const { host, crashes, runDeferred } = world();
    host.start((ports) => ({
      ...recorder(ports, []),
      endTurn: () => {
        throw new Error('bug');
      },
    }));
    runDeferred();
    expect(crashes).toEqual([new Error('bug')]);
  });

  test('that is abandoned hears nothing more, as after a crash of its process', () => {
    const { host, deliver, runDeferred } = world();
    const seen: string[] = [];
    host.start((ports) => recorder(ports, seen));
    host.abandon();
    deliver('a');
    runDeferred();
    expect(seen).toEqual(['start']);
  });

  test('is asked to stop, and hears nothing once it is done', () => {
    const { host, deliver } = world();
    const seen: string[] = [];
    host.start((ports) => recorder(ports, seen));
    host.stop(() => seen.push('done'));
    deliver('a');
    expect(seen).toEqual(['start', 'stop', 'done']);
  });
});
