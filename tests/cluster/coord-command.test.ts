/** `mesozoo coord` beside a running `mesozoo up`, as a user runs both. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CoordSeen } from '../../cli/coords/members.ts';
import { DataDirectory } from '../../cli/up/data-directory.ts';
import { endLeftovers, findLeftovers } from '../../cli/up/leftovers.ts';
import { isAlive, signalRecorded } from '../../cli/up/process-identity.ts';
import { freePort } from '../support/nats-server.ts';
import { pause } from './harness.ts';

const entry = fileURLToPath(new URL('../../cli/mesozoo.mjs', import.meta.url));
const LIMIT_MS = 180_000;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let directory: string;
let portOffset: number;
let data: DataDirectory;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mesozoo-coord-'));
  do portOffset = (await freePort()) - 4222;
  while (portOffset < 0 || portOffset > 30_000);
  data = new DataDirectory(directory);
});
afterEach(async () => {
  const { supervisor } = data.processes();
  if (supervisor !== undefined) signalRecorded(supervisor, 'SIGKILL');
  await endLeftovers(findLeftovers(data.processes()), 'tasksEnd');
  rmSync(directory, { recursive: true, force: true });
});

function mesozoo(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
const coord = (...args: string[]) => mesozoo('coord', ...args, '--data', directory);
const zk = (...args: string[]) =>
  mesozoo('zk', '--nats', `nats://127.0.0.1:${4222 + portOffset}`, ...args);

async function up(...args: string[]): Promise<void> {
  const started = await mesozoo(
    ...['up', '--no-example', '--detach', '--masters', '1', '--agents', '0'],
    ...['--data', directory, '--port-offset', String(portOffset), ...args],
  );
  expect(started, started.stdout).toMatchObject({ code: 0 });
}
async function coords(): Promise<CoordSeen[]> {
  return JSON.parse((await coord('--json')).stdout) as CoordSeen[];
}
/** Once one leads and all answer. */
async function settled(): Promise<readonly CoordSeen[]> {
  for (;;) {
    const seen = await coords();
    const roles = seen.map(({ role }) => role);
    if (roles.every((role) => role === 'following' || role === 'leading')) return seen;
    await pause(100);
  }
}
const numbersOf = (seen: readonly CoordSeen[]) => seen.map(({ number }) => number);
const running = () =>
  data
    .processes()
    .parts.filter((part) => part.name.startsWith('coord-') && isAlive(part))
    .map(({ name }) => Number(name.slice('coord-'.length)))
    .sort((one, other) => one - other);

it(
  'adds one, removes the leader, and finds data and members again at the next start',
  async () => {
    await up();
    expect(await coord('add')).toMatchObject({
      ...{ code: 0, stdout: 'coord 4 has joined; members: 1, 2, 3, 4\n' },
    });
    expect(running()).toEqual([1, 2, 3, 4]);
    expect(await zk('create', '/kept', 'what was written')).toMatchObject({ code: 0 });
    const leader = (await settled()).find(({ role }) => role === 'leading')!.number;
    const left = [1, 2, 3, 4].filter((number) => number !== leader);
    expect(await coord('remove', String(leader))).toMatchObject({
      ...{ code: 0, stdout: `coord ${leader} has left; members: ${left.join(', ')}\n` },
    });
    expect(running()).toEqual(left);
    expect(await zk('get', '/kept')).toMatchObject({ code: 0, stdout: 'what was written' });

    expect(await coord('remove', '9')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('no coord 9') as string },
    });
    expect(await coord('remove', 'one')).toMatchObject({ code: 2 });

    expect(await mesozoo('down', '--data', directory)).toMatchObject({ code: 0 });
    expect(running()).toEqual([]);
    expect(await coord('add')).toMatchObject({ code: 3 });
    await up();
    expect(running()).toEqual(left);
    expect(numbersOf(await settled())).toEqual(left);
    expect(await zk('get', '/kept')).toMatchObject({ code: 0, stdout: 'what was written' });
    expect(await coord('add')).toMatchObject({
      stdout: `coord 5 has joined; members: ${[...left, 5].join(', ')}\n`,
    });
  },
  LIMIT_MS,
);

it(
  'goes on with what a kill -9 of supervisor and command has interrupted',
  async () => {
    await up();
    const adding = spawn(process.execPath, [entry, 'coord', 'add', '--data', directory], {
      stdio: 'ignore',
    });
    while (data.coords().joining === undefined) await pause(1);
    signalRecorded(data.processes().supervisor!, 'SIGKILL');
    const gone = new Promise((resolve) => adding.once('close', resolve));
    adding.kill('SIGKILL');
    await gone;
    await up();
    expect(running()).toEqual([1, 2, 3, 4]);
    expect(await coord('add')).toMatchObject({
      stdout: 'coord 4 has joined; members: 1, 2, 3, 4\n',
    });
    expect(data.coords()).toEqual({ present: [1, 2, 3, 4], given: 4 });
    expect(numbersOf(await settled())).toEqual([1, 2, 3, 4]);
  },
  LIMIT_MS,
);
