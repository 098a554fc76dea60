/** What of the page stands in its address, so that a reload or a shared link shows the same charts. */
import { watchedMax } from './wire.ts';

/** Not more than the server would watch. */
export function readAddress(hash: string): readonly string[] {
  const open = new URLSearchParams(hash.replace(/^#/, '')).get('open');
  if (open === null) return [];
  const sessionIds = open.split(',').flatMap((encoded) => {
    const sessionId = decode(encoded);
    return sessionId === undefined || sessionId === '' ? [] : [sessionId];
  });
  return [...new Set(sessionIds)].slice(0, watchedMax);
}

export function writeAddress(open: readonly string[]): string {
  return open.length === 0
    ? ''
    : `#open=${open.map((id) => encodeURIComponent(encodeURIComponent(id))).join(',')}`;
}

/** Ids may hold commas and percent signs: each is encoded before they are joined, and the whole once more. */
function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Written by hand, wrongly: the rest of the address still counts.
    return undefined;
  }
}
