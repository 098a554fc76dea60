/** The znodes under which the system keeps its own state. The leading coord makes them; a master waits for them. */
import { treePaths } from '../../protocol/paths.ts';
import type { Clock, Logger } from '../actor.ts';
import type { CoordClient } from '../coord/client/contract.ts';

const LOOK_AGAIN_MS = 250;

/** Calls `there` once they are, while `wanted` says that somebody waits for it. */
export function awaitSystemTree(
  client: CoordClient,
  ports: { readonly clock: Clock; readonly log: Logger },
  wanted: () => boolean,
  there: () => void,
): void {
  // All are made by one multi: where one is, all are.
  client.request('exists', { path: treePaths.frameworks }, (answer) => {
    if (!wanted()) return;
    if (answer.ok && answer.value.exists) {
      there();
      return;
    }
    if (!answer.ok) ports.log.warn('system znodes not read', { error: answer.error.message });
    ports.clock.after(LOOK_AGAIN_MS, () => {
      if (wanted()) awaitSystemTree(client, ports, wanted, there);
    });
  });
}
