/** What stall-recorder.ts wrote down in each of the processes. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Sample {
  readonly atMs: number;
  readonly worstMs: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

const recorder = fileURLToPath(new URL('./stall-recorder.ts', import.meta.url));

export class Stalls {
  private readonly directory = mkdtempSync(join(tmpdir(), 'bench-stalls-'));

  /** For the processes that are to be watched. */
  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--import ${recorder}`, BENCH_STALLS: this.directory };
  }

  /** Of one process since a wall time, in order. */
  since(pid: number, fromMs: number): Sample[] {
    const file = join(this.directory, `${pid}.jsonl`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Sample).filter(({ atMs }) => atMs >= fromMs);
  }

  worstMs(pid: number, fromMs: number): number {
    return Math.max(0, ...this.since(pid, fromMs).map(({ worstMs }) => worstMs));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
