/** The TCP port over Node's sockets. A connection that fails is closed: whoever holds it is told that, once. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Logger, Tcp, TcpAddress, TcpConnection, TcpHandlers } from '../actors/actor.ts';
import { assert } from '../protocol/errors.ts';
import type { ClientTls } from './tls/client-tls.ts';

export interface TcpOptions {
  /** Of secure addresses; without it there can be none. */
  readonly tls?: ClientTls | undefined;
  /** Told of clients that could not agree with this side about TLS. */
  readonly log: Logger;
}

/** A client that has not finished it then has another purpose. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export function openTcp({ tls, log }: TcpOptions): Tcp & { close(): void } {
  const sockets = new Set<Socket>();
  const closers = new Set<() => void>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  return {
    listen(address, accept, failed) {
      const { host, port, backlog } = address;
      const accepted = (socket: Socket, subject?: string) =>
        attend(socket, accept(connectionOf(socket, subject)));
      const secure =
        address.tls === undefined ? undefined : secureServer(address, tls, log, keep, accepted);
      const open = (plain: (socket: Socket) => void) =>
        createServer({ noDelay: true, keepAlive: true }, (socket) => {
          keep(socket);
          plain(socket);
        });
      const server =
        address.tls === 'offered'
          ? open((socket) => sortByFirstByte(socket, tls as ClientTls, secure as Server, accepted))
          : (secure ?? open(accepted));
      server.on('error', (error) => failed(error.message));
      server.listen({ port, host, backlog });
      const close = () => {
        closers.delete(close);
        server.close();
        // Where TLS is only offered it listens nowhere itself, but hears of new keys.
        if (secure !== server) secure?.close();
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

function secureServer(
  { host, port }: TcpAddress,
  tls: ClientTls | undefined,
  log: Logger,
  keep: (socket: Socket) => void,
  accepted: (socket: Socket, subject: string | undefined) => void,
): Server {
  assert(tls !== undefined, `there are no keys for the secure address ${host}:${port}`);
  const handshakeTimeout = HANDSHAKE_TIMEOUT_MS;
  const server = createTlsServer({
    ...tls.options,
    ...{ noDelay: true, keepAlive: true, handshakeTimeout },
  });
  const forget = tls.onRenewal((options) => server.setSecureContext(options));
  server.once('close', forget);
  const refused = (socket: Socket, reason: string) => {
    const { remoteAddress: address } = socket;
    log.info('TLS refused', { address, port, reason });
  };
  server.on('connection', keep);
  server.on('tlsClientError', (error, socket) => {
    // A certificate that is not believed ends the connection, of which the error only says that it ended.
    const { authorizationError } = socket as {
      readonly authorizationError?: Error | string | null;
    };
    refused(socket, String(authorizationError ?? error.message));
  });
  server.on('secureConnection', (socket) => {
    keep(socket);
    const proof = proofOf(socket, tls);
    if ('refused' in proof) {
      refused(socket, proof.refused);
      socket.destroy();
    } else accepted(socket, proof.subject);
  });
  return server;
}

/** Where a certificate is only wanted the handshake goes on with a wrong one; that of another address is wrong too. */
function proofOf(
  socket: TLSSocket,
  { options, subjectOf, verifiesAddress }: ClientTls,
): { readonly subject: string | undefined } | { readonly refused: string } {
  const certificate = socket.getPeerX509Certificate();
  if (options.requestCert !== true || certificate === undefined) return { subject: undefined };
  if (!socket.authorized) return { refused: String(socket.authorizationError) };
  const address = plainAddress(socket.remoteAddress ?? '');
  if (verifiesAddress && certificate.checkIP(address) === undefined)
    return { refused: `its certificate does not name the address ${address}` };
  return { subject: subjectOf(certificate.raw) };
}

/** Of a record that begins a handshake; the first byte of a frame's length is far below it. */
const TLS_HANDSHAKE = 0x16;

/** The server for TLS takes over what begins as TLS does. */
function sortByFirstByte(
  socket: Socket,
  { detectionTimeoutMs }: ClientTls,
  secure: Server,
  accepted: (socket: Socket) => void,
): void {
  const giveUp = () => socket.destroy();
  socket.setTimeout(detectionTimeoutMs, giveUp);
  socket.once('error', giveUp);
  socket.once('readable', () => {
    const first = socket.read(1) as Buffer | null;
    socket.setTimeout(0).off('timeout', giveUp).off('error', giveUp);
    if (first === null) {
      socket.destroy();
      return;
    }
    socket.unshift(first);
    if (first[0] === TLS_HANDSHAKE) secure.emit('connection', socket);
    else accepted(socket);
  });
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}

function connectionOf(socket: Socket, subject: string | undefined): TcpConnection {
  return {
    remoteAddress: plainAddress(socket.remoteAddress ?? ''),
    remotePort: socket.remotePort ?? 0,
    isSecure: isTls(socket),
    subject,
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
