/** How long the page waits before it tries to reach its server again: short at first, never longer than a few seconds. */
const firstMs = 250;
const longestMs = 5000;

export function backoffMs(failures: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1));
}
