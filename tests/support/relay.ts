/** Between a process and the nats-server of the same machine: passes bytes on until the process is to be cut off. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Relay {
  private readonly server: Server;
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private isSilent = false;
  private isCut = false;

  private constructor(port: number) {
    this.server = createServer((near) => {
      if (this.isCut) near.destroy();
      else this.join(near, connect(port, '127.0.0.1'));
    });
  }

  static async start(port: number): Promise<Relay> {
    const relay = new Relay(port);
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  get natsUrl(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends all connections and takes no new ones. */
  cut(): void {
    this.isCut = true;
    for (const sockets of this.pairs) for (const socket of sockets) socket.destroy();
  }

  /** Connections stay, but nothing passes; what was sent meanwhile comes late, in order, unless a side has given up. */
  silence(): void {
    this.isSilent = true;
    for (const sockets of this.pairs) for (const socket of sockets) socket.pause();
  }

  mend(): void {
    this.isCut = false;
    this.isSilent = false;
    for (const sockets of this.pairs) for (const socket of sockets) socket.resume();
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay(true);
      from.on('data', (bytes) => to.write(bytes));
      // A reset is an end like any other: 'close' follows.
      from.on('error', () => undefined);
      from.on('close', () => {
        this.pairs.delete(pair);
        to.destroy();
      });
      if (this.isSilent) from.pause();
    }
  }
}
