/** Serves the page as `mesozoo inspect --serve` does, fed by whoever holds the other end instead of by a cluster. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerMessage, WatchRequest } from '../model/wire.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface PageServer {
  readonly url: string;
  readonly port: number;
  send(message: ServerMessage): void;
  /** Drops every connection; new ones are accepted. */
  drop(): void;
  stop(): Promise<void>;
}

export interface PageServerParts {
  readonly port?: number;
  /** What a page is told when it comes. */
  readonly greeting: () => readonly ServerMessage[];
  readonly onWatch: (sessionIds: readonly string[]) => void;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
};

export async function startPageServer(parts: PageServerParts): Promise<PageServer> {
  const http = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    try {
      const body = await contentOf(path === '/' ? '/index.html' : path);
      response.setHeader('content-type', types[extname(path) || '.html'] ?? 'text/plain');
      response.end(body);
    } catch {
      response.writeHead(404).end(`there is no ${path}`);
    }
  });
  const sockets = new WebSocketServer({ server: http, path: '/live' });
  const tell = (socket: WebSocket, message: ServerMessage) => socket.send(JSON.stringify(message));
  sockets.on('connection', (socket) => {
    for (const message of parts.greeting()) tell(socket, message);
    socket.on('message', (data) => {
      parts.onWatch((JSON.parse(String(data)) as WatchRequest).watch);
    });
  });
  http.listen(parts.port ?? 0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const drop = () => {
    for (const socket of sockets.clients) socket.terminate();
  };
  return {
    url: `http://127.0.0.1:${address.port}/`,
    port: address.port,
    send(message) {
      for (const socket of sockets.clients) tell(socket, message);
    },
    drop,
    async stop() {
      drop();
      sockets.close();
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

async function contentOf(path: string): Promise<string | Buffer> {
  if (path.startsWith('/lib/')) return readFile(join(root, 'node_modules', path.slice(5)));
  const content = await readFile(join(root, 'web', path));
  return path.endsWith('.ts') ? stripTypeScriptTypes(String(content)) : content;
}
