/** The command line's credentials on real nats-servers: a token, and a file with a seed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterAddress, connectCluster } from '../cli/connection.ts';
import { ensureNatsServer } from '../cli/up/nats-server.ts';
import { freePort } from './support/nats-server.ts';

let directory: string;
let server: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-credentials-'));
});
afterEach(async () => {
  if (server?.exitCode === null) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
});

async function start(authorization: string): Promise<string> {
  const port = await freePort();
  const config = join(directory, 'nats.conf');
  writeFileSync(config, `host: 127.0.0.1\nport: ${port}\n${authorization}\n`);
  const { path } = await ensureNatsServer(() => undefined);
  server = spawn(path, ['-c', config], { stdio: 'ignore' });
  return `nats://127.0.0.1:${port}`;
}

/** Connects, and hears itself. */
async function isHeard(address: ClusterAddress): Promise<boolean> {
  const connection = await connectCluster(address, undefined, { timeoutMs: 5_000 });
  try {
    const { transport } = connection.ports;
    return await new Promise((resolve) => {
      transport.subscribe('mz.task.events.*', () => resolve(true));
      transport.publish('mz.task.events.x', new Uint8Array());
    });
  } finally {
    await connection.close();
  }
}

describe('credentials', () => {
  test('a token is taken, a wrong one refused', async () => {
    const url = await start('authorization { token: "s_right" }');
    expect(
      await isHeard({ url, cluster: 'mz', credentials: { kind: 'token', token: 's_right' } }),
    ).toBe(true);
    const wrong = isHeard({ url, cluster: 'mz', credentials: { kind: 'token', token: 's_wrong' } });
    await expect(wrong).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      message: `${url} refuses the token`,
    });
    await expect(isHeard({ url, cluster: 'mz' })).rejects.toThrow(
      'refuses a connection without credentials',
    );
  });

  test('the seed of a credentials file signs in', async () => {
    const user = nkeys.createUser();
    const url = await start(`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
    const file = join(directory, 'me.creds');
    const seed = new TextDecoder().decode(user.getSeed());
    const block = (name: string, text: string) =>
      `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`;
    writeFileSync(file, block('NATS USER JWT', 'e30') + block('USER NKEY SEED', seed));
    expect(await isHeard({ url, cluster: 'mz', credentials: { kind: 'creds', file } })).toBe(true);
  });

  test('a server that speaks no TLS is told as such', async () => {
    const url = await start('');
    const connecting = connectCluster({ url, cluster: 'mz', tls: {} });
    await expect(connecting).rejects.toThrow(/over TLS, which it does not speak/);
  });
});
