/** One container of the cluster, and what may be done to it from outside. */
import { spawnSync } from 'node:child_process';
import type { ContainerRuntimeClient } from 'testcontainers';

/**
 * A process that answers what is under way, and gives NATS a second to take it, needs more than a second on a busy
 * machine: whoever is killed within this time has a fault.
 */
const GRACE_SECONDS = 20;

type Dockerode = ContainerRuntimeClient['container']['dockerode'];
export type Direction = 'in' | 'out';

const chains: Readonly<Record<Direction, string>> = { in: 'INPUT', out: 'OUTPUT' };

export interface Inspected {
  readonly running: boolean;
  readonly health: string | undefined;
  readonly pid: number;
}

export class Service {
  /** As docker-compose.yml calls it. */
  readonly name: string;
  private readonly client: ContainerRuntimeClient;
  private readonly container: ReturnType<Dockerode['getContainer']>;
  private readonly network: string;

  constructor(name: string, id: string, network: string, client: ContainerRuntimeClient) {
    this.name = name;
    this.network = network;
    this.client = client;
    this.container = client.container.getById(id);
  }

  /** SIGTERM, and SIGKILL when it has not ended after the grace. */
  async stop(): Promise<void> {
    await this.container.stop({ t: GRACE_SECONDS });
  }

  async start(): Promise<void> {
    await this.container.start();
  }

  async kill(): Promise<void> {
    await this.container.kill();
  }

  /**
   * Without the rest of the pause that the engine makes before it starts it again; nothing where it runs. One that has
   * just begun must not be stopped: a SIGTERM that comes before its process 1 takes signals is lost, and after the
   * grace comes SIGKILL (exit code 137).
   */
  async hastenRestart(): Promise<void> {
    const { State } = await this.container.inspect();
    if (State.Restarting) await this.container.restart({ t: GRACE_SECONDS });
  }

  async pause(): Promise<void> {
    await this.container.pause();
  }

  async unpause(): Promise<void> {
    await this.container.unpause();
  }

  async disconnect(): Promise<void> {
    await this.client.network.getById(this.network).disconnect({ Container: this.container.id });
  }

  async connect(): Promise<void> {
    await this.client.network
      .getById(this.network)
      .connect({ Container: this.container.id, EndpointConfig: { Aliases: [this.name] } });
  }

  /** Drops every packet from (or to) the network, without a word to the other side. */
  async cutOff(direction: Direction): Promise<void> {
    await this.firewall('-A', direction);
  }

  async undoCutOff(direction: Direction): Promise<void> {
    await this.firewall('-D', direction);
  }

  async inspect(): Promise<Inspected> {
    const { State } = await this.container.inspect();
    return { running: State.Running, health: State.Health?.Status, pid: State.Pid };
  }

  /** Runs a shell command inside; throws with its output when it fails. */
  async run(command: string): Promise<string> {
    const result = await this.client.container.exec(this.container, ['sh', '-c', command]);
    if (result.exitCode !== 0)
      throw new Error(`${this.name}: "${command}" ended with ${result.exitCode}: ${result.output}`);
    return result.output;
  }

  /** The last lines that it wrote. */
  async log(lines: number): Promise<string> {
    const bytes = await this.container.logs({ stdout: true, stderr: true, tail: lines });
    return bytes.toString('utf8');
  }

  /** In the container's network namespace, with the host's tools: the image needs none. */
  private async firewall(what: '-A' | '-D', direction: Direction): Promise<void> {
    const { pid } = await this.inspect();
    const wire = direction === 'in' ? '-i' : '-o';
    const rule = [what, chains[direction], wire, 'eth+', '-j', 'DROP'];
    const done = spawnSync('nsenter', ['-t', String(pid), '-n', 'iptables', '-w', ...rule], {
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`iptables ${rule.join(' ')}: ${done.stderr}`);
  }
}
