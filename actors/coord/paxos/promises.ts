/** What a candidate has been promised: chunks put together, and what they report. */
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import type { Promised, ReportedEntry } from './messages.ts';
import type { Context, PromiseProgress } from './state.ts';

export function addChunk(context: Context, message: Promised): void {
  const { candidacy, decidedUpTo } = context.state;
  if (candidacy === undefined) return;
  let progress = candidacy.promises.get(message.from);
  if (progress?.disk !== message.disk) {
    progress = { disk: message.disk, ranges: [], entries: new Map() };
    candidacy.promises.set(message.from, progress);
  }
  const upTo = message.last ? Number.POSITIVE_INFINITY : message.upTo;
  progress.ranges = mergeRanges([...progress.ranges, { after: message.after, upTo }]);
  for (const entry of message.entries) {
    if (entry.slot > decidedUpTo) progress.entries.set(entry.slot, entry);
  }
}

export function mergeRanges(ranges: PromiseProgress['ranges']): PromiseProgress['ranges'] {
  const sorted = ranges.toSorted((a, b) => a.after - b.after);
  const merged: { after: number; upTo: number }[] = [];
  for (const { after, upTo } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && after <= last.upTo) last.upTo = Math.max(last.upTo, upTo);
    else merged.push({ after, upTo });
  }
  return merged;
}

/** How far the chunks reach without a gap above `after`; Infinity when nothing is missing. */
export function coveredUpTo(progress: PromiseProgress | undefined, after: Slot): number {
  return (
    progress?.ranges.find((range) => range.after <= after && after <= range.upTo)?.upTo ?? after
  );
}

/** Members whose promise covers everything that is not decided here. */
export function completePromises(context: Context): Map<MemberId, DiskId> {
  const { candidacy, decidedUpTo } = context.state;
  const complete = new Map<MemberId, DiskId>();
  for (const [member, progress] of candidacy?.promises ?? []) {
    if (coveredUpTo(progress, decidedUpTo) === Number.POSITIVE_INFINITY) {
      complete.set(member, progress.disk);
    }
  }
  return complete;
}

/** The entry of the greatest ballot that anybody reported in this slot: its value may have been chosen. */
export function reportedAt(context: Context, slot: Slot): ReportedEntry | undefined {
  let best: ReportedEntry | undefined;
  for (const progress of context.state.candidacy?.promises.values() ?? []) {
    const entry = progress.entries.get(slot);
    if (entry !== undefined && (best === undefined || entry.ballot > best.ballot)) best = entry;
  }
  return best;
}

export function lastReportedSlot(context: Context): Slot {
  let last = context.state.decidedUpTo as number;
  for (const progress of context.state.candidacy?.promises.values() ?? []) {
    for (const slot of progress.entries.keys()) if (slot > last) last = slot;
  }
  return last as Slot;
}

/** What is decided need not be remembered as reported. */
export function dropReports(context: Context, upTo: Slot): void {
  for (const progress of context.state.candidacy?.promises.values() ?? []) {
    if (progress.entries.size === 0) continue;
    for (const slot of progress.entries.keys()) if (slot <= upTo) progress.entries.delete(slot);
  }
}
