/**
 * The server behind `mesozoo inspect --serve`: the page, and what it shows, over a WebSocket. It is a client of the
 * cluster like any other, and holds a light lease on all actors and a full one on those whose chart is open.
 *
 * `/live` is for the page. To it go `{hello}` first, then arrays of `{at, event}`: the past, then what happens;
 * `{dropped}` where it was too slow; `{trouble}` when something is wrong with the cluster's connection, and null when
 * not any more. From it comes `{watch: [session ids]}`. `/stately` is for receivers of `@statelyai/inspect`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock, Random, Transport } from '../../actors/actor.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { PageFiles, type ServedFile } from './files.ts';
import { refusalOf } from './guard.ts';
import { Live } from './live.ts';

export interface InspectionServerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: string;
  readonly version: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where the page's files lie; tests have their own. */
  readonly folder?: string;
}

export interface InspectionServer {
  /** `http://127.0.0.1:4280/` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** From a page come lists of session ids, no more. */
const RECEIVED_BYTES_MAX = 64 * 1024;
/** Pages and receivers at a time. */
const LISTENERS_MAX = 64;

/** Throws BAD_ARGUMENT when the address cannot be listened on. */
export async function serveInspection(options: InspectionServerOptions): Promise<InspectionServer> {
  const { host } = options;
  const files = new PageFiles(options.folder);
  const live = new Live(options);
  const http = createServer((request, response) => void answer(request, response, files, host));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: RECEIVED_BYTES_MAX });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // It is ours alone from here on: who resets it while it is refused must not end the process.
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(askedBy(request), host);
    const url = urlOf(request);
    if (refusal !== undefined) return refuse(socket, '403 Forbidden', refusal);
    if (url.pathname !== '/live' && url.pathname !== '/stately')
      return refuse(socket, '404 Not Found', 'WebSockets are at /live and /stately');
    if (sockets.clients.size >= LISTENERS_MAX)
      return refuse(socket, '503 Service Unavailable', 'too many pages are open');
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (url.pathname === '/live') live.addPage(opened);
      else live.addReceiver(opened, url.searchParams.getAll('actor'));
    });
  });
  try {
    await listen(http, host, options.port);
  } catch (cause) {
    live.end();
    throw new MesozooError(
      'BAD_ARGUMENT',
      `cannot serve on ${host}:${options.port}: ${(cause as Error).message} (choose another with --port)`,
      { cause },
    );
  }
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${urlHost(host)}:${port}/`,
    port,
    async close() {
      live.end();
      for (const socket of sockets.clients) socket.close(1001, 'the server ends');
      sockets.close();
      http.close();
      http.closeIdleConnections();
      const closed = once(http, 'close');
      const late = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        http.closeAllConnections();
      }, 300);
      await closed;
      clearTimeout(late);
    },
  };
}

async function listen(http: Server, host: string, port: number): Promise<void> {
  http.listen(port, host);
  await once(http, 'listening');
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function askedBy(request: IncomingMessage) {
  return { host: request.headers.host, origin: request.headers.origin };
}

function urlOf(request: IncomingMessage): URL {
  const path = request.url ?? '/';
  return URL.parse(path, 'http://localhost') ?? new URL('http://localhost/');
}

function refuse(socket: Duplex, status: string, why: string): void {
  // The other side may never close its half.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${why}\n`,
  );
}

/** Answers a request for one of the files; tests serve them in the same way. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: PageFiles,
  host: string,
): Promise<void> {
  const say = (status: number, text: string) =>
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  const refusal = refusalOf(askedBy(request), host);
  if (refusal !== undefined) return void say(403, refusal);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return void say(405, 'there is only GET here');
  const path = urlOf(request).pathname;
  try {
    const file = await files.read(path);
    if (file === undefined) return void say(404, `there is no ${path}`);
    sendFile(request, response, file);
  } catch (error) {
    say(500, `${path} cannot be served: ${(error as Error).message}`);
  }
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: ServedFile): void {
  const isKnown = request.headers['if-none-match'] === file.tag;
  response.writeHead(isKnown ? 304 : 200, {
    'content-type': file.type,
    etag: file.tag,
    'cache-control': 'no-cache',
    'content-security-policy': policy(file.scriptHashes),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  });
  response.end(isKnown || request.method === 'HEAD' ? undefined : file.body);
}

/** Only what comes from here runs, nothing is sent anywhere else, and no other page may frame this one. */
function policy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scriptHashes].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
