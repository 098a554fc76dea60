/**
 * What really runs on the machines, and when: no machine carries more than it has, no attempt is started twice, no
 * task is tried more often than it may be.
 */
import type { Resources } from '../../protocol/resources.ts';
import type { VirtualProcess } from '../processes/processes.ts';
import type { Violations } from '../violations.ts';
import { taskEnvironment } from '../workload/task-client.ts';

export class ProcessTruth {
  private readonly violations: Violations;
  private readonly total: Resources;
  private readonly live = new Map<string, Set<VirtualProcess>>();
  /** By idempotency key, in the order of their starts. */
  readonly byKey = new Map<string, VirtualProcess[]>();

  constructor(violations: Violations, total: Resources) {
    this.violations = violations;
    this.total = total;
  }

  liveOf(key: string): readonly VirtualProcess[] {
    return (this.byKey.get(key) ?? []).filter((process) => process.end === undefined);
  }

  started(process: VirtualProcess): void {
    const { machine, sandbox } = process;
    const live = this.live.get(machine) ?? new Set();
    this.live.set(machine, live);
    live.add(process);
    const key = keyOf(process);
    const former = this.byKey.get(key) ?? [];
    const twin = former.find((other) => other.sandbox === sandbox);
    if (twin !== undefined)
      this.violations.report(
        'no-second-live-attempt',
        `attempt ${sandbox} of ${key} was started twice: on ${twin.machine} and on ${machine}`,
      );
    this.byKey.set(key, [...former, process]);
    this.checkMachine(machine, live);
  }

  ended(process: VirtualProcess): void {
    this.live.get(process.machine)?.delete(process);
  }

  private checkMachine(machine: string, live: ReadonlySet<VirtualProcess>): void {
    const sum = (name: string) =>
      [...live].reduce((total, { spec }) => total + Number(spec.env[name] ?? 0), 0);
    const cpus = sum(taskEnvironment.cpus);
    const mem = sum(taskEnvironment.mem);
    if (cpus > this.total.cpus || mem > this.total.mem)
      this.violations.report(
        'resources-once',
        `${machine} runs ${cpus} cpus and ${mem} MiB of ${this.total.cpus} and ${this.total.mem}: ${[...live].map(({ sandbox }) => sandbox).join(', ')}`,
      );
  }
}

export function keyOf(process: VirtualProcess): string {
  return process.spec.env[taskEnvironment.key] ?? process.sandbox;
}
