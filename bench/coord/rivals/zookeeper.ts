/** Debian's ZooKeeper as an ensemble of three on the loopback, with its defaults (`forceSync` among them). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../tests/support/nats-server.ts';
import { untilLed } from '../four-letters.ts';
import type { Rival } from './rival.ts';

const JAR = '/usr/share/java/zookeeper.jar';
const MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

export async function startZookeeper(): Promise<Rival> {
  if (!existsSync(JAR))
    throw new Error(`ZooKeeper is not installed (no ${JAR}): apt-get install zookeeper`);
  const directory = mkdtempSync(join(tmpdir(), 'bench-zookeeper-'));
  const members = [];
  for (const id of [1, 2, 3])
    members.push({
      id,
      client: await freePort(),
      quorum: await freePort(),
      election: await freePort(),
    });
  const ensemble = members.map(
    ({ id, quorum, election }) => `server.${id}=127.0.0.1:${quorum}:${election}`,
  );
  for (const { id, client } of members) {
    const home = join(directory, String(id));
    mkdirSync(home);
    writeFileSync(join(home, 'myid'), `${id}\n`);
    const settings = ['tickTime=2000', 'initLimit=10', 'syncLimit=5', 'admin.enableServer=false'];
    settings.push(`dataDir=${home}`, `clientPort=${client}`, 'clientPortAddress=127.0.0.1');
    writeFileSync(join(home, 'zoo.cfg'), `${[...settings, ...ensemble].join('\n')}\n`);
    writeFileSync(join(home, 'log4j.properties'), 'log4j.rootLogger=OFF\n');
  }
  const processes = members.map(({ id }) => startServer(join(directory, String(id))));
  const servers = members.map(({ client }) => ({ host: '127.0.0.1', port: client }));
  const stop = async () => {
    await Promise.all(processes.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilLed(servers);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: 'ZooKeeper',
    servers,
    serverPids: () => processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    helperPids: () => [],
    leader: () => untilLed(servers),
    signal: (server, signal) => void processes[server]?.kill(signal),
    revive: (server) => {
      processes[server] = startServer(join(directory, String(server + 1)));
    },
    stop,
  };
}

function startServer(home: string): ChildProcess {
  return spawn('java', ['-cp', `${home}:${JAR}`, MAIN, join(home, 'zoo.cfg')], { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
