/** `mesozoo up`: starts a cluster, tells what happens, keeps it going, and stops it in order. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from '../../protocol/codec.ts';
import { MesozooError } from '../../protocol/errors.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { TaskEvent } from '../../protocol/task-api.ts';
import { isFinal } from '../../protocol/task-states.ts';
import { EXIT_INTERNAL } from '../../runtime/exit-codes.ts';
import { createLogger } from '../../runtime/log.ts';
import { type ConnectedTransport, connectTransport } from '../../runtime/nats.ts';
import { version } from '../../runtime/version.ts';
import { Cluster } from './cluster.ts';
import { type ClusterSight, ClusterSighting } from './cluster-sight.ts';
import type { DataDirectory, PartRecord, Secrets } from './data-directory.ts';
import { endLeftovers, findLeftovers, lockForSupervisor } from './leftovers.ts';
import { acceptsConnections, assertPortFree, ensureNatsServer } from './nats-server.ts';
import type { UpOptions } from './options.ts';
import type { PartDeath } from './part.ts';
import { ProcessRecord } from './record.ts';
import {
  agentsDetail,
  coordsDetail,
  deathText,
  mastersDetail,
  shown,
  tellWhatNext,
} from './telling.ts';
import type { Terminal } from './terminal.ts';
import { readZooCfgFile } from './zoo-cfg-file.ts';

const CLUSTER = 'mz';
const LOOK_MS = 60;
const CONNECT_MS = 5_000;
/** After that it is said what is missing. */
const PATIENCE_MS = 10_000;
/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;
const exampleFile = fileURLToPath(new URL('../../examples/hello.json', import.meta.url));

/** Runs the example job; gives false when a task did not finish. */
export type RunExample = (file: string, natsUrl: string, terminal: Terminal) => Promise<boolean>;

export class Supervisor {
  private readonly options: UpOptions;
  private readonly data: DataDirectory;
  private readonly terminal: Terminal;
  private readonly record: ProcessRecord;
  private readonly startedMs = performance.now();
  private cluster: Cluster | undefined;
  private connection: ConnectedTransport | undefined;
  private sighting: ClusterSighting | undefined;
  private stopping = false;
  private watching = false;
  private zooCfgPath: string | undefined;
  private toldCoords = '';
  /** The cluster can never become ready. */
  private hopeless: ((error: MesozooError) => void) | undefined;

  constructor(options: UpOptions, data: DataDirectory, terminal: Terminal) {
    this.options = options;
    this.data = data;
    this.terminal = terminal;
    this.record = new ProcessRecord(data, terminal, options.portOffset);
  }

  /** Resolves with the exit code, after everything has been stopped. `ready` is called when the cluster is up and everything has been told. */
  async run(runExample: RunExample, ready: () => void): Promise<number> {
    const stopAsked = Promise.race([this.whenAsked(), this.whenBroken()]);
    const { terminal } = this;
    terminal.line(
      `${terminal.bold(`mesozoo ${version}`)} ${terminal.dim(`data in ${this.data.path}`)}`,
    );
    let exitCode = 0;
    try {
      const begin = async () => {
        await this.start();
        if (!this.stopping) await this.untilReady();
      };
      await Promise.race([begin(), stopAsked]);
      if (!this.stopping) {
        terminal.line(`  Ready after ${this.seconds()} s.`);
        if (this.options.example) await Promise.race([this.example(runExample), stopAsked]);
        if (!this.stopping) {
          const paths = { data: this.data.path, logs: this.data.of('logs') };
          tellWhatNext(terminal, this.options, this.cluster, paths);
        }
        ready();
        await stopAsked;
      }
    } catch (error) {
      const isOurs = error instanceof MesozooError;
      terminal.problem(isOurs ? error.message : ((error as Error).stack ?? String(error)));
      exitCode = isOurs ? 1 : EXIT_INTERNAL;
    } finally {
      // Whatever went wrong: nothing that was started is left behind.
      await this.stop();
    }
    return exitCode;
  }

  /** Ctrl-C may come at any point: after each wait it is looked at, so that nothing is started any more. */
  private async start(): Promise<void> {
    const { options, data, terminal } = this;
    const zooCfg = options.zooCfg === undefined ? undefined : readZooCfgFile(options.zooCfg);
    for (const remark of zooCfg?.remarks ?? []) terminal.busy(remark);
    await lockForSupervisor(data);
    if (this.stopping) return;
    const record = data.openCluster(options.coords);
    const former = data.processes().parts;
    this.note(former);
    const leftovers = findLeftovers({ parts: former });
    if (leftovers.length > 0) {
      const names = leftovers.map(({ name }) => name).join(', ');
      terminal.busy(`ending what a former start has left behind: ${names}`);
      await endLeftovers(leftovers, 'tasksGoOn');
      if (this.stopping) return;
    }
    this.note([]);
    const secrets = withEnvironment(data.secrets());
    const server =
      options.nats === undefined
        ? await ensureNatsServer((what) => terminal.busy(`${what} …`))
        : undefined;
    if (this.stopping) return;
    const nats = server === undefined ? { url: options.nats ?? '' } : { server };
    const { masters, agents, portOffset, logLevel } = options;
    const cluster = new Cluster(
      {
        ...{ data, record, secrets, nats, masters, agents, portOffset, logLevel },
        ...{ coords: data.coords().present },
        ...(zooCfg !== undefined && { zooCfg }),
      },
      {
        died: (death) => this.partDied(death),
        changed: (parts) => this.note(parts),
      },
    );
    if (server !== undefined) await assertPortFree(cluster.natsPort);
    // Before anything is started that would only wait for it.
    else this.connection = await this.connect(cluster.natsUrl, secrets);
    if (this.stopping) return;
    this.cluster = cluster;
    this.zooCfgPath = zooCfg?.path;
    cluster.start();
    if (server !== undefined) {
      while (!this.stopping && !(await acceptsConnections(cluster.natsPort))) await pause();
      if (this.stopping) return;
      terminal.done('NATS', `nats-server ${server.version} at ${cluster.natsUrl}`);
    }
    this.connection ??= await this.connect(cluster.natsUrl, secrets);
    this.sighting = new ClusterSighting(this.connection.transport, CLUSTER);
    void this.noteBegun();
    void this.followCoords();
  }

  /** As a master: the only role that may ask the quorum how it stands. */
  private async connect(url: string, secrets: Secrets): Promise<ConnectedTransport> {
    try {
      return await connectTransport({
        url,
        role: 'master',
        name: 'supervisor',
        user: 'master',
        pass: secrets.master,
        log: createLogger({ level: 'silent', fields: {} }),
        firstConnectTimeoutMs: CONNECT_MS,
        ended: (error) => void this.connectAgain(error, url, secrets),
      });
    } catch (error) {
      if (error instanceof MesozooError && error.code === 'AUTH_FAILED')
        throw new MesozooError(
          'AUTH_FAILED',
          `the NATS server at ${url} refuses our users: start it with infra/nats.conf and the secrets of ` +
            `${join(this.data.path, 'secrets.json')}, or set MESOZOO_COORD_SECRET, MESOZOO_MASTER_SECRET and MESOZOO_AGENT_SECRET`,
        );
      throw error;
    }
  }

  private async connectAgain(error: MesozooError, url: string, secrets: Secrets): Promise<void> {
    this.terminal.problem(error.message);
    for (;;) {
      if (this.stopping) return;
      try {
        this.connection = await this.connect(url, secrets);
        this.sighting = new ClusterSighting(this.connection.transport, CLUSTER);
        return;
      } catch (refused) {
        // Told once above; the parts that are refused as well tell by ending.
        if (!(refused instanceof MesozooError)) throw refused;
        await pause();
      }
    }
  }

  /** Tells of each step once; ends when coords and masters have a leader and every agent is registered. */
  private async untilReady(): Promise<void> {
    const { terminal, options } = this;
    const failed = new Promise<never>((_, reject) => {
      this.hopeless = reject;
    });
    const told = new Set<string>();
    const once = (what: string, detail: string | undefined) => {
      if (detail === undefined || told.has(what)) return;
      told.add(what);
      terminal.done(what, detail);
    };
    for (;;) {
      const sight = await Promise.race([this.look(), failed]);
      if (this.stopping) break;
      once('coords', coordsDetail(sight, this.cluster));
      once('masters', mastersDetail(sight, this.options));
      const active = sight.agents.filter(({ state }) => state === 'active').length;
      if (active >= options.agents && sight.leadingMaster !== undefined) {
        once('agents', agentsDetail(sight));
        if (told.has('coords')) break;
      }
      if (this.waitedMs() > PATIENCE_MS) {
        const missing = ['coords', 'masters', 'agents'].filter((what) => !told.has(what));
        if (!told.has('waiting'))
          terminal.busy(
            `waiting for ${missing.join(', ')}; logs in ${shown(this.data.of('logs'))}`,
          );
        told.add('waiting');
      }
      await Promise.race([pause(), failed]);
    }
    this.hopeless = undefined;
  }

  /** Writes down which coords have begun, until all have: some may come long after the cluster is ready. */
  private async noteBegun(): Promise<void> {
    const { cluster } = this;
    while (cluster !== undefined && !this.stopping) {
      try {
        cluster.markBegun(this.sighting?.coordsSeen ?? new Set());
      } catch (error) {
        this.record.tellUnrecorded(error);
      }
      if (cluster.allCoordsBegan) return;
      await pause();
      await this.look();
    }
  }

  /** `mesozoo coord` writes down which coords there are to be: those are started, the others stopped. */
  private async followCoords(): Promise<void> {
    const { cluster, data } = this;
    while (cluster !== undefined && !this.stopping) {
      try {
        await cluster.followCoords(data.coords().present);
      } catch (error) {
        if (!(error instanceof MesozooError)) throw error;
        if (this.toldCoords !== error.message) this.terminal.problem(error.message);
        this.toldCoords = error.message;
      }
      await pause();
    }
  }

  private look(): Promise<ClusterSight> {
    return this.sighting?.look() ?? Promise.resolve({ agents: [], liveTasks: 0 });
  }

  private async example(runExample: RunExample): Promise<void> {
    const { terminal } = this;
    try {
      await access(exampleFile);
    } catch {
      return terminal.problem(`no example at ${exampleFile}`);
    }
    terminal.line();
    terminal.line(`Example: ${shown(exampleFile)}`);
    const natsUrl = this.cluster?.natsUrl ?? '';
    try {
      if (await runExample(exampleFile, natsUrl, terminal)) return;
      terminal.problem('the example did not finish as it should: see above');
    } catch (error) {
      // The cluster is up; that the example could not be run is told, and no reason to end it.
      terminal.problem(`the example could not be run: ${(error as Error).message}`);
    }
  }

  private partDied(death: PartDeath): void {
    if (this.stopping) return;
    this.terminal.problem(deathText(death));
    if (death.againInMs === undefined && this.hopeless !== undefined)
      this.hopeless(
        new MesozooError(
          'WRONG_DATA_DIRECTORY',
          `${death.part} cannot run: see ${shown(death.log)}`,
        ),
      );
    else if (this.hopeless === undefined) void this.tellWhenWell();
  }

  /** After a death: who leads now, once all is well again. */
  private async tellWhenWell(): Promise<void> {
    if (this.watching || this.cluster === undefined) return;
    this.watching = true;
    const sinceMs = performance.now();
    const parts = this.cluster.running().length + 1;
    for (;;) {
      await pause();
      if (this.stopping) return;
      const sight = await this.look();
      const active = sight.agents.filter(({ state }) => state === 'active').length;
      // One that was removed meanwhile is not waited for.
      const whole =
        this.cluster.running().length >= Math.min(parts, this.cluster.size) &&
        active >= this.options.agents;
      const [coords, masters] = [
        coordsDetail(sight, this.cluster),
        mastersDetail(sight, this.options),
      ];
      if (!whole || coords === undefined || masters === undefined) continue;
      const seconds = ((performance.now() - sinceMs) / 1000).toFixed(1);
      this.terminal.done('well', `after ${seconds} s: coords ${coords}; masters ${masters}`);
      this.watching = false;
      return;
    }
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    const { cluster, terminal } = this;
    if (cluster !== undefined) {
      const names = { agent: 'agents', master: 'masters', coord: 'coords', nats: 'NATS' } as const;
      let ended = 0;
      this.onTaskEnd((event) => {
        ended += 1;
        terminal.line(`    ${event.name} ${terminal.dim(event.taskId)} ${event.state}`);
      });
      await cluster.stop(async (kind, count) => {
        if (kind === 'master' && ended > 0)
          terminal.line(`    ${ended} running ${ended === 1 ? 'task was' : 'tasks were'} ended`);
        if (kind === 'nats') await this.connection?.close();
        terminal.busy(`stopping ${kind === 'nats' ? names.nats : `${count} ${names[kind]}`}`);
      });
      this.record.clear();
      terminal.done('stopped', `data stay in ${shown(this.data.path)}`);
    }
    await this.connection?.close();
  }

  private onTaskEnd(handler: (event: TaskEvent) => void): void {
    this.connection?.transport.subscribe(subjectsOf(CLUSTER).taskEvents('*'), ({ payload }) => {
      const event = decode(payload).value as unknown as TaskEvent;
      if (isFinal(event.state)) handler(event);
    });
  }

  /** An exception of ours that nobody caught: rejects, so that the cluster is stopped and the exception told. */
  private whenBroken(): Promise<never> {
    return new Promise((_, reject) => {
      for (const event of ['uncaughtException', 'unhandledRejection'] as const)
        process.on(event, (error: unknown) => {
          if (this.stopping) this.terminal.problem((error as Error).stack ?? String(error));
          this.stopping = true;
          reject(error);
        });
    });
  }

  private whenAsked(): Promise<'stop'> {
    return new Promise((resolve) => {
      let askedMs: number | undefined;
      const asked = () => {
        if (askedMs === undefined) {
          askedMs = performance.now();
          this.stopping = true;
          this.terminal.line();
          resolve('stop');
        } else if (performance.now() - askedMs > SAME_SIGNAL_MS) {
          this.terminal.problem('not waiting any longer: what is left is ended at the next start');
          process.exit(130);
        }
      };
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, asked);
    });
  }

  private note(parts: readonly PartRecord[]): void {
    this.record.note(parts, this.cluster, this.zooCfgPath);
  }

  private waitedMs(): number {
    return performance.now() - this.startedMs;
  }

  private seconds(): string {
    return (this.waitedMs() / 1000).toFixed(1);
  }
}

/** For a server that is not ours the secrets may be given. */
function withEnvironment(secrets: Secrets): Secrets {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, secret]) => [
      name,
      process.env[`MESOZOO_${name.toUpperCase()}_SECRET`] ?? secret,
    ]),
  ) as Secrets;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
