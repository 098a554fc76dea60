/** Writes down which processes run here, so that `down` and the next start find them. */
import type { Cluster } from './cluster.ts';
import type { DataDirectory, PartRecord, ProcessesRecord } from './data-directory.ts';
import { startOf } from './process-identity.ts';
import type { Terminal } from './terminal.ts';

const REWRITE_MS = 1_000;

export class ProcessRecord {
  private readonly data: DataDirectory;
  private readonly terminal: Terminal;
  private readonly portOffset: number;
  private rewriting: NodeJS.Timeout | undefined;
  private toldUnrecorded = false;

  constructor(data: DataDirectory, terminal: Terminal, portOffset: number) {
    this.data = data;
    this.terminal = terminal;
    this.portOffset = portOffset;
  }

  /** This process, the cluster that it looks after where there is one yet, and its parts. */
  note(
    parts: readonly PartRecord[],
    cluster: Cluster | undefined,
    zooCfg: string | undefined,
  ): void {
    const startedAt = startOf(process.pid);
    this.write({
      ...(startedAt !== undefined && { supervisor: { pid: process.pid, startedAt } }),
      ...(cluster !== undefined && {
        natsUrl: cluster.natsUrl,
        portOffset: this.portOffset,
        ...(zooCfg !== undefined && { zooCfg }),
      }),
      parts: [...parts],
    });
  }

  /** Nothing runs any more. */
  clear(): void {
    this.write({ parts: [] });
  }

  /** A full disk is no reason to leave the cluster alone: it is told, and tried again until there is room. */
  private write(record: ProcessesRecord): void {
    clearTimeout(this.rewriting);
    try {
      this.data.recordProcesses(record);
    } catch (error) {
      this.tellUnrecorded(error);
      this.rewriting = setTimeout(() => this.write(record), REWRITE_MS);
    }
  }

  /** Once. */
  tellUnrecorded(error: unknown): void {
    if (this.toldUnrecorded) return;
    this.toldUnrecorded = true;
    this.terminal.problem(
      `what runs here cannot be written down in ${this.data.path} (${(error as Error).message}): ` +
        'the cluster goes on, and it is tried again',
    );
  }
}
