/** Every row there is. */
import type { RowGroup } from '../row.ts';
import { aclRows } from './acl.ts';
import { lengthRows } from './lengths.ts';
import { malformedRows } from './malformed.ts';
import { multiRows } from './multi.ts';
import { oddRows, plainRows } from './odd.ts';
import { plainQuotaRows, quotaRows } from './quotas.ts';
import { reconfigRows } from './reconfig.ts';
import { requestRows } from './requests.ts';
import { sessionRows } from './sessions.ts';
import { watchRows } from './watches.ts';

export const rowGroups: readonly RowGroup[] = [
  multiRows,
  watchRows,
  requestRows,
  aclRows,
  sessionRows,
  malformedRows,
  lengthRows,
  quotaRows,
  plainQuotaRows,
  oddRows,
  plainRows,
  reconfigRows,
];
