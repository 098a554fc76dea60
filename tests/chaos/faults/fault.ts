/** What a fault is: done to the cluster under load, undone after a while, and judged in the same way as all others. */
import type { SeededRandom } from '../../../simulation/random.ts';
import type { ContainerCluster, Death } from '../cluster.ts';

export interface Fault {
  /** For `--faults`: words with hyphens. */
  readonly name: string;
  /** Ends the sentence "what was acknowledged stays when …". */
  readonly what: string;
  /** Done to an agent: besides being finished, a task that it had may end so. */
  readonly agentTasksEnd?: 'TASK_LOST' | 'TASK_KILLED';
  /** Whose lead ends with it: if it does not, nothing was done. */
  readonly deposes?: 'coord' | 'master';
  strike(cluster: ContainerCluster, random: SeededRandom): Promise<Harm>;
}

export interface Harm {
  /** The containers that it was done to. */
  readonly victims: readonly string[];
  /** After this long it is undone. */
  readonly lastsMs: number;
  heal(): Promise<void>;
  /** Whether it explains that this process has ended; of the victims' alone it is asked. */
  explains?(death: Death): boolean;
  /** Looked at before it is undone: what is wrong with how the victims took it, in sentences. */
  check?(): Promise<string[]>;
}

/** Exit codes: a good end; nats-server's own after SIGTERM; SIGKILL. */
export const exits = { well: 0, natsStopped: 1, killed: 137 } as const;

export function exitsWith(...codes: readonly number[]): (death: Death) => boolean {
  return ({ exitCode }) => codes.includes(exitCode);
}
