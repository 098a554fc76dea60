/**
 * Plays all rows to a real ZooKeeper and writes its answers to `recorded.json`, for machines that have none:
 * `mesozoo run tests/zookeeper/record.ts [PART OF A ROW'S NAME]` (with a part of a name it only prints them).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rowsForZooKeeper } from './cases/all.ts';
import { play, type Transcript } from './row.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const [part] = process.argv.slice(2);
const server = await startZooKeeper();
const recorded: Record<string, Transcript> = {};
try {
  for (const row of rowsForZooKeeper) {
    if (part !== undefined && !row.name.includes(part)) continue;
    recorded[row.name] = await play(row, server.address);
    if (part !== undefined)
      process.stdout.write(`${row.name}\n  ${recorded[row.name]!.join('\n  ')}\n`);
  }
} finally {
  await server.stop();
}
if (part === undefined)
  writeFileSync(
    join(import.meta.dirname, 'recorded.json'),
    `${JSON.stringify(recorded, undefined, 2)}\n`,
  );
