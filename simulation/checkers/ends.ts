/** Whether a task can have ended as it is said, given what ran of it. */
import type { VirtualProcess } from '../processes/processes.ts';

export interface SaidEnd {
  readonly state: string | undefined;
  readonly reason: string | undefined;
  readonly exitCode: number | undefined;
  /** Somebody has asked for it, or its time may have run out. */
  readonly mayBeKilled: boolean;
}

/** Why it cannot be true; undefined where it can. */
export function falseEnd(
  { state, reason, exitCode, mayBeKilled }: SaidEnd,
  runs: readonly VirtualProcess[],
): string | undefined {
  const exited = (code: number) =>
    runs.some((run) => run.end?.kind === 'exited' && run.end.exitCode === code);
  switch (state) {
    case 'TASK_FINISHED':
      return exited(0) ? undefined : 'is finished, but no process of it has exited with 0';
    case 'TASK_FAILED':
      // Out of time, it may have exited with anything while it was being killed.
      if (exitCode === undefined || reason !== 'REASON_COMMAND_EXITED') return undefined;
      return exited(exitCode) && exitCode !== 0
        ? undefined
        : `has failed with ${exitCode}, but no process of it has exited so`;
    case 'TASK_KILLED':
      return mayBeKilled ? undefined : 'was killed, but nobody asked for that';
    default:
      return undefined;
  }
}
