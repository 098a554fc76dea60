/**
 * Who may talk to the page's server. It binds to loopback, but every page that a browser has open could reach it there:
 * by a name of its own that it lets point to 127.0.0.1 (DNS rebinding), or with a WebSocket, which no browser keeps
 * to its own origin. So the name that was asked for must be one of ours, and the origin the page's own.
 */

import { isIP } from 'node:net';
import { hostname } from 'node:os';

export interface Asked {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** `boundTo`: the address or name that the server was told to listen on. Says what is wrong, if anything is. */
export function refusalOf({ host, origin }: Asked, boundTo: string): string | undefined {
  if (host === undefined) return 'a request needs a Host header';
  const name = nameOf(host);
  if (name === undefined || !isOurs(name, boundTo))
    return `this server is not ${JSON.stringify(host.slice(0, 200))}: open it by its address`;
  // Only browsers send one, and they always do where it matters.
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
    return `a page of ${JSON.stringify(origin.slice(0, 200))} may not read this cluster`;
  return undefined;
}

/** Without the port. */
function nameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host);
  return match?.[1] ?? match?.[2]?.toLowerCase();
}

/** An address cannot be made to point elsewhere. */
function isOurs(name: string, boundTo: string): boolean {
  return (
    isIP(name) !== 0 ||
    name === 'localhost' ||
    name === boundTo.toLowerCase() ||
    name === hostname().toLowerCase()
  );
}
