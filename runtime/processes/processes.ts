/**
 * The port Processes on Linux: commands in sessions of their own, under a wrapper (wrapper.sh) that outlives the
 * agent and keeps the exit status for whoever comes next.
 *
 * While the agent that launched a command lives, it is told of the end by the exit of its child, the wrapper. What a
 * former agent process launched is looked at every 200 ms.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, readdirSync, renameSync, rm } from 'node:fs';
import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type {
  LaunchSpec,
  Logger,
  ProcessEnd,
  Processes,
  ProcessIdentity,
  ProcessUsage,
} from '../../actors/actor.ts';
import { assert } from '../../protocol/errors.ts';
import { makePassable } from '../passable.ts';
import { commandOf, environmentOf } from './command.ts';
import { Graces } from './graces.ts';
import { readOutputFile } from './output-file.ts';
import { bootId, isGone, kernelUnits, parseStat, readStat } from './proc.ts';
import {
  findOrPrevent,
  findStarted,
  identityOf,
  newRun,
  partsOf,
  readEnd,
  type Started,
  workDirectory,
} from './runs.ts';
import { Sessions } from './sessions.ts';
import { sendSignal } from './signals.ts';
import { type User, Users } from './users.ts';
import { wrapperArguments } from './wrapper.ts';

const POLL_MS = 200;
/** What has left its group, but not its session, is looked for once for all that ended in this time. */
const SWEEP_MS = 200;
const REMOVED = '.removed-';
const FAILURE_TEXT_MAX = 4096;

type Launched = ProcessIdentity | { readonly failure: string };

/** A command whose wrapper is a child of this process. */
interface Child {
  readonly identity: ProcessIdentity;
  exited: boolean;
  told?: () => void;
}

interface Adopted {
  readonly sandbox: string;
  readonly started: Started;
  readonly ended: (end: ProcessEnd) => void;
}

export class LinuxProcesses implements Processes {
  private readonly root: string;
  private readonly log: Logger;
  private readonly bootId = bootId();
  private readonly units = kernelUnits();
  private readonly users = new Users();
  private readonly sessions = new Sessions();
  private readonly graces = new Graces(() => this.sessions.look());
  private readonly children = new Map<string, Child>();
  private readonly adopted = new Map<string, Adopted>();
  private readonly ending = new Map<number, string>();
  private pollTimer: NodeJS.Timeout | undefined;
  private sweepTimer: NodeJS.Timeout | undefined;
  private removals = 0;

  /** Everything is kept under `root`, which is made where it is missing. */
  constructor(root: string, log: Logger) {
    this.root = resolve(root);
    this.log = log;
    makePassable(this.root);
    for (const name of readdirSync(this.root)) if (name.startsWith(REMOVED)) this.removeSoon(name);
  }

  launch(spec: LaunchSpec, started: (result: Launched) => void): void {
    if (findOrPrevent(this.directoryOf(spec.sandbox)) !== undefined) {
      const failure = `the sandbox ${spec.sandbox} has been used already`;
      setImmediate(started, { failure });
      return;
    }
    const answer = (result: Launched) => {
      // There is nothing in it that anybody could want, and nobody who would remove it later.
      if ('failure' in result) this.removeSandbox(spec.sandbox);
      started(result);
    };
    const spawnAs = (user: User | undefined) => {
      try {
        this.spawn(spec, user, answer);
      } catch (error) {
        setImmediate(answer, { failure: (error as Error).message });
      }
    };
    if (spec.user === undefined) {
      spawnAs(undefined);
      return;
    }
    this.users.find(spec.user, (found) => {
      if ('failure' in found) setImmediate(answer, found);
      else spawnAs(found);
    });
  }

  watch(sandbox: string, identity: ProcessIdentity, ended: (end: ProcessEnd) => void): void {
    const directory = this.directoryOf(sandbox);
    const child = this.children.get(sandbox);
    const started = findStarted(directory);
    if (started === undefined || started.identity.startedAt !== identity.startedAt) {
      // Its directory is gone, or was lost with the machine: nobody will ever know.
      setImmediate(ended, { kind: 'vanished' } satisfies ProcessEnd);
      return;
    }
    const adopt = () => {
      this.adopted.set(sandbox, { sandbox, started, ended });
      this.pollTimer ??= setInterval(() => this.poll(), POLL_MS);
    };
    if (child === undefined || child.identity.startedAt !== identity.startedAt) {
      adopt();
      setImmediate(() => this.poll());
      return;
    }
    child.told = () => {
      this.children.delete(sandbox);
      const end = readEnd(started.runDirectory);
      // The wrapper was killed: the command may well go on.
      if (end === undefined) adopt();
      else this.finish(sandbox, started, end, ended);
    };
    if (child.exited) setImmediate(child.told);
  }

  find(sandbox: string): ProcessIdentity | undefined {
    return findOrPrevent(this.directoryOf(sandbox))?.identity;
  }

  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void {
    const leader = this.leaderOf(identity);
    if (signal === 'SIGKILL') this.graces.end(identity);
    if (leader !== undefined) this.sessions.signal(leader, signal);
    else if (
      partsOf(identity).bootId !== this.bootId ||
      !isGone(readStat(identity.pid)) ||
      !this.sessions.signalRemains(identity.pid, this.mark(), signal)
    )
      return;
    if (signal === 'SIGTERM') this.graces.give(identity);
  }

  usage(identity: ProcessIdentity): ProcessUsage | undefined {
    const leader = this.leaderOf(identity);
    if (leader === undefined) return undefined;
    const found = this.sessions.of(identity.pid).filter((member) => !isGone(member));
    // It may be on its way to its own session still.
    const members = found.length > 0 ? found : [leader];
    const ticks = members.reduce((sum, member) => sum + member.cpuTicks, 0);
    const pages = members.reduce((sum, member) => sum + member.residentPages, 0);
    return {
      cpuSeconds: ticks / this.units.ticksPerSecond,
      memBytes: pages * this.units.pageBytes,
      processes: members.length,
    };
  }

  readOutput(
    sandbox: string,
    stream: 'stdout' | 'stderr',
    offset: number,
    length: number,
  ): { readonly bytes: Uint8Array; readonly size: number } | undefined {
    const path = join(workDirectory(this.directoryOf(sandbox)), stream);
    return readOutputFile(path, offset, length);
  }

  listSandboxes(): readonly string[] {
    return readdirSync(this.root).filter((name) => !name.startsWith('.'));
  }

  removeSandbox(sandbox: string): void {
    const removed = `${REMOVED}${process.pid}-${this.removals++}`;
    try {
      renameSync(this.directoryOf(sandbox), join(this.root, removed));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.removeSoon(removed);
  }

  /** Stops looking; commands go on. */
  close(): void {
    clearInterval(this.pollTimer);
    clearTimeout(this.sweepTimer);
    this.graces.stop();
  }

  // ── Launching ─────────────────────────────────────────────────────────────────────────────────────────────

  private spawn(
    spec: LaunchSpec,
    user: User | undefined,
    started: (result: Launched) => void,
  ): void {
    const sandbox = this.directoryOf(spec.sandbox);
    const work = workDirectory(sandbox);
    makePassable(sandbox);
    const run = newRun(sandbox);
    mkdirSync(work, { recursive: true, mode: 0o700 });
    const environment = environmentOf(spec.env, work);
    const command = commandOf(spec.argv, environment, user);
    const outputs = ['stdout', 'stderr'].map((name) => join(work, name));
    const descriptors = outputs.map((path) => openSync(path, 'a', 0o644));
    if (user !== undefined)
      for (const path of [work, ...outputs]) chownSync(path, user.uid, user.gid);
    try {
      const child = spawn(
        '/bin/sh',
        wrapperArguments({
          runDirectory: run,
          bootId: this.bootId,
          ...spec.limits,
          command: command.argv,
        }),
        {
          cwd: work,
          env: command.environment,
          detached: true,
          stdio: ['ignore', 'ignore', 'ignore', ...descriptors, 'pipe'],
        },
      );
      this.awaitStart(spec.sandbox, child, started);
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
    }
  }

  private awaitStart(
    sandbox: string,
    child: ChildProcess,
    started: (result: Launched) => void,
  ): void {
    let heard = '';
    let answered = false;
    let running: Child | undefined;
    const answer = (result: Launched) => {
      if (answered) return;
      answered = true;
      started(result);
    };
    child.unref();
    child.on('error', (error) => answer({ failure: error.message }));
    child.on('exit', () => {
      if (running === undefined) return;
      running.exited = true;
      running.told?.();
    });
    const pipe = (child.stdio as readonly unknown[])[5] as Socket | null | undefined;
    if (pipe === null || pipe === undefined) return; // spawn failed: 'error' follows
    pipe.unref();
    pipe.setEncoding('latin1');
    pipe.on('error', (error) => answer({ failure: error.message }));
    pipe.on('data', (text: string) => {
      heard = (heard + text).slice(0, FAILURE_TEXT_MAX);
      const stat =
        heard.startsWith('S') && heard.endsWith('\n') ? parseStat(heard.slice(1)) : undefined;
      if (stat === undefined) return;
      pipe.destroy();
      const identity = identityOf(stat.pid, stat.startTime, this.bootId);
      running = { identity, exited: child.exitCode !== null || child.signalCode !== null };
      this.children.set(sandbox, running);
      answer(identity);
    });
    pipe.on('close', () => answer({ failure: heard.trim() || 'the wrapper was killed' }));
  }

  // ── Ends ──────────────────────────────────────────────────────────────────────────────────────────────────

  private poll(): void {
    for (const [sandbox, { started, ended }] of this.adopted) {
      const end = this.endOf(started);
      if (end === undefined) continue;
      this.adopted.delete(sandbox);
      this.finish(sandbox, started, end, ended);
    }
    if (this.adopted.size > 0) return;
    clearInterval(this.pollTimer);
    this.pollTimer = undefined;
  }

  private endOf(started: Started): ProcessEnd | undefined {
    const sameBoot = started.bootId === this.bootId;
    if (sameBoot && this.leaderOf(started.identity) !== undefined) return undefined;
    const end = readEnd(started.runDirectory);
    if (end !== undefined) return end;
    // What has the wrapper's pid is the wrapper only if it is not younger than the command.
    const wrapper = sameBoot ? readStat(started.wrapperPid) : undefined;
    if (wrapper !== undefined && !isGone(wrapper) && wrapper.startTime <= started.startTime)
      return undefined;
    return readEnd(started.runDirectory) ?? { kind: 'vanished' };
  }

  /** The leader has ended. */
  private finish(
    sandbox: string,
    started: Started,
    end: ProcessEnd,
    ended: (end: ProcessEnd) => void,
  ): void {
    const { identity } = started;
    const isEmpty = () =>
      started.bootId !== this.bootId ||
      !this.sessions.signalRemains(identity.pid, this.mark(sandbox), 0, SWEEP_MS);
    const over = () => this.finishSession(sandbox, started, end, ended);
    if (!this.graces.await(identity, isEmpty, over)) over();
  }

  /** Nothing of it is left to be waited for. */
  private finishSession(
    sandbox: string,
    started: Started,
    end: ProcessEnd,
    ended: (end: ProcessEnd) => void,
  ): void {
    const { pid } = started.identity;
    if (started.bootId === this.bootId && pid > 1) {
      // The number of a group that still has members is not given to a new process: a group without a process of
      // its number is the old one, or that of somebody whose leader has ended as well; the mark tells.
      if (sendSignal(-pid, 0)) this.sessions.signalRemains(pid, this.mark(sandbox), 'SIGKILL');
      this.ending.set(pid, sandbox);
      this.sweepTimer ??= setTimeout(() => this.sweep(), SWEEP_MS).unref();
    }
    ended(end);
  }

  private sweep(): void {
    this.sweepTimer = undefined;
    const ending = [...this.ending];
    this.ending.clear();
    this.sessions.look();
    for (const [session, sandbox] of ending) {
      if (!this.sessions.signalRemains(session, this.mark(sandbox), 'SIGKILL', SWEEP_MS)) continue;
      this.log.info('processes left by an ended command were killed', { sandbox });
      this.ending.set(session, sandbox);
    }
    if (this.ending.size > 0) this.sweepTimer = setTimeout(() => this.sweep(), SWEEP_MS).unref();
  }

  /** In the environment of all that runs in this sandbox (or in any), and of nothing else. */
  private mark(sandbox?: string): string {
    return sandbox === undefined
      ? `MESOZOO_SANDBOX=${this.root}/`
      : `MESOZOO_SANDBOX=${workDirectory(this.directoryOf(sandbox))}\0`;
  }

  private leaderOf(identity: ProcessIdentity): ReturnType<typeof readStat> {
    const { startTime, bootId: boot } = partsOf(identity);
    if (boot !== this.bootId) return undefined;
    const stat = readStat(identity.pid);
    return stat === undefined || isGone(stat) || stat.startTime !== startTime ? undefined : stat;
  }

  private directoryOf(sandbox: string): string {
    assert(/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(sandbox), `"${sandbox}" is no sandbox name`);
    return join(this.root, sandbox);
  }

  private removeSoon(name: string): void {
    rm(join(this.root, name), { recursive: true, force: true, maxRetries: 2 }, (error) => {
      if (error !== null)
        this.log.warn('sandbox could not be removed', { name, message: error.message });
    });
  }
}
