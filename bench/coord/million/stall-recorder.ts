/**
 * Loaded into a process before its own code (`--import`): writes down, ten times a second, how long its event loop was
 * held up at worst and what memory it has. From within, since a client cannot tell a pause of the server from its own.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 100;
const directory = process.env.BENCH_STALLS;
if (directory !== undefined) {
  const file = join(directory, `${process.pid}.jsonl`);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  setInterval(() => {
    const { rss, heapUsed, external } = process.memoryUsage();
    const line = { atMs: Date.now(), worstMs: delay.max / 1e6, rss, heapUsed, external };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    delay.reset();
  }, EVERY_MS).unref();
}
