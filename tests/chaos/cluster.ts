/**
 * The cluster of docker-compose.yml, started by testcontainers as a project of its own with secrets and ports of its
 * own: it meets neither the cluster that a user runs nor another one of these.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from 'nats';
import {
  type ContainerRuntimeClient,
  DockerComposeEnvironment,
  getContainerRuntimeClient,
  type StartedDockerComposeEnvironment,
} from 'testcontainers';
import type { ClusterState } from '../../protocol/task-api.ts';
import { createLogger } from '../../runtime/log.ts';
import { type ConnectedTransport, connectTransport } from '../../runtime/nats.ts';
import { ask, pause } from '../cluster/harness.ts';
import { publishedPorts } from './published-ports.ts';
import { Service } from './service.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = ['docker-compose.yml', 'tests/chaos/compose.yml'];
/** Of each project its own: two may run at once, from two trees. */
const imageOf = (project: string) => `mesozoo:${project}`;
const WELL_MS = 60_000;
const LOG_LINES = 5000;
/** Reports and logs, out of the way of git. */
export const chaosDirectory = join(root, '.mesozoo', 'chaos');

export const coords = ['coord-1', 'coord-2', 'coord-3'] as const;
export const masters = ['master-1', 'master-2'] as const;
export const agents = ['agent-1', 'agent-2', 'agent-3'] as const;
export const natsServers = ['nats-1', 'nats-2', 'nats-3'] as const;

/** A container whose process has ended, whatever ended it. */
export interface Death {
  readonly service: string;
  readonly exitCode: number;
}

interface Parts {
  readonly project: string;
  readonly natsUrl: string;
  readonly clientSecret: string;
  readonly environment: StartedDockerComposeEnvironment;
  readonly zookeeperPorts: readonly number[];
}

export class ContainerCluster {
  readonly project: string;
  /** Every start of the compose file's three servers, from the host. */
  readonly natsUrl: string;
  readonly clientSecret: string;
  /** Of each coord, on this machine. */
  readonly zookeeperPorts: readonly number[];
  readonly deaths: Death[] = [];
  private readonly environment: StartedDockerComposeEnvironment;
  private readonly services: ReadonlyMap<string, Service>;
  private readonly events: Readable;
  private readonly closers: (() => Promise<void>)[] = [];
  private readonly observer: NatsConnection;

  private constructor(
    parts: Parts & {
      readonly services: ReadonlyMap<string, Service>;
      readonly events: Readable;
      readonly observer: NatsConnection;
    },
  ) {
    this.project = parts.project;
    this.natsUrl = parts.natsUrl;
    this.clientSecret = parts.clientSecret;
    this.zookeeperPorts = parts.zookeeperPorts;
    this.environment = parts.environment;
    this.services = parts.services;
    this.events = parts.events;
    this.observer = parts.observer;
    createInterface({ input: this.events }).on('line', (line) => this.noteEvent(line));
  }

  /** Builds the image of this tree, and starts all of it. */
  static async start(): Promise<ContainerCluster> {
    // Its reaper is one more image to fetch; `stop` and the project's label do what it would do.
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
    const project = `mesozoo-chaos-${randomBytes(4).toString('hex')}`;
    const ports = await publishedPorts();
    const secrets = Object.fromEntries(
      ['COORD', 'MASTER', 'AGENT', 'CLIENT', 'SYSTEM', 'ROUTE'].map((name) => [
        `MESOZOO_${name}_SECRET`,
        `s_${randomBytes(8).toString('hex')}`,
      ]),
    );
    const clientSecret = secrets.MESOZOO_CLIENT_SECRET as string;
    const environment = await new DockerComposeEnvironment(root, files)
      .withProjectName(project)
      .withAutoCleanup(false)
      .withBuild()
      .withEnvironment({
        ...secrets,
        MESOZOO_IMAGE: imageOf(project),
        ...ports.environment,
      })
      .withStartupTimeout(WELL_MS)
      .up();
    try {
      const natsUrl = ports.nats.map((port) => `nats://127.0.0.1:${port}`).join(',');
      const cluster = await ContainerCluster.over({
        ...{ project, natsUrl, clientSecret, environment, zookeeperPorts: ports.zookeeper },
      });
      await cluster.untilWell();
      return cluster;
    } catch (error) {
      await clearAway(project, environment);
      throw error;
    }
  }

  private static async over(parts: Parts): Promise<ContainerCluster> {
    const client = await getContainerRuntimeClient();
    const { project, natsUrl, clientSecret } = parts;
    return new ContainerCluster({
      ...parts,
      services: await findServices(client, project),
      events: (await client.container.dockerode.getEvents({
        filters: { label: [`com.docker.compose.project=${project}`], event: ['die'] },
      })) as Readable,
      observer: await connectClient(natsUrl, clientSecret, 'observer'),
    });
  }

  service(name: string): Service {
    const service = this.services.get(name);
    if (service === undefined) throw new TypeError(`no service ${name}`);
    return service;
  }

  /** Everything that stays: without the founder, which ends, and the container that looks after the disks. */
  all(): readonly Service[] {
    return [...this.services.values()].filter(({ name }) => name !== 'disks' && name !== 'founder');
  }

  /** A bare client with the client's credentials, which reconnects for ever. */
  async client(name: string): Promise<NatsConnection> {
    const client = await connectClient(this.natsUrl, this.clientSecret, name);
    this.closers.push(() => client.close());
    return client;
  }

  /** For programs that hold sessions. */
  async transport(name: string): Promise<ConnectedTransport> {
    const connected = await connectTransport({
      ...{ url: this.natsUrl, role: 'client', name, user: 'client', pass: this.clientSecret },
      log: createLogger({ level: 'silent', fields: {} }),
    });
    this.closers.push(() => connected.close());
    return connected;
  }

  async leadingCoord(): Promise<string> {
    const { coords: members } = await this.untilWell();
    return `coord-${members.find(({ role }) => role === 'leading')?.id}`;
  }

  async leadingMaster(): Promise<string> {
    const { leader } = await this.untilWell();
    return leader.masterId.split('-').slice(0, 2).join('-');
  }

  /** One coord leads and two follow, one master leads and one waits, three agents are there. Throws what is missing. */
  async untilWell(deadlineMs = WELL_MS): Promise<ClusterState> {
    const endMs = performance.now() + deadlineMs;
    for (;;) {
      const { state, missing } = await this.look();
      if (state !== undefined && missing === undefined) return state;
      if (performance.now() > endMs)
        throw new Error(`the cluster is not well after ${deadlineMs / 1000} s: ${missing}`);
      await pause(50);
    }
  }

  /** What each container has written lately, into a file of its own: they are gone with the cluster. */
  async saveLogs(directory: string): Promise<void> {
    mkdirSync(directory, { recursive: true });
    for (const service of this.all())
      writeFileSync(join(directory, `${service.name}.log`), await service.log(LOG_LINES));
  }

  async stop(): Promise<void> {
    this.events.destroy();
    await Promise.all([this.observer.close(), ...this.closers.map((close) => close())]);
    await clearAway(this.project, this.environment);
  }

  private async look(): Promise<{ state?: ClusterState; missing?: string }> {
    try {
      const state = (await ask(this.observer, 'mz.cluster.state', {})) as unknown as ClusterState;
      if (state.leader === undefined) return { missing: 'no master answers' };
      const roles = state.coords.map(({ role }) => role).sort();
      if (roles.join() !== 'following,following,leading')
        return { missing: `the coords are ${roles.join(', ')}` };
      const active = state.agents.filter(({ state: standing }) => standing === 'active');
      if (active.length !== agents.length) return { missing: `${active.length} agents are active` };
      const { children } = await ask(this.observer, 'mz.znode.children', { path: '/mesos' });
      const candidates = (children as string[]).length;
      if (candidates !== masters.length) return { missing: `${candidates} masters contend` };
      return { state };
    } catch (error) {
      return { missing: `no answer: ${(error as Error).message}` };
    }
  }

  private noteEvent(line: string): void {
    const { Actor } = JSON.parse(line) as { Actor: { Attributes: Record<string, string> } };
    this.deaths.push({
      service: Actor.Attributes['com.docker.compose.service'] as string,
      exitCode: Number(Actor.Attributes.exitCode),
    });
  }
}

async function clearAway(
  project: string,
  environment: StartedDockerComposeEnvironment,
): Promise<void> {
  await environment.down({ timeout: 1000, removeVolumes: true });
  const client = await getContainerRuntimeClient();
  await client.container.dockerode.getImage(imageOf(project)).remove();
}

async function findServices(
  client: ContainerRuntimeClient,
  project: string,
): Promise<ReadonlyMap<string, Service>> {
  const containers = await client.container.dockerode.listContainers({
    ...{ all: true, filters: { label: [`com.docker.compose.project=${project}`] } },
  });
  return new Map(
    containers.map(({ Id, Labels }) => {
      const name = Labels['com.docker.compose.service'] as string;
      return [name, new Service(name, Id, `${project}_default`, client)];
    }),
  );
}

function connectClient(natsUrl: string, secret: string, name: string): Promise<NatsConnection> {
  return connect({
    ...{ servers: natsUrl.split(','), user: 'client', pass: secret, name },
    ...{ maxReconnectAttempts: -1, reconnectTimeWait: 50, pingInterval: 1000, maxPingOut: 2 },
    timeout: 2000,
  });
}
