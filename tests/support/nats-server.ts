/** A real nats-server with infra/nats.conf on a free port of loopback, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { ports } from '../../cli/up/cluster.ts';
import { ensureNatsServer, natsServerCommand } from '../../cli/up/nats-server.ts';

const PORTS_APART = 10;
const OFFSETS = 1000;

export const testSecrets = {
  coord: 's_coord',
  master: 's_master',
  agent: 's_agent',
  client: 's_client',
} as const;

export interface TestNatsServer {
  readonly url: string;
  readonly port: number;
  signal(signal: NodeJS.Signals): void;
  /** After a kill: the same port again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** By which a cluster's ports can be moved so that its members' for clients and monitors, and further ones, are free on loopback. */
export async function freePortOffset(
  members: number,
  further: readonly number[] = [],
): Promise<number> {
  const first = (process.pid % OFFSETS) * PORTS_APART;
  for (let offset = first; ; offset = (offset + PORTS_APART) % (OFFSETS * PORTS_APART)) {
    const taken = await Promise.all(
      [ports.zookeeper, ports.admin, ...further].flatMap((first) =>
        Array.from({ length: members }, (_, index) => accepts(first + offset + index)),
      ),
    );
    if (!taken.includes(true)) return offset;
  }
}

export async function startNatsServer(
  options: { anonymous?: boolean } = {},
): Promise<TestNatsServer> {
  const port = await freePort();
  let child = await launch(port, options.anonymous ?? true);
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    signal: (signal) => child.kill(signal),
    async restart() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      child = await launch(port, options.anonymous ?? true);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function launch(port: number, anonymous: boolean): Promise<ChildProcess> {
  const server = await ensureNatsServer(() => undefined);
  const [program, ...args] = natsServerCommand(server, port, `test-${port}`);
  const child = spawn(program as string, args, {
    env: {
      ...process.env,
      MESOZOO_COORD_SECRET: testSecrets.coord,
      MESOZOO_MASTER_SECRET: testSecrets.master,
      MESOZOO_AGENT_SECRET: testSecrets.agent,
      MESOZOO_CLIENT_SECRET: testSecrets.client,
      MESOZOO_ANONYMOUS_USER: anonymous ? 'client' : '""',
    },
    stdio: 'ignore',
  });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return child;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
