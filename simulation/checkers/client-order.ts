/**
 * Order as the clients see it. A session's own counter goes up one by one; a session never reads what is older than
 * what it has seen; and what is linearizable never misses a write that was acknowledged, to anybody, before it was
 * asked for.
 */

import type { Violations } from '../violations.ts';
import type { History } from '../workload/history.ts';

export function checkClientOrder(history: History, violations: Violations): void {
  for (const entry of history.entries) {
    const { outcome, version, path, session } = entry;
    if (outcome !== 'ok' || version === undefined) continue;
    const what = `${entry.operation} of ${path} by ${session}`;
    if (entry.versionExpected !== undefined && version !== entry.versionExpected)
      violations.report(
        'session-order',
        `${what} was answered with version ${version}, expected was ${entry.versionExpected}`,
      );
    const isWrite = entry.operation === 'set' || entry.operation === 'multi';
    if (isWrite ? version <= entry.versionBefore : false)
      violations.report(
        'linearizable-reads',
        `${what} made version ${version}, but ${entry.versionBefore} had been acknowledged before it was asked for`,
      );
    if (entry.operation !== 'get') continue;
    if (entry.linearizable && version < entry.versionBefore)
      violations.report(
        'linearizable-reads',
        `${what} showed version ${version}, but ${entry.versionBefore} had been acknowledged before it was asked for`,
      );
    if (version < entry.sessionVersionBefore)
      violations.report(
        'session-order',
        `${what} showed version ${version}, but the session had seen ${entry.sessionVersionBefore}`,
      );
  }
}
