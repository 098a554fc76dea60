/** What stall-recorder.ts wrote down in each of the processes. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Sample {
  readonly atMs: number;
  /** Of the longest pauses since the sample before, as a clock sees them, and as processor time of the thread. */
  readonly worstMs: number;
  readonly worstCpuMs: number;
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

  /** Of several processes. */
  worst(pids: readonly number[], fromMs: number): { readonly ms: number; readonly cpuMs: number } {
    const samples = pids.flatMap((pid) => this.since(pid, fromMs));
    return {
      ms: Math.max(0, ...samples.map(({ worstMs }) => worstMs)),
      cpuMs: Math.max(0, ...samples.map(({ worstCpuMs }) => worstCpuMs)),
    };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
