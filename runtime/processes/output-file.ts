/** Reads what a task has written. The task owns the directory: what it may have put there instead is not followed. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

export function readOutputFile(
  path: string,
  offset: number,
  length: number,
): { readonly bytes: Uint8Array; readonly size: number } | undefined {
  let descriptor: number;
  try {
    // O_NONBLOCK: a named pipe in its place must not stop the agent.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    const wanted = Math.max(0, Math.min(length, stat.size - offset));
    const bytes = new Uint8Array(wanted);
    const read = wanted === 0 ? 0 : readSync(descriptor, bytes, 0, wanted, offset);
    return { bytes: bytes.subarray(0, read), size: stat.size };
  } finally {
    closeSync(descriptor);
  }
}
