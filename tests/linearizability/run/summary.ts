/** A run in lines for people. */
import type { RunRecord } from './record.ts';

const VIOLATIONS_SHOWN = 10;

export function summaryLines(record: RunRecord): readonly string[] {
  const { violations } = record;
  return [
    ...[...record.allCounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${String(count).padStart(9)}  ${what}`),
    ...violations.slice(0, VIOLATIONS_SHOWN).map((violation) => `VIOLATION ${violation}`),
    violations.length === 0 ? 'no violations' : `${violations.length} violations`,
  ];
}
