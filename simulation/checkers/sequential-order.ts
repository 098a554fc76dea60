/** No two creates are given one sequential name, and a session's names rise in the order in which it asked for them. */
import type { Violations } from '../violations.ts';
import type { History } from '../workload/history.ts';

export function checkSequentialOrder(history: History, violations: Violations): void {
  const owners = new Map<string, string>();
  const last = new Map<string, string>();
  for (const { createdPath, path, session } of history.entries) {
    // Those that are not sequential are created under the name that was asked for.
    if (createdPath === undefined || createdPath === path) continue;
    const report = (text: string) => violations.report('sequential-order', text);
    const owner = owners.get(createdPath);
    if (owner !== undefined) report(`${createdPath} was given to ${owner} and to ${session}`);
    owners.set(createdPath, session);
    const key = `${session} ${path}`;
    const before = last.get(key);
    if (before !== undefined && owner === undefined && createdPath < before)
      report(`${session} was given ${createdPath} after ${before}`);
    last.set(key, createdPath);
  }
}
