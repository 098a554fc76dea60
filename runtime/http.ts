/** The HTTP port over Node's server: small pages, each made by whoever listens. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Http, HttpRequest } from '../actors/actor.ts';

/** A page is asked for in one line and some headers; whoever is slower than this has another purpose. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADER_BYTES_MAX = 16 * 1024;
/** Of one port: monitors need one or two. */
const CONNECTIONS_MAX = 256;

export function openHttp(): Http & { close(): void } {
  const servers = new Set<Server>();
  return {
    listen({ host, port }, handler, failed) {
      const options = {
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        maxHeaderSize: HEADER_BYTES_MAX,
      };
      const server = createServer(options, (request, response) => {
        // What it carries is of no use to anybody, and must not keep the connection waiting.
        request.resume();
        const asked = askedOf(request);
        if (asked === undefined) {
          response.writeHead(400, { connection: 'close' }).end();
          return;
        }
        handler({ method: request.method ?? '', ...asked }, ({ status, contentType, body }) => {
          response.writeHead(status, {
            'content-type': contentType,
            'content-length': Buffer.byteLength(body),
            ...(status === 405 && { allow: 'GET, HEAD' }),
          });
          response.end(body);
        });
      });
      server.maxConnections = CONNECTIONS_MAX;
      server.on('error', (error) => failed(error.message));
      server.listen(port, host);
      servers.add(server);
      const close = () => {
        servers.delete(server);
        server.close();
        server.closeAllConnections();
      };
      return { close };
    },
    close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** Undefined for what can be no path. */
function askedOf({ url = '' }: IncomingMessage): Pick<HttpRequest, 'path' | 'query'> | undefined {
  try {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    return { path: decodeURIComponent(pathname), query: new Map([...searchParams].reverse()) };
  } catch (error) {
    if (error instanceof URIError || error instanceof TypeError) return undefined;
    throw error;
  }
}
