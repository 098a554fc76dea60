/**
 * One attempt of a task, as its agent lives through it: from the durable note that it is to be run until the last of
 * its status updates has been acknowledged. After a restart the agent goes on in the state that its journal shows.
 */
import { assign, setup } from 'xstate';

export interface AttemptContext {
  readonly attemptId: string;
  /** Between SIGTERM and SIGKILL, of the order that asked for the end. */
  readonly graceMs: number;
  /** Its task was decided without it: nobody waits for its updates. */
  readonly givenUp: boolean;
}

export type AttemptEvent =
  /** What was ordered is on disk (or leaves no trace that a restart would have to find again). */
  | { readonly type: 'CHECKPOINTED' }
  /** It is not to run here: it does not fit, or nobody knows it. */
  | { readonly type: 'REFUSED' }
  | { readonly type: 'STARTED' }
  | { readonly type: 'LAUNCH_FAILED' }
  /** Someone wants it ended: an order, its task's deadline, the agent's own stop. */
  | { readonly type: 'KILL_ASKED'; readonly graceMs: number }
  /** It is ended too, and nothing more is said of it. */
  | { readonly type: 'GIVEN_UP'; readonly graceMs: number }
  | { readonly type: 'EXITED' }
  /** The last update is in the tree. */
  | { readonly type: 'ACKNOWLEDGED' };

export const attemptMachine = setup({
  types: {
    context: {} as AttemptContext,
    events: {} as AttemptEvent,
    input: {} as { attemptId: string; graceMs: number },
  },
  actions: {
    launch: () => undefined,
    reportStarting: () => undefined,
    reportRunning: () => undefined,
    reportKilling: () => undefined,
    reportEnd: () => undefined,
    terminate: () => undefined,
    forceKill: () => undefined,
    forget: () => undefined,
    noteGrace: assign(({ context, event }) => ({
      graceMs: 'graceMs' in event ? event.graceMs : context.graceMs,
    })),
    noteGivenUp: assign({ givenUp: true }),
  },
  guards: {
    shortensGrace: ({ context, event }) => 'graceMs' in event && event.graceMs < context.graceMs,
    isGivenUp: ({ context }) => context.givenUp,
  },
  delays: {
    killGrace: ({ context }) => context.graceMs,
    /** A launch is usually done before anybody could use the word "starting". */
    slowLaunch: 500,
    /** A process in an uninterruptible call takes the signal later; one that was just forking may have got away. */
    forceKillAgain: 1000,
  },
}).createMachine({
  id: 'attempt',
  context: ({ input }) => ({
    attemptId: input.attemptId,
    graceMs: input.graceMs,
    givenUp: false,
  }),
  initial: 'checkpointing',
  states: {
    checkpointing: {
      on: {
        CHECKPOINTED: 'launching',
        REFUSED: 'ended',
        // What takes no time and leaves no trace is over with its order.
        EXITED: 'ended',
        KILL_ASKED: 'ended',
        GIVEN_UP: { target: 'ended', actions: 'noteGivenUp' },
      },
    },
    launching: {
      entry: 'launch',
      after: { slowLaunch: { actions: 'reportStarting' } },
      on: {
        STARTED: 'running',
        LAUNCH_FAILED: 'ended',
        KILL_ASKED: { target: 'cancelling', actions: 'noteGrace' },
        GIVEN_UP: { target: 'cancelling', actions: ['noteGrace', 'noteGivenUp'] },
      },
    },
    /** The launch cannot be called back: what it starts is killed at once. */
    cancelling: {
      on: {
        STARTED: 'terminating',
        LAUNCH_FAILED: 'ended',
        KILL_ASKED: [{ guard: 'shortensGrace', actions: 'noteGrace' }, {}],
        GIVEN_UP: { actions: 'noteGivenUp' },
      },
    },
    running: {
      entry: 'reportRunning',
      on: {
        EXITED: 'ended',
        KILL_ASKED: { target: 'terminating', actions: 'noteGrace' },
        GIVEN_UP: { target: 'terminating', actions: ['noteGrace', 'noteGivenUp'] },
      },
    },
    terminating: {
      entry: ['reportKilling', 'terminate'],
      after: { killGrace: 'killing' },
      on: {
        EXITED: 'ended',
        KILL_ASKED: [
          { guard: 'shortensGrace', target: 'terminating', reenter: true, actions: 'noteGrace' },
          {},
        ],
        GIVEN_UP: { actions: 'noteGivenUp' },
      },
    },
    killing: {
      entry: 'forceKill',
      after: { forceKillAgain: { target: 'killing', reenter: true } },
      on: { EXITED: 'ended', KILL_ASKED: {}, GIVEN_UP: { actions: 'noteGivenUp' } },
    },
    ended: {
      entry: 'reportEnd',
      always: { guard: 'isGivenUp', target: 'forgotten' },
      on: { ACKNOWLEDGED: 'forgotten', GIVEN_UP: 'forgotten', KILL_ASKED: {} },
    },
    forgotten: { type: 'final', entry: 'forget' },
  },
});
