/**
 * Cuts entries so that each piece fits a message; at least one piece, and at least one entry in each but an empty one. Of
 * what does not fit into so many pieces no more is looked at than the first entry.
 */
import { valueBytes } from './log-view.ts';
import type { ReportedEntry } from './messages.ts';

/** For type, sender, ballots, slots and the disk id. */
const ENVELOPE_BYTES = 512;

export function chunksOf(
  entries: Iterable<ReportedEntry>,
  messageBytesMax: number,
  chunksMax = Number.POSITIVE_INFINITY,
): readonly (readonly ReportedEntry[])[] {
  const chunks: ReportedEntry[][] = [[]];
  let bytes = ENVELOPE_BYTES;
  for (const entry of entries) {
    const size = reportedBytes(entry);
    if (bytes + size > messageBytesMax && chunks.at(-1)!.length > 0) {
      if (chunks.length === chunksMax) break;
      chunks.push([]);
      bytes = ENVELOPE_BYTES;
    }
    chunks.at(-1)!.push(entry);
    bytes += size;
  }
  return chunks;
}

export function reportedBytes(entry: ReportedEntry): number {
  return entry.value === undefined ? 24 : valueBytes(entry.value);
}
