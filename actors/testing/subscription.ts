/** For transports that hand over what they carry within the call: nothing is ever under way. */
import type { Subscription } from '../actor.ts';

export function subscriptionOf(unsubscribe: () => void): Subscription {
  return {
    unsubscribe,
    drain: (drained) => {
      unsubscribe();
      queueMicrotask(drained);
    },
  };
}
