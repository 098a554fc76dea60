/**
 * The `nats` package's TCP transport, closed hard, and its names resolved without patience.
 *
 * The package's own waits, on a stale connection, until everything buffered has been written: to a paused server that
 * takes for ever. And a dial that times out leaves its socket behind: when the paused server goes on and closes that
 * socket, the package takes it for the end of the live connection. Here a connection that is given up is destroyed.
 */
import { Resolver } from 'node:dns/promises';
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/nats-base-client/internal_mod.js';
import type { ConnectionOptions, NatsConnection } from 'nats/lib/src/mod.js';
import { NodeTransport } from 'nats/lib/src/node_transport.js';

const RESOLVE_MS = 1000;

/**
 * The addresses of a server, or its name as it is where the name servers have none. One of several servers that is down
 * may have no name any more (a stopped container): name servers that are silent about it, for which the package would
 * wait for half a minute, must not keep us from the others.
 */
export async function resolveBriefly(
  hostname: string,
  resolver = new Resolver({ timeout: RESOLVE_MS, tries: 1 }),
): Promise<string[]> {
  const answers = await Promise.allSettled([
    resolver.resolve4(hostname),
    resolver.resolve6(hostname),
  ]);
  const addresses = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value : [],
  );
  return addresses.length > 0 ? addresses : [hostname];
}

class HardClosingSocket extends NodeTransport {
  private givenUp = false;

  override async connect(
    server: { hostname: string; port: number; tlsName: string },
    options: ConnectionOptions,
  ): Promise<void> {
    await super.connect(server, options);
    if (this.givenUp) this.socket?.destroy();
  }

  /** Called with an error when a dial failed. */
  override async close(error?: Error): Promise<void> {
    this.givenUp = true;
    if (!this.connected) {
      this.done = true;
      this.socket?.destroy();
      return;
    }
    await super.close(error);
  }

  /** Called when pings go unanswered. */
  override disconnect(): void {
    this.socket?.destroy();
    super.disconnect();
  }
}

export function connectHard(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({
    factory: () => new HardClosingSocket(),
    dnsResolveFn: (hostname: string) => resolveBriefly(hostname),
  });
  return NatsConnectionImpl.connect(options);
}
