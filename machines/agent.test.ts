/** For every state of an agent and every event: what is meant to happen. */
import { describe, expect, it } from 'vitest';
import { createActor, SimulatedClock, transition } from 'xstate';
import { type AgentEvent, agentMachine } from './agent.ts';

const events = [
  'RECOVERED',
  'LEADER_DETECTED',
  'LEADER_LOST',
  'REGISTERED',
  'PINGS_MISSED',
  'REGISTRATION_ASKED',
  'STOP_ASKED',
  'DRAINED',
] as const satisfies readonly AgentEvent['type'][];

/** Where the event leads to; what is not named is not taken. */
const table: Record<string, Partial<Record<(typeof events)[number], string>>> = {
  recovering: { RECOVERED: 'detecting', STOP_ASKED: 'leaving' },
  detecting: { LEADER_DETECTED: 'registering', STOP_ASKED: 'leaving' },
  registering: {
    REGISTERED: 'registered',
    LEADER_DETECTED: 'registering',
    LEADER_LOST: 'disconnected',
    STOP_ASKED: 'leaving',
  },
  registered: {
    LEADER_DETECTED: 'registering',
    LEADER_LOST: 'disconnected',
    PINGS_MISSED: 'registering',
    REGISTRATION_ASKED: 'registering',
    STOP_ASKED: 'leaving',
  },
  disconnected: { LEADER_DETECTED: 'registering', STOP_ASKED: 'leaving' },
  leaving: { DRAINED: 'stopped' },
  stopped: {},
};

describe('the agent', () => {
  for (const [state, targets] of Object.entries(table))
    it.each(events)(`${state}: %s`, (type) => {
      const before = agentMachine.resolveState({ value: state as never });
      expect(before.can({ type })).toBe(type in targets);
      const [after] = transition(agentMachine, before, { type });
      expect(after.value).toBe(targets[type] ?? state);
    });

  it('asks again for its registration until it is answered, and watches pings only then', () => {
    const clock = new SimulatedClock();
    const seen: string[] = [];
    const note = (what: string) => () => {
      seen.push(what);
    };
    const actor = createActor(
      agentMachine.provide({
        actions: {
          register: note('register'),
          resetBackoff: note('resetBackoff'),
          watchPings: note('watchPings'),
          ignorePings: note('ignorePings'),
          endAttempts: note('endAttempts'),
          leave: note('leave'),
        },
        delays: { registrationBackoff: 100 },
      }),
      { clock },
    ).start();
    actor.send({ type: 'RECOVERED' });
    actor.send({ type: 'LEADER_DETECTED' });
    pass(clock, 350);
    actor.send({ type: 'REGISTERED' });
    pass(clock, 1000);
    actor.send({ type: 'LEADER_LOST' });
    pass(clock, 1000);
    actor.send({ type: 'STOP_ASKED' });
    actor.send({ type: 'DRAINED' });
    expect(seen).toEqual([
      'resetBackoff',
      'register',
      'register',
      'register',
      'watchPings',
      'ignorePings',
      'endAttempts',
      'leave',
    ]);
    expect(actor.getSnapshot().status).toBe('done');
  });
});

/** In steps: a timer that is set by a timer runs when it is due. */
function pass(clock: SimulatedClock, ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) clock.increment(50);
}
