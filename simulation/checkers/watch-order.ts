/**
 * A watch's event arrives before any answer that shows what caused it: between a read that set a watch and the event,
 * no answer of the same session may have a zxid at or beyond the first change of the node after that read.
 */

import type { Violations } from '../violations.ts';
import type { History, HistoryEntry, WatchEventEntry } from '../workload/history.ts';
import type { TreeChange } from './truth.ts';

export function checkWatchOrder(
  history: History,
  changes: ReadonlyMap<string, readonly TreeChange[]>,
  violations: Violations,
): void {
  const answers = groupBy(
    history.entries.filter((entry) => entry.outcome === 'ok' && entry.zxid !== undefined),
    (entry) => entry.session,
  );
  const events = groupBy(history.events, (event) => `${event.session} ${event.path}`);
  for (const armed of history.entries) {
    if (!armed.watch || armed.outcome !== 'ok') continue;
    const change = (changes.get(armed.path) ?? []).find(
      ({ type, zxid }) => zxid > armed.zxid! && (type === 'dataChanged' || type === 'deleted'),
    );
    if (change === undefined) continue;
    const event = firstAfter(events.get(`${armed.session} ${armed.path}`) ?? [], armed);
    const until = event?.at ?? Number.POSITIVE_INFINITY;
    const early = (answers.get(armed.session) ?? []).find(
      (answer) =>
        answer.zxid! >= change.zxid &&
        answer.answeredAt! > armed.answeredAt! &&
        answer.answeredAt! < until,
    );
    if (early !== undefined)
      violations.report(
        'watch-before-reply',
        `${armed.session} watched ${armed.path} at zxid ${armed.zxid}; it changed at ${change.zxid}; the answer to ${early.operation} of ${early.path} had zxid ${early.zxid} and came before ${event === undefined ? 'any event (none came)' : 'the event'}`,
      );
  }
}

function firstAfter(
  events: readonly WatchEventEntry[],
  armed: HistoryEntry,
): WatchEventEntry | undefined {
  return events.find((event) => event.at > armed.answeredAt!);
}

function groupBy<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
