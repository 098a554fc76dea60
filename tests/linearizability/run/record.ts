/** What one run has seen: histories by round, promises that were broken, and counts for the summary. */
import type { Operation } from '../checker/history.ts';

/** Of all registers, when they are made. */
export const INITIAL = { data: 'initial', version: 0 } as const;

/** Some registers of their own for some seconds: so that a history stays short, and what is unknown ends with it. */
export class Round {
  readonly number: number;
  readonly paths: readonly string[];
  readonly operations: Operation[] = [];
  private inside = 0;
  private isOver = false;
  private readonly left: Promise<void>;
  private leave: () => void = () => undefined;

  constructor(number: number, paths: readonly string[]) {
    this.number = number;
    this.paths = paths;
    this.left = new Promise((resolve) => {
      this.leave = resolve;
    });
  }

  /** Nobody leaves before all of the operations are recorded. */
  async during(work: () => Promise<void>): Promise<void> {
    this.inside += 1;
    try {
      await work();
    } finally {
      this.inside -= 1;
      this.close();
    }
  }

  /** From now on nobody enters; resolves when all have left. */
  over(): Promise<void> {
    this.isOver = true;
    this.close();
    return this.left;
  }

  private close(): void {
    if (this.isOver && this.inside === 0) this.leave();
  }
}

export interface Abandoned {
  readonly path: string;
  readonly leftMs: number;
  readonly timeoutMs: number;
}

export class RunRecord {
  readonly violations: string[] = [];
  /** Ephemeral nodes of sessions that were left without being closed. */
  readonly abandoned: Abandoned[] = [];
  private readonly counts = new Map<string, number>();
  private readonly sequentialPaths = new Set<string>();

  violation(text: string): void {
    this.violations.push(text);
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  counted(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  get allCounts(): ReadonlyMap<string, number> {
    return this.counts;
  }

  /** Acknowledged, whoever asked. */
  sequentialCreated(client: string, path: string): void {
    this.count('sequential creates');
    if (this.sequentialPaths.has(path)) this.violation(`${client} was given ${path} a second time`);
    this.sequentialPaths.add(path);
  }
}
