/**
 * An agent towards the masters, in Mesos' states: it recovers what it ran, looks for the leader, registers with it,
 * and registers anew whenever the leader has changed or fallen silent. Tasks run on in every state but the last two.
 */
import { setup } from 'xstate';

export type AgentEvent =
  /** The journal is read and every attempt in it has been found again. */
  | { readonly type: 'RECOVERED' }
  /** A leader that the agent is not registered with. */
  | { readonly type: 'LEADER_DETECTED' }
  | { readonly type: 'LEADER_LOST' }
  | { readonly type: 'REGISTERED' }
  /** Not a word from the leader for the time that it promised to be heard in. */
  | { readonly type: 'PINGS_MISSED' }
  /** The leader does not know this agent. */
  | { readonly type: 'REGISTRATION_ASKED' }
  | { readonly type: 'STOP_ASKED' }
  /** No attempt runs, and all that could be acknowledged in time has been. */
  | { readonly type: 'DRAINED' };

export const agentMachine = setup({
  types: { events: {} as AgentEvent },
  actions: {
    register: () => undefined,
    resetBackoff: () => undefined,
    watchPings: () => undefined,
    ignorePings: () => undefined,
    /** Whatever the leader still sends here would be lost time: it is told before anything is ended. */
    sayDraining: () => undefined,
    endAttempts: () => undefined,
    leave: () => undefined,
  },
  delays: {
    /** Doubles with each try, with jitter, so that a new leader is not met by all agents at once. */
    registrationBackoff: 200,
  },
}).createMachine({
  id: 'agent',
  initial: 'recovering',
  states: {
    recovering: {
      on: { RECOVERED: 'detecting', STOP_ASKED: 'leaving' },
    },
    detecting: {
      on: {
        LEADER_DETECTED: { target: 'registering', actions: 'resetBackoff' },
        LEADER_LOST: {},
        STOP_ASKED: 'leaving',
      },
    },
    registering: {
      after: {
        registrationBackoff: { target: 'registering', reenter: true, actions: 'register' },
      },
      on: {
        REGISTERED: 'registered',
        LEADER_DETECTED: { target: 'registering', reenter: true, actions: 'resetBackoff' },
        LEADER_LOST: 'disconnected',
        REGISTRATION_ASKED: {},
        STOP_ASKED: 'leaving',
      },
    },
    registered: {
      entry: 'watchPings',
      exit: 'ignorePings',
      on: {
        LEADER_DETECTED: { target: 'registering', actions: 'resetBackoff' },
        LEADER_LOST: 'disconnected',
        PINGS_MISSED: { target: 'registering', actions: 'resetBackoff' },
        REGISTRATION_ASKED: { target: 'registering', actions: 'resetBackoff' },
        REGISTERED: {},
        STOP_ASKED: 'leaving',
      },
    },
    disconnected: {
      on: {
        LEADER_DETECTED: { target: 'registering', actions: 'resetBackoff' },
        LEADER_LOST: {},
        STOP_ASKED: 'leaving',
      },
    },
    leaving: {
      entry: ['sayDraining', 'endAttempts'],
      on: {
        DRAINED: 'stopped',
        LEADER_LOST: {},
        LEADER_DETECTED: {},
        STOP_ASKED: {},
      },
    },
    stopped: { type: 'final', entry: 'leave' },
  },
});
