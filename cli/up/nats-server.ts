/** A nats-server to run: one that the machine has, else through its package manager, else through Docker. */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MesozooError } from '../../protocol/errors.ts';
import { whyNotFree } from './port-probe.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const config = join(root, 'infra', 'nats.conf');
/** Where a server that needed no administrator is kept. */
const ownPrograms = join(root, '.mesozoo', 'bin');
/** Debian puts the server where only an administrator's PATH looks. */
const usualPlaces = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const dockerImage = 'nats:2.10-alpine';

export type NatsServer =
  | { readonly kind: 'program'; readonly path: string; readonly version: string }
  | { readonly kind: 'docker'; readonly path: string; readonly version: string };

/** `progress` is told what takes a while. Throws MISSING_PROGRAM with what the user can do. */
export async function ensureNatsServer(progress: (what: string) => void): Promise<NatsServer> {
  const present = findProgram();
  if (present !== undefined) return present;
  for (const install of [extractDebianPackage, installPackage]) {
    if (!(await install(progress))) continue;
    const installed = findProgram();
    if (installed !== undefined) return installed;
  }
  const docker = which('docker');
  if (docker !== undefined && spawnSync(docker, ['info'], { stdio: 'ignore' }).status === 0) {
    progress(`Fetching ${dockerImage} with Docker`);
    if (await succeeds(docker, ['pull', '--quiet', dockerImage]))
      return { kind: 'docker', path: docker, version: dockerImage };
  }
  throw new MesozooError(
    'MISSING_PROGRAM',
    'nats-server is not installed: install it ("sudo apt-get install nats-server", "brew install nats-server", ' +
      'or from https://github.com/nats-io/nats-server/releases) and start again, or give a running one with --nats URL',
  );
}

/** The command that runs it on this port of loopback; its secrets come from the environment. */
export function natsServerCommand(server: NatsServer, port: number, name: string): string[] {
  if (server.kind === 'program') return [server.path, '-c', config, '-p', String(port)];
  return [
    ...[server.path, 'run', '--rm', '--name', `mesozoo-${name}`],
    ...['-p', `127.0.0.1:${port}:${port}`, '-v', `${config}:/nats.conf:ro`],
    ...['COORD_SECRET', 'MASTER_SECRET', 'AGENT_SECRET', 'CLIENT_SECRET', 'ANONYMOUS_USER'].flatMap(
      (variable) => ['-e', `MESOZOO_${variable}`],
    ),
    ...[dockerImage, '-c', '/nats.conf', '-a', '0.0.0.0', '-p', String(port)],
  ];
}

/** Throws PORT_TAKEN. */
export async function assertPortFree(port: number): Promise<void> {
  const why = await whyNotFree(port, '127.0.0.1');
  if (why === undefined) return;
  throw new MesozooError(
    'PORT_TAKEN',
    `NATS cannot have port ${port} (${why}): stop what uses it, use that server with ` +
      `--nats nats://127.0.0.1:${port}, or take other ports with --port-offset 100`,
  );
}

export function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function findProgram(): NatsServer | undefined {
  const path = which('nats-server');
  if (path === undefined) return undefined;
  const probe = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (probe.status !== 0) return undefined;
  return { kind: 'program', path, version: /v?(\d+\.\d+\.\d+)/.exec(probe.stdout)?.[1] ?? '?' };
}

export function which(program: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...usualPlaces, ownPrograms];
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Debian and its kin: the package, unpacked for us alone. Needs no administrator, and starts no service on port 4222. */
async function extractDebianPackage(progress: (what: string) => void): Promise<boolean> {
  const [apt, unpack] = [which('apt-get'), which('dpkg-deb')];
  if (apt === undefined || unpack === undefined) return false;
  progress('Fetching the package nats-server');
  const directory = mkdtempSync(join(tmpdir(), 'mesozoo-nats-'));
  try {
    const fetch = () => succeeds(apt, ['download', 'nats-server'], directory);
    const administrator = asAdministrator();
    const fetched =
      (await fetch()) ||
      (administrator !== undefined &&
        (await succeeds(...administrator(apt, ['update']))) &&
        (await fetch()));
    if (!fetched) return false;
    if (!(await succeeds('/bin/sh', ['-c', `${unpack} -x nats-server_*.deb .`], directory)))
      return false;
    const unpacked = ['usr/sbin', 'usr/bin']
      .map((place) => join(directory, place, 'nats-server'))
      .find((path) => existsSync(path));
    if (unpacked === undefined) return false;
    mkdirSync(ownPrograms, { recursive: true });
    copyFileSync(unpacked, join(ownPrograms, 'nats-server'));
    return true;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function installPackage(progress: (what: string) => void): Promise<boolean> {
  const managers: readonly [string, readonly string[], boolean][] = [
    ['apt-get', ['install', '-y', '--no-install-recommends', 'nats-server'], true],
    ['apk', ['add', 'nats-server'], true],
    ['brew', ['install', 'nats-server'], false],
  ];
  for (const [name, args, needsAdministrator] of managers) {
    const program = which(name);
    const run = needsAdministrator ? asAdministrator() : plainly;
    if (program === undefined || run === undefined) continue;
    progress(`Installing nats-server (${name} ${args.join(' ')})`);
    if (await succeeds(...run(program, args))) return true;
  }
  return false;
}

type Run = (program: string, args: readonly string[]) => [string, readonly string[]];
const plainly: Run = (program, args) => [program, args];

/** As root, or through a sudo that asks for no password. */
export function asAdministrator(): Run | undefined {
  if (process.getuid?.() === 0) return plainly;
  const sudo = which('sudo');
  if (sudo === undefined || spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status !== 0)
    return undefined;
  return (program, args) => [sudo, ['-n', program, ...args]];
}

export function succeeds(program: string, args: readonly string[], cwd?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
