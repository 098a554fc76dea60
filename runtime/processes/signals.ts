/** Names of signals, and sending them to who may be gone already. */
import { constants } from 'node:os';

const names = new Map<number, string>(
  // Of two names for one number (SIGABRT, SIGIOT) the first is the usual one.
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);
/** The highest real-time signal of Linux. */
const SIGNAL_MAX = 64;

/** Undefined for a number that no signal has. */
export function signalName(number: number): string | undefined {
  if (number < 1 || number > SIGNAL_MAX) return undefined;
  return names.get(number) ?? `SIG${number}`;
}

/** A negative pid is a process group. Says whether there was somebody; 0 only asks. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  // Never "every process" or "my own group".
  if (pid === 0 || pid === -1 || pid === 1) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: it is there, but has changed its user.
    if (code === 'ESRCH') return false;
    if (code === 'EPERM') return true;
    throw error;
  }
}
