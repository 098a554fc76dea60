/** Cuts entries so that each piece fits a message; at least one piece, and at least one entry in each but an empty one. */
import { valueBytes } from './log-view.ts';
import type { ReportedEntry } from './messages.ts';

/** For type, sender, ballots, slots and the disk id. */
const ENVELOPE_BYTES = 512;

export function chunksOf(
  entries: readonly ReportedEntry[],
  messageBytesMax: number,
): readonly (readonly ReportedEntry[])[] {
  const chunks: ReportedEntry[][] = [[]];
  let bytes = ENVELOPE_BYTES;
  for (const entry of entries) {
    const size = reportedBytes(entry);
    if (bytes + size > messageBytesMax && chunks.at(-1)!.length > 0) {
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
