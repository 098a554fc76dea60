/**
 * The virtual processes of one machine. They outlive the agent that started them, leave a record of their end for the
 * next one, and vanish with the machine. What runs is the truth that checkers compare everything else with.
 */
import type {
  LaunchSpec,
  ProcessEnd,
  Processes as ProcessesPort,
  ProcessIdentity,
  ProcessUsage,
} from '../../actors/actor.ts';
import type { Life } from '../life.ts';
import type { SeededRandom } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Trace } from '../trace.ts';
import { readScript, type Step } from './script.ts';

export interface VirtualProcess {
  readonly machine: string;
  readonly sandbox: string;
  readonly identity: ProcessIdentity;
  readonly spec: LaunchSpec;
  readonly startedMs: number;
  end?: ProcessEnd;
  endedMs?: number;
}

interface Running extends VirtualProcess {
  trapsTerm: boolean;
  readonly watchers: ((end: ProcessEnd) => void)[];
}

interface Sandbox {
  readonly output: Record<'stdout' | 'stderr', Uint8Array>;
  process: Running | undefined;
}

export interface MachineProcessesOptions {
  readonly machine: string;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly trace: Trace;
  /** The truth, as it happens. */
  readonly onStart?: (process: VirtualProcess) => void;
  readonly onEnd?: (process: VirtualProcess) => void;
}

export class MachineProcesses {
  /** Of launches that fail although nothing is wrong with the request. */
  launchFailureChance = 0;
  private readonly options: MachineProcessesOptions;
  private readonly sandboxes = new Map<string, Sandbox>();
  private readonly live = new Map<number, Running>();
  private nextPid = 100;
  private boot = 1;

  constructor(options: MachineProcessesOptions) {
    this.options = options;
  }

  running(): readonly VirtualProcess[] {
    return [...this.live.values()];
  }

  /** Power off: every process is gone without a record; the sandboxes' files stay. */
  crashMachine(): void {
    this.boot++;
    for (const process of [...this.live.values()]) this.finish(process, { kind: 'vanished' });
  }

  attach(life: Life): ProcessesPort {
    const { scheduler, random } = this.options;
    const soon = (run: () => void) =>
      scheduler.after(random.between(100, 2000), () => life.input(run));
    return {
      launch: (spec, started) => {
        if (!life.mayCall()) return;
        // The fork may happen although the agent dies before it hears of it.
        scheduler.after(random.between(100, 5000), () => {
          if (!life.isAlive && random.chance(0.5)) return;
          const result = this.launch(spec);
          soon(() => started(result));
        });
      },
      watch: (sandbox, identity, ended) => {
        if (!life.mayCall()) return;
        const process = this.sandboxes.get(sandbox)?.process;
        if (process === undefined || !isSame(process.identity, identity))
          soon(() => ended({ kind: 'vanished' }));
        else if (process.end !== undefined) {
          const { end } = process;
          soon(() => ended(end));
        } else process.watchers.push((end) => soon(() => ended(end)));
      },
      find: (sandbox) => this.sandboxes.get(sandbox)?.process?.identity,
      signal: (identity, signal) => {
        if (!life.mayCall()) return;
        const process = this.live.get(identity.pid);
        if (process === undefined || !isSame(process.identity, identity)) return;
        if (signal === 'SIGTERM' && process.trapsTerm) return;
        scheduler.after(random.between(100, 3000), () =>
          this.finish(process, { kind: 'signalled', signal }),
        );
      },
      usage: (identity) => this.usage(identity),
      readOutput: (sandbox, stream, offset, length) => {
        const bytes = this.sandboxes.get(sandbox)?.output[stream];
        if (bytes === undefined) return undefined;
        return { bytes: bytes.slice(offset, offset + length), size: bytes.length };
      },
      listSandboxes: () => [...this.sandboxes.keys()].sort(),
      removeSandbox: (sandbox) => {
        if (life.mayCall()) this.sandboxes.delete(sandbox);
      },
    };
  }

  private launch(spec: LaunchSpec): ProcessIdentity | { readonly failure: string } {
    const { random, scheduler, machine } = this.options;
    if (random.chance(this.launchFailureChance)) return { failure: 'EAGAIN: fork failed' };
    const script = readScript(spec.argv);
    const pid = this.nextPid++;
    const process: Running = {
      machine,
      sandbox: spec.sandbox,
      identity: { pid, startedAt: `${this.boot}-${Math.round(scheduler.nowMs)}` },
      spec,
      startedMs: scheduler.nowMs,
      trapsTerm: false,
      watchers: [],
    };
    this.sandboxes.set(spec.sandbox, {
      output: { stdout: new Uint8Array(0), stderr: new Uint8Array(0) },
      process,
    });
    this.live.set(pid, process);
    this.options.trace.record(machine, 'process starts', spec.sandbox);
    this.options.onStart?.(process);
    this.carryOut(process, script.steps, 0, script.exitCode);
    return process.identity;
  }

  private carryOut(
    process: Running,
    steps: readonly Step[],
    index: number,
    exitCode: number,
  ): void {
    if (process.end !== undefined) return;
    const { scheduler, random } = this.options;
    const step = steps[index];
    if (step === undefined) {
      scheduler.after(random.between(100, 1000), () =>
        this.finish(process, { kind: 'exited', exitCode }),
      );
      return;
    }
    if (step.kind === 'trapTerm') process.trapsTerm = true;
    if (step.kind === 'echo') this.write(process, step.text);
    const ms = step.kind === 'sleep' ? step.ms : 0.1;
    scheduler.after(ms * 1000, () => this.carryOut(process, steps, index + 1, exitCode));
  }

  private write(process: Running, text: string): void {
    const sandbox = this.sandboxes.get(process.sandbox);
    if (sandbox === undefined) return;
    const more = new TextEncoder().encode(text);
    const whole = new Uint8Array(sandbox.output.stdout.length + more.length);
    whole.set(sandbox.output.stdout);
    whole.set(more, sandbox.output.stdout.length);
    sandbox.output.stdout = whole;
  }

  private finish(process: Running, end: ProcessEnd): void {
    if (process.end !== undefined) return;
    process.end = end;
    process.endedMs = this.options.scheduler.nowMs;
    this.live.delete(process.identity.pid);
    this.options.trace.record(
      process.machine,
      'process ends',
      `${process.sandbox} ${JSON.stringify(end)}`,
    );
    this.options.onEnd?.(process);
    for (const watcher of process.watchers.splice(0)) watcher(end);
  }

  private usage(identity: ProcessIdentity): ProcessUsage | undefined {
    const process = this.live.get(identity.pid);
    if (process === undefined || !isSame(process.identity, identity)) return undefined;
    return {
      cpuSeconds: ((this.options.scheduler.nowMs - process.startedMs) / 1000) * 0.05,
      memBytes: 8 * 1024 * 1024,
      processes: 1,
    };
  }
}

function isSame(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startedAt === b.startedAt;
}
