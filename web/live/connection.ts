/** The WebSocket to the server: kept open, opened again when it drops, and told which actors are watched. */
import type { ServerMessage, WatchRequest } from '../model/wire.ts';
import { backoffMs } from './backoff.ts';

export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** Dropped, or refused; `retryAt` is of the browser's clock. */
  | { readonly state: 'lost'; readonly retryAt: number };

export interface ConnectionParts {
  readonly url: string;
  readonly onState: (state: ConnectionState) => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** Asked at every opening: a new connection knows nothing of an older one. */
  readonly watched: () => readonly string[];
}

export interface Connection {
  /** Tells the server; without a connection the next one does. */
  watch(sessionIds: readonly string[]): void;
  /** Does not wait for the next try. */
  retryNow(): void;
}

export function connectLive(parts: ConnectionParts): Connection {
  let socket: WebSocket | undefined;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = () => {
    clearTimeout(timer);
    const opening = new WebSocket(parts.url);
    socket = opening;
    opening.addEventListener('open', () => {
      failures = 0;
      parts.onState({ state: 'open' });
      watch(parts.watched());
    });
    opening.addEventListener('message', ({ data }) =>
      parts.onMessage(JSON.parse(String(data)) as ServerMessage),
    );
    opening.addEventListener('close', () => {
      if (socket !== opening) return;
      socket = undefined;
      failures += 1;
      const waitMs = backoffMs(failures);
      parts.onState({ state: 'lost', retryAt: Date.now() + waitMs });
      timer = setTimeout(open, waitMs);
    });
  };
  const watch = (sessionIds: readonly string[]) => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    const request: WatchRequest = { watch: sessionIds };
    socket.send(JSON.stringify(request));
  };
  open();
  return {
    watch,
    retryNow() {
      if (socket === undefined) open();
    },
  };
}
