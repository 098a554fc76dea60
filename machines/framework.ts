/**
 * A framework as the master sees it: Mesos' subscription, suppression and failover.
 *
 * The allocator offers resources to a subscribed framework that is not suppressed, and to no other. A framework that
 * disconnects keeps its tasks until its failover timeout has passed.
 */
import { setup } from 'xstate';

export const frameworkMachine = setup({
  types: {
    context: {} as { failoverTimeoutMs: number },
    input: {} as { failoverTimeoutMs: number },
    events: {} as
      | { type: 'SUBSCRIBE_RECEIVED' }
      | { type: 'SUBSCRIBED' }
      | { type: 'REFUSED' }
      | { type: 'SUPPRESSED' }
      | { type: 'REVIVED' }
      | { type: 'DISCONNECTED' }
      | { type: 'TORN_DOWN' },
  },
  actions: {
    activateFramework: () => undefined,
    deactivateFramework: () => undefined,
    suppressOffers: () => undefined,
    reviveOffers: () => undefined,
    /** Writes the framework's znode. */
    recordFramework: () => undefined,
    /** Ends its tasks; its id can never subscribe again. */
    forgetFramework: () => undefined,
  },
  delays: { failoverTimeout: ({ context }) => context.failoverTimeoutMs },
}).createMachine({
  id: 'framework',
  context: ({ input }) => ({ failoverTimeoutMs: input.failoverTimeoutMs }),
  initial: 'registering',
  on: { TORN_DOWN: '.tornDown' },
  states: {
    registering: { on: { SUBSCRIBE_RECEIVED: 'subscribing' } },
    subscribing: {
      entry: 'recordFramework',
      on: { SUBSCRIBED: 'subscribed', REFUSED: 'tornDown', DISCONNECTED: 'disconnected' },
    },
    subscribed: {
      entry: 'activateFramework',
      exit: 'deactivateFramework',
      initial: 'active',
      on: { DISCONNECTED: 'disconnected', SUBSCRIBE_RECEIVED: 'failingOver' },
      states: {
        active: { on: { SUPPRESSED: 'suppressed' } },
        suppressed: {
          entry: 'suppressOffers',
          exit: 'reviveOffers',
          on: { REVIVED: 'active' },
        },
      },
    },
    disconnected: {
      on: { SUBSCRIBE_RECEIVED: 'failingOver' },
      after: { failoverTimeout: 'tornDown' },
    },
    /** Another instance subscribes under the same id; the older one is told that it was failed over. */
    failingOver: {
      entry: 'recordFramework',
      on: { SUBSCRIBED: 'subscribed', DISCONNECTED: 'disconnected' },
    },
    tornDown: { type: 'final', entry: 'forgetFramework' },
  },
});
