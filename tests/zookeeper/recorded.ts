/** What a real ZooKeeper answered to each row when `record.ts` was run, by the row's name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transcript } from './row.ts';

export const recordedAnswers: Readonly<Record<string, Transcript>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'recorded.json'), 'utf8'),
);
