/**
 * A task, from its request to its one final state: Mesos' states, with blocked and queued before staging.
 *
 * The framework of the task requests runs it, beside the leading master. The tree holds its snapshot: the innermost state's name and the context, which is kept
 * as small as the guards need. A task begins blocked; one without open dependencies is queued in the same turn.
 * A dependency that did not finish ends the task in `error`, because nothing that this task could try would help.
 */
import { assign, setup } from 'xstate';

export const taskMachine = setup({
  types: {
    context: {} as { attemptsLeft: number; killRequested: boolean },
    input: {} as { attempts: number },
    events: {} as
      | { type: 'DEPENDENCIES_FINISHED' }
      | { type: 'DEPENDENCY_FAILED' }
      | { type: 'LAUNCHED' }
      | { type: 'RETRY_DUE' }
      | { type: 'KILL_REQUESTED' }
      | { type: 'ATTEMPT_STAGING' }
      | { type: 'ATTEMPT_STARTING' }
      | { type: 'ATTEMPT_RUNNING' }
      | { type: 'ATTEMPT_FINISHED' }
      | { type: 'ATTEMPT_FAILED' }
      | { type: 'ATTEMPT_KILLED' }
      | { type: 'ATTEMPT_LOST' }
      | { type: 'ATTEMPT_REFUSED' }
      | { type: 'AGENT_UNREACHABLE' },
  },
  actions: {
    /** Asks for its resources. */
    joinLine: () => undefined,
    /** Asks no more. */
    leaveLine: () => undefined,
    scheduleRetry: () => undefined,
    cancelRetry: () => undefined,
    useAttempt: assign({ attemptsLeft: ({ context }) => context.attemptsLeft - 1 }),
    /** It never ran. */
    giveAttemptBack: assign({ attemptsLeft: ({ context }) => context.attemptsLeft + 1 }),
    /** Launches its attempt out of the offer. */
    orderLaunch: () => undefined,
    noteKill: assign({ killRequested: true }),
    orderKill: () => undefined,
    /** Its attempt holds nothing any more. */
    freeResources: () => undefined,
    /** The final state: dependents are told. */
    concludeTask: () => undefined,
  },
  guards: {
    mayRetry: ({ context }) => context.attemptsLeft > 0 && !context.killRequested,
    killWasRequested: ({ context }) => context.killRequested,
  },
}).createMachine({
  id: 'task',
  context: ({ input }) => ({ attemptsLeft: input.attempts, killRequested: false }),
  initial: 'waiting',
  states: {
    waiting: {
      initial: 'blocked',
      on: { KILL_REQUESTED: '#task.killed' },
      states: {
        blocked: {
          tags: 'TASK_BLOCKED',
          on: { DEPENDENCIES_FINISHED: 'queued', DEPENDENCY_FAILED: '#task.error' },
        },
        queued: {
          tags: 'TASK_QUEUED',
          entry: 'joinLine',
          exit: 'leaveLine',
          on: {
            LAUNCHED: { target: '#task.active.staging', actions: ['useAttempt', 'orderLaunch'] },
          },
        },
        retrying: {
          tags: 'TASK_QUEUED',
          entry: 'scheduleRetry',
          exit: 'cancelRetry',
          on: { RETRY_DUE: 'queued' },
        },
      },
    },
    active: {
      initial: 'staging',
      exit: 'freeResources',
      on: {
        ATTEMPT_FINISHED: 'finished',
        ATTEMPT_FAILED: [{ guard: 'mayRetry', target: 'waiting.retrying' }, { target: 'failed' }],
        ATTEMPT_KILLED: [{ guard: 'mayRetry', target: 'waiting.retrying' }, { target: 'killed' }],
        ATTEMPT_LOST: [{ guard: 'mayRetry', target: 'waiting.retrying' }, { target: 'lost' }],
        ATTEMPT_REFUSED: [
          { guard: 'killWasRequested', target: 'killed' },
          { target: 'waiting.retrying', actions: 'giveAttemptBack' },
        ],
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
    finished: { type: 'final', tags: 'TASK_FINISHED', entry: 'concludeTask' },
    failed: { type: 'final', tags: 'TASK_FAILED', entry: 'concludeTask' },
    killed: { type: 'final', tags: 'TASK_KILLED', entry: 'concludeTask' },
    error: { type: 'final', tags: 'TASK_ERROR', entry: 'concludeTask' },
    lost: { type: 'final', tags: 'TASK_LOST', entry: 'concludeTask' },
  },
});
