/** A port with TLS on real sockets, whose files change while it is open. */

import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SecureClientSettings } from '../../actors/coord/gateway/settings.ts';
import { silentLog } from '../../actors/testing/silent-log.ts';
import { type Authority, createAuthority, type Keys } from '../../tests/support/certificates.ts';
import { openTcp } from '../tcp.ts';
import { openClientTls } from './client-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesozoo-client-tls-'));
const file = (name: string) => join(folder, name);
let authority: Authority;
let first: Keys;
let second: Keys;
let client: Keys;
let neighbour: Keys;

beforeAll(() => {
  authority = createAuthority(folder, 'authority');
  first = authority.sign('first', '/CN=localhost/O=first');
  second = authority.sign('second', '/CN=localhost/O=second');
  client = authority.sign('client', '/CN=client', { alternativeNames: 'IP:127.0.0.1,URI:x:bob' });
  neighbour = authority.sign('neighbour', '/CN=neighbour', { alternativeNames: 'IP:10.0.0.1' });
});
afterAll(() => rmSync(folder, { recursive: true }));

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A port that greets each client with the name that it has here, and answers with what it hears. */
async function open(more: Partial<SecureClientSettings>, tls: 'needed' | 'offered' = 'needed') {
  const errors: string[] = [];
  const log = {
    ...silentLog,
    error: (_text: string, fields: Record<string, unknown> = {}) =>
      errors.push(String(fields.reason)),
  };
  cpSync(first.both, file('store.pem'));
  const store = (path: string) => ({ path, password: undefined, passwordPath: undefined });
  const ofClients = openClientTls(
    {
      ...{ port: 1, isUnified: false, address: undefined, clientAuth: 'need' },
      ...{ keyStore: store(file('store.pem')), trustStore: store(authority.certificate) },
      ...{ protocols: [], cipherSuites: [], reloadsFiles: true, revocationsPath: undefined },
      ...{ verifiesClientAddress: false, detectionTimeoutMs: 5_000, alternativeName: undefined },
      ...more,
    },
    log,
  );
  const refusals: string[] = [];
  const note = (_text: string, fields: Record<string, unknown> = {}) =>
    refusals.push(String(fields.reason));
  const tcp = openTcp({ tls: ofClients, log: { ...silentLog, info: note } });
  const port = await freePort();
  tcp.listen(
    { host: '127.0.0.1', port, tls },
    (connection) => {
      connection.write(Buffer.from(`${connection.subject}\n`));
      return {
        data: (bytes) => connection.write(bytes),
        closed: () => undefined,
        drained: () => undefined,
      };
    },
    (reason) => expect.unreachable(reason),
  );
  closers.push(() => {
    tcp.close();
    ofClients.close();
  });
  return { port, errors, refusals };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The socket once it was greeted, and how; rejects for who is not let in. */
async function enter(port: number, keys: Keys = client, more: ConnectionOptions = {}) {
  const own = readFileSync(keys.both);
  const socket = connect({
    ...{ host: '127.0.0.1', port, servername: 'localhost', key: own, cert: own },
    ...{ ca: readFileSync(authority.certificate), ...more },
  });
  closers.push(() => socket.destroy());
  const greeting = await new Promise<string>((resolve, reject) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
  return { socket, greeting };
}

const organization = (socket: TLSSocket) => socket.getPeerCertificate().subject.O;

async function organizationNow(port: number) {
  const { socket } = await enter(port);
  const found = organization(socket);
  socket.destroy();
  return found;
}

describe('the files of TLS', () => {
  it.each(['needed', 'offered'] as const)(
    'are read again when they change, and who is connected stays: TLS that is %s',
    async (tls) => {
      const { port } = await open({}, tls);
      const { socket } = await enter(port);
      expect(organization(socket)).toBe('first');
      cpSync(second.both, file('store.pem'));
      await expect.poll(() => organizationNow(port), { timeout: 10_000 }).toBe('second');
      socket.write('still here');
      expect(String((await once(socket, 'data'))[0])).toBe('still here');
    },
  );

  it('that are broken are refused, and the former keys stay in use', async () => {
    const { port, errors } = await open({});
    rmSync(file('store.pem'));
    await expect.poll(() => errors.at(-1), { timeout: 10_000 }).toMatch(/Location: ENOENT/i);
    writeFileSync(file('store.pem'), 'half of a file');
    await expect
      .poll(() => errors.at(-1), { timeout: 10_000 })
      .toMatch(/ssl\.keyStore\.location: .* is neither PEM nor PKCS12/);
    expect(errors).toHaveLength(2);
    expect(await organizationNow(port)).toBe('first');
    cpSync(second.both, file('store.pem'));
    await expect.poll(() => organizationNow(port), { timeout: 10_000 }).toBe('second');
  });
});

it('a client that does not begin in time is given up, where TLS is only offered', async () => {
  const { port } = await open({ detectionTimeoutMs: 50 }, 'offered');
  const socket = connectPlain(port, '127.0.0.1');
  expect(await text(socket)).toBe('');
});

describe('a client', () => {
  it('whose certificate is revoked is not let in, once the list says so, with an old session neither', async () => {
    cpSync(authority.revocations('none', []), file('now.crl'));
    const { port, refusals } = await open({ revocationsPath: file('now.crl') });
    const { socket } = await enter(port, client, { maxVersion: 'TLSv1.2' });
    const session = socket.getSession() as Buffer;
    const resumed = await enter(port, client, { maxVersion: 'TLSv1.2', session });
    expect(resumed.socket.isSessionReused()).toBe(true);
    cpSync(authority.revocations('one', [client]), file('now.crl'));
    const outcome = () =>
      enter(port).then(
        ({ greeting }) => greeting,
        () => 'refused',
      );
    await expect.poll(outcome, { timeout: 10_000 }).toBe('refused');
    await expect.poll(() => refusals).toEqual(['CERT_REVOKED']);
    await expect(enter(port, client, { maxVersion: 'TLSv1.2', session })).rejects.toThrow();
    expect((await enter(port, neighbour)).greeting).toBe('CN=neighbour\n');
  });

  it('may have to come from the address of its certificate', async () => {
    const { port, refusals } = await open({ verifiesClientAddress: true });
    expect((await enter(port)).greeting).toBe('CN=client\n');
    await expect(enter(port, neighbour)).rejects.toThrow();
    expect(refusals).toEqual(['its certificate does not name the address 127.0.0.1']);
  });

  it('may be known by an alternative name', async () => {
    const alternativeName = { type: 6, match: /^x:/u, extract: /:(.*)/u, group: 1 };
    const { port } = await open({ alternativeName });
    expect((await enter(port)).greeting).toBe('bob\n');
  });
});
