/** Lines that go by, and one below them that says what is under way, where there is a terminal. */
const isTerminal = process.stdout.isTTY === true;
const startedMs = performance.now();

/** Before a line that takes the place of the progress. */
export const clearLine = isTerminal ? '\r\x1b[2K' : '';

export function progress(text: string): void {
  if (isTerminal) process.stdout.write(`${clearLine}${clock()} ${text}`);
}

/** Since the start: `3:07`. */
export function clock(): string {
  const seconds = Math.floor((performance.now() - startedMs) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`.padStart(6);
}
