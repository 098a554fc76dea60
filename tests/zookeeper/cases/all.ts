/** Every row there is. */
import type { Row, RowGroup } from '../row.ts';
import { multiRows } from './multi.ts';
import { watchRows } from './watches.ts';

export const rowGroups: readonly RowGroup[] = [multiRows, watchRows];

export const rowsForZooKeeper: readonly Row[] = rowGroups.flatMap(({ rows }) => rows);
