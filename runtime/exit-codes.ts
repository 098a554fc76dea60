/** With what a process of ours ends, after sysexits.h: the supervisor tells from it whether to start it again. */
import { type ErrorCode, MesozooError } from '../protocol/errors.ts';

export const EXIT_INTERNAL = 70;

const exitCodes: Partial<Record<ErrorCode, number>> = {
  BAD_ARGUMENT: 64,
  UNAVAILABLE: 69,
  PORT_TAKEN: 69,
  MISSING_PROGRAM: 69,
  DISK_FULL: 74,
  DISK_FAILED: 74,
  LOG_DAMAGED: 74,
  STATE_DIVERGED: 74,
  AUTH_FAILED: 77,
  WRONG_DATA_DIRECTORY: 78,
};

/** Ends that another start would only repeat. */
export const hopelessExitCodes: ReadonlySet<number> = new Set([64, 77, 78]);

export function exitCodeOf(error: unknown): number {
  return error instanceof MesozooError ? (exitCodes[error.code] ?? EXIT_INTERNAL) : EXIT_INTERNAL;
}
