/**
 * Loaded into a process before its own code (`--import`): writes down, ten times a second, how long its event loop was
 * held up at worst and what memory it has. From within, since a client cannot tell a pause of the server from its own;
 * and with the processor time of the pause, since on a crowded machine a process may stand still and do nothing.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

const TICK_MS = 2;
const EVERY_MS = 100;
const directory = process.env.BENCH_STALLS;
if (directory !== undefined) {
  const file = join(directory, `${process.pid}.jsonl`);
  let ticked = now();
  let [worstMs, worstCpuMs] = [0, 0];
  let writtenMs = ticked.wallMs;
  setInterval(() => {
    const tick = now();
    worstMs = Math.max(worstMs, tick.wallMs - ticked.wallMs - TICK_MS);
    worstCpuMs = Math.max(worstCpuMs, tick.cpuMs - ticked.cpuMs);
    ticked = tick;
    if (tick.wallMs - writtenMs < EVERY_MS) return;
    const { rss, heapUsed, external } = process.memoryUsage();
    const line = { atMs: Date.now(), worstMs, worstCpuMs, rss, heapUsed, external };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    [worstMs, worstCpuMs] = [0, 0];
    writtenMs = tick.wallMs;
  }, TICK_MS).unref();
}

/** Processor time of this thread: that of V8's helpers is not what holds it up. */
function now(): { readonly wallMs: number; readonly cpuMs: number } {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}
