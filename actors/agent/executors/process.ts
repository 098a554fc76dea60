/** Runs an attempt as a process in a session of its own; its sandbox has the attempt's id as its name. */
import type { AttemptSpec } from '../../../protocol/orders.ts';
import type { Processes } from '../../actor.ts';
import type { LastingExecutor } from './contract.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function processExecutor(processes: Processes, hostname: string): LastingExecutor {
  return {
    instant: false,
    launch: (spec, started) =>
      processes.launch(
        {
          sandbox: spec.attemptId,
          argv: spec.argv,
          env: environmentOf(spec, hostname),
          ...(spec.user !== undefined && { user: spec.user }),
          ...(spec.limits !== undefined && { limits: spec.limits }),
        },
        started,
      ),
    find: (spec) => processes.find(spec.attemptId),
    watch: (spec, identity, ended) => processes.watch(spec.attemptId, identity, ended),
    signal: (identity, signal) => processes.signal(identity, signal),
    usage: (identity) => processes.usage(identity),
  };
}

/**
 * Nothing of the agent's own environment. What the task asks for wins over the defaults, but not over what says who
 * and where it is. The port adds what only it knows: MESOZOO_SANDBOX, MESOS_SANDBOX, and HOME where none is given.
 */
export function environmentOf(spec: AttemptSpec, hostname: string): Record<string, string> {
  return {
    PATH,
    LANG: 'C.UTF-8',
    ...spec.env,
    HOSTNAME: hostname,
    MESOZOO_TASK_ID: spec.taskId,
  };
}
