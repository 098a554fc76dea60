/**
 * A real ZooKeeper for tests: Debian's package as a standalone server on loopback, in a temporary directory, with the
 * settings that ours is compared under.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/nats-server.ts';
import { type Address, SilenceError, WireConnection } from './wire/connection.ts';

const HELLO_AGAIN_AFTER_MS = 2000;
const JAR = '/usr/share/java/zookeeper.jar';
/** Of user "super" with password "secret". */
const superDigest = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';

/**
 * Lines of the zoo.cfg that ZooKeeper and ours are started with to be compared: `generous` allows what can be allowed,
 * `plain` is ZooKeeper's default.
 */
export const settingsOf = {
  generous: [
    ...['extendedTypesEnabled=true', 'reconfigEnabled=true', 'enforceQuota=true'],
    `DigestAuthenticationProvider.superDigest=${superDigest}`,
  ],
  plain: [],
  /** An ensemble of one, whose members can be changed. */
  ensemble: ['reconfigEnabled=true', `DigestAuthenticationProvider.superDigest=${superDigest}`],
} as const;
export type ServerKind = keyof typeof settingsOf;

/** What both kinds have. */
export const commonSettings: readonly string[] = [
  ...['tickTime=2000', 'maxClientCnxns=0', '4lw.commands.whitelist=*'],
];

export interface ZooKeeperServer {
  readonly address: Address;
  stop(): Promise<void>;
}

export function isZooKeeperInstalled(): boolean {
  return existsSync(JAR);
}

export async function startZooKeeper(kind: ServerKind): Promise<ZooKeeperServer> {
  const directory = mkdtempSync(join(tmpdir(), 'mesozoo-zookeeper-'));
  const address = { host: '127.0.0.1', port: await freePort() };
  const settings = join(directory, 'zoo.cfg');
  writeFileSync(settings, zooCfg(kind, directory, address));
  if (kind === 'ensemble') await writeEnsemble(directory, settings, address);
  const child = spawn(
    'java',
    [
      ...['-Xmx256m', '-Dznode.container.checkIntervalMs=1000'],
      ...['-cp', JAR, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', settings],
    ],
    { stdio: 'ignore' },
  );
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilAnswers(child, address);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, stop };
}

function zooCfg(kind: ServerKind, directory: string, { host, port }: Address): string {
  return [
    ...[`dataDir=${directory}`, `clientPort=${port}`, `clientPortAddress=${host}`],
    ...[...commonSettings, ...settingsOf[kind], 'admin.enableServer=false', ''],
  ].join('\n');
}

/** The one server stands in a file of its own, which the server writes anew at each change. */
async function writeEnsemble(directory: string, settings: string, { host, port }: Address) {
  const members = join(directory, 'members.cfg');
  const ports = `${await freePort()}:${await freePort()}`;
  writeFileSync(members, `server.1=${host}:${ports}:participant;${host}:${port}\n`);
  writeFileSync(join(directory, 'myid'), '1\n');
  const text = readFileSync(settings, 'utf8').replace(/^clientPort.*\n/gm, '');
  const more = ['standaloneEnabled=false', 'initLimit=10', 'syncLimit=5'];
  writeFileSync(settings, [text, ...more, `dynamicConfigFile=${members}`, ''].join('\n'));
}

async function untilAnswers(child: ChildProcess, address: Address): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ZooKeeper ended with ${child.exitCode}`);
    if (await answers(address)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Opens a session and leaves it at that; false when nobody listens or the server is not serving yet. One that is
 * still starting may take a connection and forget the hello, so that another has to be tried.
 */
async function answers(address: Address): Promise<boolean> {
  const connection = await WireConnection.open(address).catch(() => undefined);
  if (!connection) return false;
  connection.sayHello({ timeoutMs: 4000 });
  try {
    const { kind } = await connection.next(HELLO_AGAIN_AFTER_MS);
    return kind === 'welcome';
  } catch (error) {
    if (error instanceof SilenceError) return false;
    throw error;
  } finally {
    connection.drop();
  }
}
