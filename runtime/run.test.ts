/** Processes of ours as whoever starts them sees them: exit codes, and the last line of the log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startNatsServer, type TestNatsServer } from '../tests/support/nats-server.ts';
import { lockDirectory } from './directory-lock.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-run-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function start(kind: 'coord' | 'master' | 'agent', args: readonly string[], secret = 's_wrong') {
  const child = spawn(process.execPath, [`${root}actors/${kind}/main.ts`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      [`MESOZOO_${kind.toUpperCase()}_SECRET`]: secret,
      MESOZOO_SYSTEM_SECRET: 's_system',
    },
  });
  children.push(child);
  let log = '';
  child.stderr?.on('data', (data: Buffer) => {
    log += data.toString();
  });
  const ended = new Promise<{ code: number | null; last: Record<string, unknown> }>((resolve) =>
    child.on('close', (code) =>
      resolve({ code, last: JSON.parse(log.trim().split('\n').at(-1) ?? '{}') }),
    ),
  );
  return { child, ended, log: () => log };
}

describe('a process of ours', () => {
  let server: TestNatsServer | undefined;
  afterEach(() => server?.stop());

  it('that is given wrong arguments ends with 64 and names them', async () => {
    const { code, last } = await start('coord', ['--member', '0']).ended;
    expect(code).toBe(64);
    expect(last).toMatchObject({ message: 'crashed', code: 'BAD_ARGUMENT' });
    expect(last.reason).toMatch(/--member.*--data/);
  });

  it('whose secret is refused ends with 77', async () => {
    server = await startNatsServer();
    const { code, last } = await start('master', ['--id', 'm1', '--nats', server.url]).ended;
    expect(code).toBe(77);
    expect(last).toMatchObject({ code: 'AUTH_FAILED' });
  });

  it('whose data directory is in use ends with 78', async () => {
    const release = await lockDirectory(directory);
    const { code, last } = await start('agent', ['--data', directory]).ended;
    expect(code).toBe(78);
    expect(last).toMatchObject({ code: 'WRONG_DATA_DIRECTORY' });
    release();
  });

  it('that waits for NATS says so, and a signal ends it in good order', async () => {
    const { child, ended, log } = start('agent', [
      ...['--data', directory, '--nats', 'nats://127.0.0.1:1'],
    ]);
    while (!log().includes('waiting for NATS')) await new Promise((next) => setTimeout(next, 20));
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });
});
