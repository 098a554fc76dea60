/** Ends every attempt well, without a process and within the turn: what is left is the cost of scheduling. */
import type { ProcessIdentity } from '../../actor.ts';
import type { Executor } from './contract.ts';

const NOTHING_RUNS: ProcessIdentity = { pid: 0, startedAt: 'noop' };

/** `soon` runs a function in the same turn, after the handler that is running. */
export function noopExecutor(soon: (run: () => void) => void): Executor {
  return {
    leavesTraces: false,
    launch: (_spec, started) => soon(() => started(NOTHING_RUNS)),
    find: () => undefined,
    watch: (_spec, _identity, ended) => soon(() => ended({ kind: 'exited', exitCode: 0 })),
    signal: () => undefined,
    usage: () => undefined,
  };
}
