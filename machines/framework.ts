/**
 * A framework as the master sees it: Mesos' subscription, suppression and failover.
 *
 * The allocator offers resources to a subscribed framework that is not suppressed, and to no other. A framework that
 * disconnects keeps its tasks until its failover timeout has passed; so does one that a new leader has found in the
 * tree, until it subscribes with it.
 */
import { assign, setup } from 'xstate';

export const frameworkMachine = setup({
  types: {
    context: {} as { failoverTimeoutMs: number },
    input: {} as { failoverTimeoutMs: number },
    events: {} as
      | { type: 'SUBSCRIBE_RECEIVED'; failoverTimeoutMs: number }
      /** A new leader has found it in the tree. */
      | { type: 'RECOVERED' }
      | { type: 'SUBSCRIBED' }
      | { type: 'SUPPRESSED' }
      | { type: 'REVIVED' }
      | { type: 'DISCONNECTED' }
      | { type: 'TORN_DOWN' },
  },
  actions: {
    noteFailoverTimeout: assign(({ context, event }) => ({
      failoverTimeoutMs:
        'failoverTimeoutMs' in event ? event.failoverTimeoutMs : context.failoverTimeoutMs,
    })),
    activateFramework: () => undefined,
    deactivateFramework: () => undefined,
    suppressOffers: () => undefined,
    reviveOffers: () => undefined,
    /** Writes the framework's znode. */
    recordFramework: () => undefined,
    /** Ends its tasks; its id can never subscribe again. */
    forgetFramework: () => undefined,
  },
  delays: {
    failoverTimeout: ({ context }) => context.failoverTimeoutMs,
    reregisterTimeout: 30_000,
  },
}).createMachine({
  id: 'framework',
  context: ({ input }) => ({ failoverTimeoutMs: input.failoverTimeoutMs }),
  initial: 'registering',
  on: { TORN_DOWN: '.tornDown' },
  states: {
    registering: {
      on: {
        SUBSCRIBE_RECEIVED: { target: 'subscribing', actions: 'noteFailoverTimeout' },
        RECOVERED: 'awaited',
      },
    },
    /** Its znode is being written. */
    subscribing: {
      entry: 'recordFramework',
      on: {
        SUBSCRIBED: 'subscribed',
        SUBSCRIBE_RECEIVED: {
          target: 'subscribing',
          reenter: true,
          actions: 'noteFailoverTimeout',
        },
        DISCONNECTED: 'disconnected',
      },
    },
    subscribed: {
      entry: 'activateFramework',
      exit: 'deactivateFramework',
      initial: 'active',
      on: {
        DISCONNECTED: 'disconnected',
        SUBSCRIBE_RECEIVED: { target: 'failingOver', actions: 'noteFailoverTimeout' },
      },
      states: {
        active: { on: { SUPPRESSED: 'suppressed' } },
        suppressed: {
          entry: 'suppressOffers',
          exit: 'reviveOffers',
          on: { REVIVED: 'active' },
        },
      },
    },
    /** The leader has changed: the framework needs a while to find the new one. */
    awaited: {
      on: { SUBSCRIBE_RECEIVED: { target: 'failingOver', actions: 'noteFailoverTimeout' } },
      after: { reregisterTimeout: 'disconnected' },
    },
    disconnected: {
      on: { SUBSCRIBE_RECEIVED: { target: 'failingOver', actions: 'noteFailoverTimeout' } },
      after: { failoverTimeout: 'tornDown' },
    },
    /** Another instance, or the same one anew, subscribes under the same id; an older one is told that it was failed over. */
    failingOver: {
      entry: 'recordFramework',
      on: {
        SUBSCRIBED: 'subscribed',
        SUBSCRIBE_RECEIVED: {
          target: 'failingOver',
          reenter: true,
          actions: 'noteFailoverTimeout',
        },
        DISCONNECTED: 'disconnected',
      },
    },
    tornDown: { type: 'final', entry: 'forgetFramework' },
  },
});
