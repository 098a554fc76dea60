/** With what the command line ends, and how it says why. */
import { CommanderError } from 'commander';
import { MesozooError } from '../protocol/errors.ts';
import { NoConnection } from './connection.ts';

export const exitCodes = { ok: 0, failed: 1, usage: 2, noConnection: 3 } as const;

export const exitCodesHelp = `
Exit codes:
  0      it was done
  1      the request failed; the message says why
  2      wrong usage
  3      no connection to a cluster
  128+N  ended by signal N
  submit ends with the exit code of its task (128+N when signal N ended it)`;

/** POSIX numbers of the signals that tasks and terminals use. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGXCPU: 24,
  SIGXFSZ: 25,
};

export function exitCodeOfSignal(signal: string): number {
  return 128 + (signalNumbers[signal] ?? 0);
}

export function exitCodeOfError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof NoConnection) return exitCodes.noConnection;
  if (error instanceof MesozooError && error.code === 'BAD_ARGUMENT') return exitCodes.usage;
  return exitCodes.failed;
}

/** One sentence for people; undefined where commander has said it already. */
export function messageOf(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined;
  if (error instanceof MesozooError) {
    const hint = hints[error.code];
    return `${error.message}${hint === undefined ? '' : ` (${hint})`}`;
  }
  return error instanceof Error ? error.message : String(error);
}

const hints: Partial<Record<string, string>> = {
  TIMEOUT: 'the request may have been carried out',
  CONNECTION_LOST: 'the request may have been carried out',
  UNAVAILABLE: 'mesozoo status tells what answers',
  NO_TASK: 'mesozoo ps --all lists the tasks',
};
