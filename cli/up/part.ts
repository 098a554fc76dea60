/**
 * One part of the cluster: an operating-system process in a session of its own, so that Ctrl-C does not reach it,
 * with a log file, started again after a longer and longer wait when it dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { hopelessExitCodes } from '../../runtime/exit-codes.ts';
import { type RecordedProcess, startOf } from './process-identity.ts';

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;
/** After running for so long a part is taken for healthy: the next wait is short again. */
const HEALTHY_MS = 30_000;
const LOG_BYTES_MAX = 16 * 1024 * 1024;
/** Enough for the last line. */
const LOG_END_BYTES = 64 * 1024;

export interface PartSpec {
  /** `coord-1`. */
  readonly name: string;
  /** Asked for at each start: a first start differs from later ones. */
  command(): readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: string;
}

export interface PartDeath {
  readonly part: string;
  /** `exit code 70` or `SIGKILL`. */
  readonly how: string;
  /** What it wrote last, where that says why: `DISK_FULL: …`. */
  readonly why?: string;
  readonly log: string;
  /** How often it has ended by now without having run for a good while in between. */
  readonly inARow: number;
  /** Undefined: another start would only repeat it. */
  readonly againInMs?: number;
}

export interface PartEvents {
  /** A process was started or has ended (told by `died` before): the record changes. */
  changed(): void;
  died(death: PartDeath): void;
}

export class Part {
  readonly name: string;
  private readonly spec: PartSpec;
  private readonly events: PartEvents;
  private child: ChildProcess | undefined;
  private startedMs = 0;
  private deathsInARow = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private identity: RecordedProcess | undefined;

  constructor(spec: PartSpec, events: PartEvents) {
    this.name = spec.name;
    this.spec = spec;
    this.events = events;
  }

  get running(): RecordedProcess | undefined {
    return this.identity;
  }

  start(): void {
    this.timer = undefined;
    this.stopping = false;
    this.startedMs = performance.now();
    let child: ChildProcess;
    try {
      child = this.spawn();
    } catch (error) {
      // No file or process is to be had, as on a full disk: that passes, and is no end for the other parts.
      this.died(`could not be started: ${(error as Error).message}`);
      return;
    }
    this.child = child;
    child.once('error', (error) => this.ended(child, `could not be started: ${error.message}`));
    child.once('exit', (code, signal) => this.ended(child, signal ?? `exit code ${code}`, code));
    if (child.pid === undefined) return;
    const startedAt = startOf(child.pid);
    if (startedAt === undefined) return;
    this.identity = { pid: child.pid, startedAt };
    this.events.changed();
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Asks for a good end, and insists after `graceMs`. Resolves when the process is gone. */
  async stop(graceMs: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (child === undefined) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    // A paused process takes no signal but this one.
    child.kill('SIGCONT');
    const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await exited;
    clearTimeout(insist);
  }

  /** Ends it as a crash would, and leaves it ended. */
  kill(): Promise<void> {
    return this.stop(0, 'SIGKILL');
  }

  private spawn(): ChildProcess {
    const [program, ...args] = this.spec.command() as [string, ...string[]];
    keepLogSmall(this.spec.log);
    const log = openSync(this.spec.log, 'a', 0o600);
    try {
      return spawn(program, args, {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...this.spec.env },
      });
    } finally {
      closeSync(log);
    }
  }

  private ended(child: ChildProcess, how: string, code?: number | null): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.identity = undefined;
    // First that it is started again: whatever the record of it may come to.
    if (!this.stopping) this.died(how, code);
    this.events.changed();
  }

  private died(how: string, code?: number | null): void {
    const hopeless = typeof code === 'number' && hopelessExitCodes.has(code);
    if (performance.now() - this.startedMs > HEALTHY_MS) this.deathsInARow = 0;
    const backoffMs = Math.min(BACKOFF_FIRST_MS * 2 ** this.deathsInARow, BACKOFF_MAX_MS);
    this.deathsInARow += 1;
    const againInMs = hopeless ? undefined : backoffMs;
    if (againInMs !== undefined) this.timer = setTimeout(() => this.start(), againInMs);
    const why = typeof code === 'number' ? lastWord(this.spec.log) : undefined;
    this.events.died({
      part: this.name,
      how,
      log: this.spec.log,
      inARow: this.deathsInARow,
      ...(why !== undefined && { why }),
      ...(againInMs !== undefined && { againInMs }),
    });
  }
}

/** The code and reason of the last line, if that is the last word of a process of ours (runtime/run.ts). */
function lastWord(log: string): string | undefined {
  let end: string;
  try {
    end = endOf(log);
  } catch (error) {
    return `its log cannot be read: ${(error as Error).message}`;
  }
  const line = end.trimEnd().split('\n').at(-1);
  if (line === undefined || !line.startsWith('{')) return undefined;
  try {
    const { message, code, reason } = JSON.parse(line) as Record<string, unknown>;
    return message === 'crashed' ? `${String(code)}: ${String(reason)}` : undefined;
  } catch {
    // A line that was cut off says nothing.
    return undefined;
  }
}

function endOf(log: string): string {
  const descriptor = openSync(log, 'r');
  try {
    const bytes = Buffer.alloc(LOG_END_BYTES);
    const from = Math.max(0, fstatSync(descriptor).size - bytes.length);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, from));
  } finally {
    closeSync(descriptor);
  }
}

/** At each start: a log that has grown large becomes the old one. */
function keepLogSmall(log: string): void {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(log, `${log}.1`);
}
