/** The page as `mesozoo inspect --serve` serves it, told what it shows by whoever holds the other end, not by a cluster. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { refusedCode, type ServerMessage, type WatchRequest } from '../model/wire.ts';
import { PageFiles } from '../server/files.ts';
import { answer } from '../server/server.ts';

const host = '127.0.0.1';

export interface PageServer {
  readonly url: string;
  readonly port: number;
  send(message: ServerMessage): void;
  /** Drops every connection; new ones are accepted. */
  drop(): void;
  /** Closes every connection as one that has asked for what it may not. */
  refuse(reason: string): void;
  stop(): Promise<void>;
}

export interface PageServerParts {
  readonly port?: number;
  /** What a page is told when it comes. */
  readonly greeting: () => readonly ServerMessage[];
  readonly onWatch: (sessionIds: readonly string[]) => void;
}

export async function startPageServer(parts: PageServerParts): Promise<PageServer> {
  const files = new PageFiles();
  const http = createServer((request, response) => void answer(request, response, files, host));
  const sockets = new WebSocketServer({ server: http, path: '/live' });
  const tell = (socket: WebSocket, message: ServerMessage) => socket.send(JSON.stringify(message));
  sockets.on('connection', (socket) => {
    for (const message of parts.greeting()) tell(socket, message);
    socket.on('message', (data) => {
      parts.onWatch((JSON.parse(String(data)) as WatchRequest).watch);
    });
  });
  http.listen(parts.port ?? 0, host);
  await once(http, 'listening');
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const drop = () => {
    for (const socket of sockets.clients) socket.terminate();
  };
  return {
    url: `http://${host}:${address.port}/`,
    port: address.port,
    send(message) {
      for (const socket of sockets.clients) tell(socket, message);
    },
    drop,
    refuse(reason) {
      for (const socket of sockets.clients) socket.close(refusedCode, reason);
    },
    async stop() {
      drop();
      sockets.close();
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}
