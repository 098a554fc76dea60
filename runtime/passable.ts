/**
 * Directories that other users may go through and not look into. A task of another user has its sandbox below the
 * agent's data directory: by its absolute path it is reached only where every directory above lets it pass.
 */
import { chmodSync, mkdirSync, statSync } from 'node:fs';

const CLOSED = 0o700;
const PASSABLE = 0o011;

/** Makes it where it is missing, closed to others; passable where this process could run tasks as other users. */
export function makePassable(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: CLOSED });
  if (process.getuid?.() !== 0) return;
  const { uid, mode } = statSync(directory);
  // Also one that an earlier version has made, and whatever the umask is. Somebody else's is left as it is.
  if (uid === 0 && (mode & PASSABLE) !== PASSABLE) chmodSync(directory, (mode & 0o7777) | PASSABLE);
}
