/** For every state of an attempt and every event: what is meant to happen. */
import { describe, expect, it } from 'vitest';
import { createActor, SimulatedClock, transition } from 'xstate';
import { type AttemptEvent, attemptMachine } from './attempt.ts';

const events = {
  CHECKPOINTED: { type: 'CHECKPOINTED' },
  REFUSED: { type: 'REFUSED' },
  STARTED: { type: 'STARTED' },
  LAUNCH_FAILED: { type: 'LAUNCH_FAILED' },
  KILL_ASKED: { type: 'KILL_ASKED', graceMs: 5000 },
  GIVEN_UP: { type: 'GIVEN_UP', graceMs: 5000 },
  EXITED: { type: 'EXITED' },
  ACKNOWLEDGED: { type: 'ACKNOWLEDGED' },
} satisfies Record<string, AttemptEvent>;
type Name = keyof typeof events;

/** Where the event leads to; what is not named is not taken. `graceMs` was 3000. */
const table: Record<string, Partial<Record<Name, string>>> = {
  checkpointing: {
    CHECKPOINTED: 'launching',
    REFUSED: 'ended',
    EXITED: 'ended',
    KILL_ASKED: 'ended',
    GIVEN_UP: 'forgotten',
  },
  launching: {
    STARTED: 'running',
    LAUNCH_FAILED: 'ended',
    KILL_ASKED: 'cancelling',
    GIVEN_UP: 'cancelling',
  },
  cancelling: {
    // A longer grace than the present one is not taken, here as below.
    STARTED: 'terminating',
    LAUNCH_FAILED: 'ended',
    GIVEN_UP: 'cancelling',
  },
  running: { EXITED: 'ended', KILL_ASKED: 'terminating', GIVEN_UP: 'terminating' },
  terminating: { EXITED: 'ended', GIVEN_UP: 'terminating' },
  killing: { EXITED: 'ended', GIVEN_UP: 'killing' },
  ended: { ACKNOWLEDGED: 'forgotten', GIVEN_UP: 'forgotten' },
  forgotten: {},
};
const context = { attemptId: 'a.1', graceMs: 3000, givenUp: false };

describe('an attempt', () => {
  for (const [state, targets] of Object.entries(table))
    it.each(Object.keys(events) as Name[])(`${state}: %s`, (name) => {
      const before = attemptMachine.resolveState({ value: state as never, context });
      expect(before.can(events[name])).toBe(name in targets);
      const [after] = transition(attemptMachine, before, events[name]);
      expect(after.value).toBe(targets[name] ?? state);
    });

  it.each([
    ['running', 'EXITED'],
    ['cancelling', 'LAUNCH_FAILED'],
    ['killing', 'EXITED'],
  ] as const)('that is given up is forgotten without a word: %s, %s', (state, name) => {
    const before = attemptMachine.resolveState({
      value: state,
      context: { ...context, givenUp: true },
    });
    expect(transition(attemptMachine, before, events[name])[0].value).toBe('forgotten');
  });

  it('is terminated, then killed, then killed again; a shorter grace counts', () => {
    const clock = new SimulatedClock();
    const seen: string[] = [];
    const note = (what: string) => () => {
      seen.push(`${clock.now()} ${what}`);
    };
    const actor = createActor(
      attemptMachine.provide({
        actions: {
          launch: note('launch'),
          reportStarting: note('reportStarting'),
          reportRunning: note('reportRunning'),
          reportKilling: note('reportKilling'),
          reportEnd: note('reportEnd'),
          terminate: note('terminate'),
          forceKill: note('forceKill'),
          forget: note('forget'),
        },
      }),
      { clock, input: { attemptId: 'a.1', graceMs: 3000 } },
    ).start();
    actor.send({ type: 'CHECKPOINTED' });
    pass(clock, 600);
    actor.send({ type: 'STARTED' });
    pass(clock, 400);
    actor.send({ type: 'KILL_ASKED', graceMs: 60_000 });
    pass(clock, 1000);
    actor.send({ type: 'KILL_ASKED', graceMs: 500 });
    pass(clock, 2000);
    actor.send({ type: 'EXITED' });
    actor.send({ type: 'ACKNOWLEDGED' });
    expect(seen).toEqual([
      '0 launch',
      '500 reportStarting',
      '600 reportRunning',
      '1000 reportKilling',
      '1000 terminate',
      '2000 reportKilling',
      '2000 terminate',
      '2500 forceKill',
      '3500 forceKill',
      '4000 reportEnd',
      '4000 forget',
    ]);
  });
});

/** In steps: a timer that is set by a timer runs when it is due. */
function pass(clock: SimulatedClock, ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) clock.increment(50);
}
