/**
 * A launched task as the leading master holds it for its framework: from the accepted offer until the framework has
 * acknowledged how it ended. In Mesos' words: what the master and the agents know of a task. A framework may try again
 * with another launch; that is its business (the bundled framework `tasks` has machines/task.ts for it).
 */
import { assign, setup } from 'xstate';

export const launchMachine = setup({
  types: {
    context: {} as { killRequested: boolean },
    events: {} as
      | { type: 'KILL_REQUESTED' }
      | { type: 'ATTEMPT_STAGING' }
      | { type: 'ATTEMPT_STARTING' }
      | { type: 'ATTEMPT_RUNNING' }
      | { type: 'ATTEMPT_FINISHED' }
      | { type: 'ATTEMPT_FAILED' }
      | { type: 'ATTEMPT_KILLED' }
      | { type: 'ATTEMPT_LOST' }
      | { type: 'AGENT_UNREACHABLE' }
      | { type: 'END_ACKNOWLEDGED' },
  },
  actions: {
    noteKill: assign({ killRequested: true }),
    orderKill: () => undefined,
    /** Returns its resources. */
    freeResources: () => undefined,
    /** It leaves the tree. */
    forget: () => undefined,
  },
  guards: { killWasRequested: ({ context }) => context.killRequested },
}).createMachine({
  id: 'launch',
  context: { killRequested: false },
  initial: 'active',
  states: {
    active: {
      initial: 'staging',
      exit: 'freeResources',
      on: {
        ATTEMPT_FINISHED: 'ended.finished',
        ATTEMPT_FAILED: 'ended.failed',
        ATTEMPT_KILLED: 'ended.killed',
        ATTEMPT_LOST: 'ended.lost',
      },
      states: {
        staging: {
          tags: 'TASK_STAGING',
          on: {
            ATTEMPT_STARTING: 'starting',
            ATTEMPT_RUNNING: 'running',
            KILL_REQUESTED: { target: 'killing', actions: 'noteKill' },
            AGENT_UNREACHABLE: 'unreachable',
          },
        },
        starting: {
          tags: 'TASK_STARTING',
          on: {
            ATTEMPT_RUNNING: 'running',
            KILL_REQUESTED: { target: 'killing', actions: 'noteKill' },
            AGENT_UNREACHABLE: 'unreachable',
          },
        },
        running: {
          tags: 'TASK_RUNNING',
          on: {
            KILL_REQUESTED: { target: 'killing', actions: 'noteKill' },
            AGENT_UNREACHABLE: 'unreachable',
          },
        },
        killing: {
          tags: 'TASK_KILLING',
          entry: 'orderKill',
          on: { AGENT_UNREACHABLE: 'unreachable' },
        },
        unreachable: {
          tags: 'TASK_UNREACHABLE',
          on: {
            KILL_REQUESTED: { actions: 'noteKill' },
            ATTEMPT_STAGING: [
              { guard: 'killWasRequested', target: 'killing' },
              { target: 'staging' },
            ],
            ATTEMPT_STARTING: [
              { guard: 'killWasRequested', target: 'killing' },
              { target: 'starting' },
            ],
            ATTEMPT_RUNNING: [
              { guard: 'killWasRequested', target: 'killing' },
              { target: 'running' },
            ],
          },
        },
      },
    },
    /** Its resources are free; the framework has not acknowledged the end. */
    ended: {
      initial: 'lost',
      on: { END_ACKNOWLEDGED: 'forgotten' },
      states: {
        finished: { tags: 'TASK_FINISHED' },
        failed: { tags: 'TASK_FAILED' },
        killed: { tags: 'TASK_KILLED' },
        lost: { tags: 'TASK_LOST' },
      },
    },
    forgotten: { type: 'final', entry: 'forget' },
  },
});
