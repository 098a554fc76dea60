/**
 * The `nats` package's TCP transport, closed hard.
 *
 * The package's own waits, on a stale connection, until everything buffered has been written: to a paused server that
 * takes for ever. And a dial that times out leaves its socket behind: when the paused server goes on and closes that
 * socket, the package takes it for the end of the live connection. Here a connection that is given up is destroyed.
 */
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/nats-base-client/internal_mod.js';
import type { ConnectionOptions, NatsConnection } from 'nats/lib/src/mod.js';
import { NodeTransport, nodeResolveHost } from 'nats/lib/src/node_transport.js';

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
    dnsResolveFn: nodeResolveHost,
  });
  return NatsConnectionImpl.connect(options);
}
