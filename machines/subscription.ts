/**
 * A framework's subscription, as the framework lives through it: subscribed anew whenever the leading master changes,
 * the connection breaks or an event is lost, until the framework is over for good.
 *
 * Calls, events and heartbeats do not pass through here; that one was lost does.
 */
import { setup } from 'xstate';

export type SubscriptionEvent =
  | { readonly type: 'OPENED' }
  | { readonly type: 'CONNECTED' }
  | { readonly type: 'DISCONNECTED' }
  /** The master has answered, and its event SUBSCRIBED is here. */
  | { readonly type: 'SUBSCRIBED' }
  /** Not now: nobody leads, or the leader has no time. */
  | { readonly type: 'PUT_OFF' }
  /** Not ever: what was sent is wrong. */
  | { readonly type: 'REJECTED' }
  /** An event or an answer is missing, or the master knows nothing of this subscription any more. */
  | { readonly type: 'LOST' }
  /**
   * The master has said that the subscription is over, maybe before it had begun: another instance of the framework has
   * taken its place.
   */
  | { readonly type: 'DISMISSED' }
  | { readonly type: 'TORN_DOWN' }
  | { readonly type: 'CLOSED' };

export const subscriptionMachine = setup({
  types: { events: {} as SubscriptionEvent },
  actions: {
    sendSubscribe: () => undefined,
    forgetSubscribe: () => undefined,
    beginSubscription: () => undefined,
    /** Whoever still waits for an answer is told that none will come. */
    endSubscription: () => undefined,
    release: () => undefined,
  },
  delays: { answerTimeout: 5000, backoff: 200 },
}).createMachine({
  id: 'subscription',
  initial: 'idle',
  on: { CLOSED: '.closed', TORN_DOWN: '.tornDown' },
  states: {
    idle: { on: { OPENED: 'disconnected' } },
    disconnected: { on: { CONNECTED: 'subscribing' } },
    subscribing: {
      entry: 'sendSubscribe',
      exit: 'forgetSubscribe',
      after: { answerTimeout: 'waiting' },
      on: {
        SUBSCRIBED: 'subscribed',
        PUT_OFF: 'waiting',
        LOST: 'waiting',
        REJECTED: 'rejected',
        DISMISSED: 'dismissed',
        DISCONNECTED: 'disconnected',
      },
    },
    waiting: {
      after: { backoff: 'subscribing' },
      on: { DISCONNECTED: 'disconnected' },
    },
    subscribed: {
      entry: 'beginSubscription',
      exit: 'endSubscription',
      on: { LOST: 'waiting', DISMISSED: 'dismissed', DISCONNECTED: 'disconnected' },
    },
    rejected: { type: 'final', entry: 'release' },
    dismissed: { type: 'final', entry: 'release' },
    tornDown: { type: 'final', entry: 'release' },
    closed: { type: 'final', entry: 'release' },
  },
});
