/** The WebSocket to the server: kept open, opened again when it drops, and told which actors are watched. */
import { refusedCode, type ServerMessage, type WatchRequest } from '../model/wire.ts';
import { backoffMs } from './backoff.ts';

export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** Dropped; `retryAt` is of the browser's clock. */
  | { readonly state: 'lost'; readonly retryAt: number }
  /** The server does not take what this page sends, and would not the next time: nothing is tried by itself. */
  | { readonly state: 'refused'; readonly reason: string };

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
      parts.onState({ state: 'open' });
      watch(parts.watched());
    });
    opening.addEventListener('message', ({ data }) => {
      // Not before: a server that closes what it has just accepted is no better than one that does not answer.
      failures = 0;
      parts.onMessage(JSON.parse(String(data)) as ServerMessage);
    });
    opening.addEventListener('close', ({ code, reason }) => {
      if (socket !== opening) return;
      socket = undefined;
      if (code === refusedCode) {
        parts.onState({ state: 'refused', reason });
        return;
      }
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
