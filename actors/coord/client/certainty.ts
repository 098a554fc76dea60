/**
 * Self-fencing: for how long a session is certain to be alive still. The quorum gives a session away no sooner than its
 * timeout after it last answered, so a client that has heard from it lately knows this without asking.
 */
import type { Clock } from '../../actor.ts';
import type { CoordClient } from './contract.ts';

/**
 * Milliseconds until the session may have been given away, less the margin; zero or below when it may have been. A holder
 * that is cut off from the quorum may go on answering for 1.1 s (twice its election timeout, and its patience): the margin
 * is 2 s by default, half the timeout at most.
 */
export function certainForMs(client: CoordClient, clock: Clock, marginMs?: number): number {
  if (client.state !== 'connected' && client.state !== 'suspended') return 0;
  const margin = marginMs ?? Math.min(2_000, client.timeoutMs / 2);
  return client.lastHeardMs + client.timeoutMs - margin - clock.monotonicMs();
}
