/**
 * A file that is as young as a second while the process does its work, for health checks that cost next to nothing. One
 * that does not work removes it; one that hangs, is paused or has died lets it grow old.
 */
import { rmSync, writeFileSync } from 'node:fs';

const INTERVAL_MS = 1000;

/** Returns what ends it, and removes the file. Throws what the file system says when the file cannot be written. */
export function keepReadyFile(path: string, isReady: () => boolean): () => void {
  const look = () => {
    if (isReady()) writeFileSync(path, '');
    else rmSync(path, { force: true });
  };
  look();
  const timer = setInterval(look, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    rmSync(path, { force: true });
  };
}
