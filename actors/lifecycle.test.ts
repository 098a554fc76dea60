import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import type { Clock } from './actor.ts';
import { Lifecycle } from './lifecycle.ts';

function manualClock() {
  const timers: { at: number; handler: () => void; cancelled: boolean }[] = [];
  let now = 0;
  const clock: Clock = {
    monotonicMs: () => now,
    wallMs: () => now,
    after: (delayMs, handler) => {
      const timer = { at: now + delayMs, handler, cancelled: false };
      timers.push(timer);
      return {
        cancel: () => {
          timer.cancelled = true;
        },
      };
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const timer of timers.splice(0)) {
      if (timer.cancelled) continue;
      if (timer.at <= now) timer.handler();
      else timers.push(timer);
    }
  };
  return { clock, advance };
}

const door = setup({
  types: { events: {} as { type: 'OPENED' } | { type: 'CLOSED' } | { type: 'BROKEN' } },
  actions: { ring: () => undefined, jam: () => undefined },
  delays: { closingDelay: 100 },
}).createMachine({
  id: 'door',
  initial: 'closed',
  states: {
    closed: { on: { OPENED: { target: 'open', actions: 'ring' }, BROKEN: { actions: 'jam' } } },
    open: { on: { CLOSED: 'closed' }, after: { closingDelay: 'closed' } },
  },
});

describe('a lifecycle', () => {
  test('runs the chart, with delays on the port of the clock', () => {
    const { clock, advance } = manualClock();
    const rings: string[] = [];
    const lifecycle = new Lifecycle(door.provide({ actions: { ring: () => rings.push('ring') } }), {
      id: 'door.1',
      clock,
    });
    lifecycle.send({ type: 'OPENED' });
    expect([lifecycle.state(), rings]).toEqual(['open', ['ring']]);
    advance(99);
    expect(lifecycle.state()).toBe('open');
    advance(1);
    expect(lifecycle.state()).toBe('closed');
  });

  test('refuses aloud an event that its state does not know, naming chart, state and event', () => {
    const lifecycle = new Lifecycle(door, { id: 'door.1', clock: manualClock().clock });
    expect(() => lifecycle.send({ type: 'CLOSED' })).toThrow(
      'door.1: event CLOSED is not possible in state "closed"',
    );
    expect(lifecycle.offer({ type: 'CLOSED' })).toBe(false);
    expect(lifecycle.offer({ type: 'OPENED' })).toBe(true);
  });

  test('takes nothing more in a final state, whatever is defined at the root', () => {
    const life = setup({ types: { events: {} as { type: 'ENDED' } } }).createMachine({
      id: 'life',
      initial: 'going',
      on: { ENDED: '.over' },
      states: { going: {}, over: { type: 'final' } },
    });
    const lifecycle = new Lifecycle(life, { id: 'life.1', clock: manualClock().clock });
    expect(lifecycle.offer({ type: 'ENDED' })).toBe(true);
    expect(lifecycle.offer({ type: 'ENDED' })).toBe(false);
  });

  test('throws what an action threw', () => {
    const jammed = door.provide({
      actions: {
        jam: () => {
          throw new Error('stuck');
        },
      },
    });
    const lifecycle = new Lifecycle(jammed, { id: 'door.1', clock: manualClock().clock });
    expect(() => lifecycle.send({ type: 'BROKEN' })).toThrow('door.1: BROKEN failed: stuck');
  });

  test('goes on from a persisted snapshot', () => {
    const { clock } = manualClock();
    const first = new Lifecycle(door, { id: 'door.1', clock });
    first.send({ type: 'OPENED' });
    const second = new Lifecycle(door, { id: 'door.1', clock, snapshot: first.persist() });
    expect(second.state()).toBe('open');
  });
});
