/**
 * Plays all rows to a real ZooKeeper and writes its answers to `recorded.json`, for machines that have none:
 * `mesozoo run tests/zookeeper/record.ts [PART OF A ROW'S NAME]` (with a part of a name it only prints them).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rowGroups } from './cases/all.ts';
import { play, type Transcript } from './row.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const [part] = process.argv.slice(2);
const recorded: Record<string, Transcript> = {};
for (const { rows, server: kind = 'generous' } of rowGroups) {
  const wanted = rows.filter(({ name }) => part === undefined || name.includes(part));
  if (wanted.length === 0) continue;
  const server = await startZooKeeper(kind);
  try {
    for (const row of wanted) {
      recorded[row.name] = await play(row, server.address).catch((cause: unknown) => {
        throw new Error(`"${row.name}" cannot be played`, { cause });
      });
      if (part !== undefined)
        process.stdout.write(`${row.name}\n  ${recorded[row.name]!.join('\n  ')}\n`);
    }
  } finally {
    await server.stop();
  }
}
if (part === undefined)
  writeFileSync(
    join(import.meta.dirname, 'recorded.json'),
    `${JSON.stringify(recorded, undefined, 2)}\n`,
  );
