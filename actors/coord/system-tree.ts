/** The znodes that the system itself needs, made once by the first leader. */

import type { ZnodeOperation } from '../../protocol/operations.ts';
import { taskBuckets, treePaths } from '../../protocol/paths.ts';
import { systemAcl } from './client/system-acl.ts';
import type { ZnodeState } from './znodes/contract.ts';

const NO_DATA = new Uint8Array(0);

/** Parents before children. */
const wanted: readonly string[] = [
  treePaths.masters,
  treePaths.root,
  treePaths.agents,
  treePaths.tasks,
  ...taskBuckets.map((bucket) => `${treePaths.tasks}/${bucket}`),
  treePaths.frameworks,
];

/** What makes the missing ones, as one multi; empty when all are there. */
export function missingSystemNodes(state: ZnodeState, systemDigest: string): ZnodeOperation[] {
  const missing = wanted.filter((path) => state.exists(path) === undefined);
  if (missing.length === 0) return [];
  const acl = systemAcl(systemDigest);
  return missing.map((path) => ({
    kind: 'create',
    path,
    data: NO_DATA,
    acl,
    ephemeral: false,
    sequential: false,
  }));
}
