/** `mesozoo inspect --stately URL`: sends the events to a receiver of Stately's inspector, until Ctrl-C. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { MesozooError } from '../../protocol/errors.ts';
import type { Inspected } from '../../protocol/inspection-api.ts';
import { InspectionListener } from '../../runtime/inspection/listener.ts';
import { Feed } from '../../web/server/feed.ts';
import { StatelyFilter, statelyWanted } from '../../web/server/stately.ts';
import { type Context, interrupted } from '../context.ts';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { foreignText } from '../foreign-text.ts';

const OPEN_MS = 5000;

/** Throws UNAVAILABLE when nobody takes the events, CONNECTION_LOST when nobody does any more. */
export async function feedStately(
  context: Context,
  url: string,
  wanted: readonly Inspected[],
): Promise<number> {
  const { ports, cluster } = context.connection;
  const socket = await open(url);
  const feed = new Feed(socket, 'single');
  const filter = new StatelyFilter(wanted);
  const listener = new InspectionListener({
    ...ports,
    cluster,
    heard: (event) => {
      if (filter.takes(event)) feed.add(JSON.stringify(event));
    },
    trouble: (message) => {
      if (message !== undefined) context.note(`mesozoo: ${foreignText(message)}`);
    },
  });
  listener.watch(statelyWanted(wanted));
  context.note(`Events of "${cluster}" go to ${url}. Ctrl-C ends it.`);
  const closed = once(socket, 'close').then(() => undefined);
  const signal = await Promise.race([interrupted(context), closed]);
  listener.end();
  feed.end();
  socket.close();
  if (signal === undefined)
    throw new MesozooError('CONNECTION_LOST', `the receiver at ${url} has closed the connection`);
  return exitCodeOfSignal(signal);
}

async function open(url: string): Promise<WebSocket> {
  try {
    const socket = new WebSocket(url, { handshakeTimeout: OPEN_MS });
    await once(socket, 'open');
    // What goes wrong from now on closes it, which is seen.
    socket.on('error', () => undefined);
    return socket;
  } catch (cause) {
    throw new MesozooError(
      'UNAVAILABLE',
      `no receiver of the inspector answers at ${url}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
