/**
 * One simulated operating-system process that runs an actor in its Host: started, crashed, paused and started again.
 * Each run has a Life of its own with new connections; disk, machine and clock errors stay.
 */
import type { Actor, Logger } from '../actors/actor.ts';
import { Host, type HostedPorts } from '../actors/host.ts';
import { MesozooError } from '../protocol/errors.ts';
import { type ClockError, PERFECT_CLOCK, SimulatedClock } from './clock.ts';
import type { SimulatedDisk } from './disk.ts';
import { type Death, Life } from './life.ts';
import { SimulatedConnection } from './network/connection.ts';
import { networkBounds } from './network/settings.ts';
import type { MachineProcesses } from './processes/processes.ts';
import type { SeededRandom } from './random.ts';
import type { World } from './world.ts';

/** Invariants are looked at after every so many turns: they cost a fifth of a run when it is each one. */
const LOOKS_PER_CHECK = 4;

export interface ProcessOptions<A extends Actor> {
  readonly world: World;
  readonly name: string;
  /** Prefix of the inboxes of its connections: differs by role. */
  readonly inboxPrefix: string;
  readonly disk?: SimulatedDisk;
  readonly processes?: MachineProcesses;
  /** A second connection. */
  readonly bulk?: boolean;
  /** Others connect to it. */
  readonly listens?: boolean;
  /** What it publishes is not delivered to itself. */
  readonly noEcho?: boolean;
  readonly clockError?: ClockError;
  /** `run` counts from 1. */
  readonly create: (ports: HostedPorts, run: number, life: Life) => A;
  /** An exception that ended the actor and that a fault explains; true: it is no violation. */
  readonly mayFail?: (error: unknown) => boolean;
}

export class SimulatedProcess<A extends Actor = Actor> {
  readonly name: string;
  /** Of the present or last run. */
  actor: A | undefined;
  runs = 0;
  /** It ended by itself, with this. */
  failure: unknown;
  private readonly options: ProcessOptions<A>;
  private readonly random: SeededRandom;
  private life: Life | undefined;
  private host: Host<HostedPorts> | undefined;
  private connections: SimulatedConnection[] = [];
  private pauses = 0;

  constructor(options: ProcessOptions<A>) {
    this.options = options;
    this.name = options.name;
    this.random = options.world.random.fork(`process ${options.name}`);
  }

  get isAlive(): boolean {
    return this.life?.isAlive ?? false;
  }

  get isPaused(): boolean {
    return this.life?.isPaused ?? false;
  }

  get isRunning(): boolean {
    return this.isAlive && !this.isPaused;
  }

  start(): void {
    if (this.isAlive) return;
    const { world } = this.options;
    this.runs++;
    this.failure = undefined;
    this.actor = undefined;
    world.trace.record(this.name, 'start', `run ${this.runs}`);
    const life = new Life(this.name);
    this.life = life;
    this.connections = [];
    const ports = this.makePorts(life);
    const host = new Host(ports, {
      name: this.name,
      defer: (run) =>
        void world.scheduler.after(this.random.between(5, 150), () => life.input(run)),
      crash: (error) => this.failed(life, error),
    });
    this.host = host;
    life.whenDead(() => host.abandon());
    host.start((hosted) => {
      const actor = this.options.create(hosted, this.runs, life);
      this.actor = actor;
      return this.watched(actor);
    });
  }

  /** kill -9, or with `machine` a power cut; what the process sent last may not have left. */
  crash(what: Death): void {
    if (!this.isAlive) return;
    this.options.world.trace.record(this.name, 'crash', what);
    this.die(what);
  }

  /** As `crash`, but in the midst of a handler: at the call number `calls` of a port from now. */
  crashAfterCalls(what: Death, calls: number, then: () => void): void {
    this.life?.dieAfterCalls(calls, () => {
      this.options.world.trace.record(this.name, 'crash', `${what}, in the midst of a turn`);
      this.die(what);
      then();
    });
  }

  /** A crash that was to come by `crashAfterCalls` does not come. */
  forgetCrash(): void {
    this.life?.liveOn();
  }

  /** SIGSTOP: inputs wait; the server drops the connection when pings stay unanswered. */
  pause(): void {
    const life = this.life;
    if (life === undefined || !life.isAlive || life.isPaused) return;
    this.options.world.trace.record(this.name, 'pause');
    life.pause();
    const { connections } = this;
    const pause = ++this.pauses;
    this.options.world.scheduler.after(networkBounds.staleMs * 1000, () => {
      if (life.isPaused && pause === this.pauses)
        for (const connection of connections) connection.breakOff('by server');
    });
  }

  resume(): void {
    if (!this.isPaused) return;
    this.options.world.trace.record(this.name, 'resume');
    this.life?.resume();
  }

  /** Ends in good order. */
  stop(done: () => void = () => undefined): void {
    const { host, life } = this;
    if (host === undefined || life === undefined || !life.isAlive) {
      done();
      return;
    }
    host.stop(() => {
      for (const connection of this.connections) connection.drain();
      life.end();
      done();
    });
  }

  breakConnections(how: 'clean' | 'silent'): void {
    for (const connection of this.connections) connection.breakOff(how);
    this.options.world.tcp.breakOff(this.name, how);
  }

  /** The actor, with its invariants looked at after some of its turns. */
  private watched(actor: A & { invariants?(): void }): Actor {
    let looks = 0;
    const look = () => {
      if (looks++ % LOOKS_PER_CHECK === 0) actor.invariants?.();
    };
    return {
      start: () => {
        actor.start();
        look();
      },
      endTurn: () => {
        actor.endTurn();
        look();
      },
      stop: (done) => actor.stop(done),
    };
  }

  private makePorts(life: Life): HostedPorts {
    const { world, disk, processes, inboxPrefix } = this.options;
    const connect = (kind: string) => {
      const connection = new SimulatedConnection(world.server, life, {
        node: this.name,
        inbox: `${inboxPrefix}.${this.name}-${this.runs}${kind}`,
        ...(this.options.noEcho !== undefined && { noEcho: this.options.noEcho }),
      });
      this.connections.push(connection);
      return connection;
    };
    return {
      clock: new SimulatedClock(world.scheduler, life, this.options.clockError ?? PERFECT_CLOCK),
      random: this.random.fork(`run ${this.runs}`),
      transport: connect(''),
      log: this.logger({}),
      ...(this.options.bulk === true && { bulk: connect('-bulk') }),
      ...(this.options.listens === true && { tcp: world.tcp.attach(this.name, life) }),
      ...(disk !== undefined && { storage: disk.attach(life) }),
      ...(processes !== undefined && { processes: processes.attach(life) }),
    };
  }

  private logger(bound: Record<string, unknown>): Logger {
    const { trace } = this.options.world;
    const line =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        if (trace.isRead)
          trace.record(this.name, level, message, undefined, () =>
            describe({ ...bound, ...fields }),
          );
        else trace.record(this.name, level, message);
      };
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => this.logger({ ...bound, ...fields }),
    };
  }

  private die(what: Death): void {
    this.life?.end(what);
    this.options.disk?.crash(what);
    if (what === 'machine') this.options.processes?.crashMachine();
  }

  private failed(life: Life, error: unknown): void {
    if (life !== this.life || !life.isAlive) return;
    const { world } = this.options;
    this.failure = error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    world.trace.record(this.name, 'failed', text);
    if (this.options.mayFail?.(error) !== true)
      world.violations.report(
        'actor-crash',
        `${this.name}: ${error instanceof Error ? (error.stack ?? text) : text}`,
      );
    this.die('process');
  }
}

/** Errors by which an actor rightly stops when its disk fails it. */
export function isDiskFailure(error: unknown): boolean {
  return (
    error instanceof MesozooError &&
    (error.code === 'DISK_FULL' || error.code === 'DISK_FAILED' || error.code === 'LOG_DAMAGED')
  );
}

function describe(fields: Record<string, unknown>): string {
  return JSON.stringify(fields, (_, value) =>
    value instanceof Uint8Array
      ? `<${value.length} bytes>`
      : value instanceof Error
        ? value.message
        : value,
  );
}
