/**
 * A file that is as young as a second while the process does its work, for health checks that cost next to nothing. One
 * that does not work removes it; one that hangs, is paused or has died lets it grow old.
 */
import { rmSync, writeFileSync } from 'node:fs';

const INTERVAL_MS = 1000;

/**
 * Returns what ends it, and removes the file. Throws what the file system says when the file cannot be written at first;
 * what happens to it later is no reason to stop working: it grows old, and `failed` is told once.
 */
export function keepReadyFile(
  path: string,
  isReady: () => boolean,
  failed: (error: unknown) => void,
): () => void {
  let told = false;
  const look = () => {
    if (isReady()) writeFileSync(path, '');
    else rmSync(path, { force: true });
  };
  look();
  const lookAgain = () => {
    try {
      look();
      told = false;
    } catch (error) {
      if (!told) failed(error);
      told = true;
    }
  };
  const timer = setInterval(lookAgain, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    isReady = () => false;
    lookAgain();
  };
}
