/**
 * Rounds of faults on one cluster, one after another, for as long as is wanted. What goes wrong in a round is a finding
 * of the run; when the cluster does not become well again the run is over.
 */
import { performance } from 'node:perf_hooks';
import { SeededRandom } from '../../simulation/random.ts';
import type { ContainerCluster } from './cluster.ts';
import type { Fault } from './faults/fault.ts';
import { Series } from './load/series.ts';
import { playRound, type RoundResult } from './round.ts';

export interface RunOptions {
  readonly cluster: ContainerCluster;
  readonly faults: readonly Fault[];
  readonly seed: string;
  /** Without it each fault comes once, in the order of the list; with it they come shuffled, again and again. */
  readonly minutes?: number;
  /** Ends the run after the present round, whose fault is cut short. */
  readonly hurry: AbortSignal;
  /** A round begins. */
  began(fault: Fault, number: number): void;
  ended(result: RoundResult): void;
}

export interface RunResult {
  readonly seed: string;
  readonly series: Series;
  readonly rounds: readonly RoundResult[];
  /** On the clock of `performance.now()`. */
  readonly endedMs: number;
  /** Why the run ended before its time. */
  readonly broken?: string;
}

export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { cluster, seed } = options;
  const random = new SeededRandom(`chaos/${seed}`);
  const beganMs = performance.now();
  const series = new Series(beganMs);
  const rounds: RoundResult[] = [];
  let broken: string | undefined;
  for (const fault of inTurn(options, random, beganMs)) {
    const number = rounds.length + 1;
    options.began(fault, number);
    const name = `r${number}`;
    try {
      const { hurry } = options;
      const result = await playRound({
        ...{ cluster, fault, name, random: random.fork(name), series, hurry },
      });
      rounds.push(result);
      options.ended(result);
    } catch (error) {
      broken = `${fault.name}: ${(error as Error).message}`;
      break;
    }
  }
  return { seed, series, rounds, endedMs: performance.now(), ...(broken && { broken }) };
}

function* inTurn(options: RunOptions, random: SeededRandom, beganMs: number): Iterable<Fault> {
  const { faults, minutes, hurry } = options;
  const isOver = () =>
    hurry.aborted || (minutes !== undefined && performance.now() - beganMs > minutes * 60_000);
  for (let turn = 1; ; turn += 1) {
    const order = minutes === undefined ? faults : random.fork(`turn ${turn}`).shuffle(faults);
    for (const fault of order) {
      if (isOver()) return;
      yield fault;
    }
    if (minutes === undefined) return;
  }
}
