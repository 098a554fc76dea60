/** The TCP port over Node's sockets. A connection that fails is closed: whoever holds it is told that, once. */
import { createServer, type Socket } from 'node:net';
import type { Tcp, TcpConnection, TcpHandlers } from '../actors/actor.ts';

export function openTcp(): Tcp & { close(): void } {
  const sockets = new Set<Socket>();
  const closers = new Set<() => void>();
  return {
    listen({ host, port }, accept, failed) {
      const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        attend(socket, accept(connectionOf(socket)));
      });
      server.on('error', (error) => failed(error.message));
      server.listen(port, host);
      const close = () => {
        closers.delete(close);
        server.close();
      };
      closers.add(close);
      return { close };
    },
    /** Of the process: what is still connected is cut off. */
    close() {
      for (const close of closers) close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function connectionOf(socket: Socket): TcpConnection {
  return {
    remoteAddress: plainAddress(socket.remoteAddress ?? ''),
    remotePort: socket.remotePort ?? 0,
    get waitingBytes() {
      return socket.writableLength;
    },
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    end: () => socket.destroySoon(),
    destroy: () => {
      socket.destroy();
    },
  };
}

function attend(socket: Socket, handlers: TcpHandlers): void {
  socket.on('data', (bytes) => handlers.data(bytes as Buffer));
  socket.on('drain', () => handlers.drained());
  // 'close' follows, and says all that there is to do about it.
  socket.on('error', () => undefined);
  socket.on('close', () => handlers.closed());
}

/** `::ffff:127.0.0.1` is 127.0.0.1 to everybody who writes ACLs. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
