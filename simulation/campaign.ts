/**
 * Many seeds, over several operating-system processes: each is given seeds one by one, as it asks for them, and
 * answers with what became of them. A seed's result does not depend on which process ran it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PlantedBug } from '../actors/planted.ts';
import { type ProfileName, profileOfSeed } from './faults/profiles.ts';
import type { RunOptions, RunResult } from './run.ts';

export interface CampaignOptions {
  readonly from: number;
  readonly seeds: number;
  /** Without it the seed picks. */
  readonly profile?: ProfileName;
  readonly planted?: PlantedBug;
  readonly jobs?: number;
  /** Ends the campaign when it says true. */
  readonly onResult?: (result: RunResult) => boolean | undefined;
}

export interface CampaignResult {
  /** In the order of the seeds. */
  readonly results: readonly RunResult[];
  readonly failed: readonly RunResult[];
}

export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const results: RunResult[] = [];
  let next = options.from;
  const end = options.from + options.seeds;
  let enough = false;
  const take = (): Omit<RunOptions, 'print'> | undefined => {
    if (next >= end || enough) return undefined;
    const seed = next++;
    return {
      seed,
      profile: options.profile ?? profileOfSeed(seed),
      ...(options.planted !== undefined && { planted: options.planted }),
    };
  };
  const jobs = Math.min(options.jobs ?? availableParallelism(), options.seeds);
  await Promise.all(
    Array.from({ length: jobs }, () =>
      work(take, (result) => {
        results.push(result);
        if (options.onResult?.(result) === true) enough = true;
      }),
    ),
  );
  results.sort((a, b) => a.seed - b.seed);
  return { results, failed: results.filter((result) => result.violations.length > 0) };
}

/** One child process, until there is nothing left to take. */
function work(
  take: () => Omit<RunOptions, 'print'> | undefined,
  done: (result: RunResult) => void,
): Promise<void> {
  const first = take();
  if (first === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [], {
      execArgv: [],
    });
    let running = first;
    child.on('message', (message) => {
      done(message as RunResult);
      const following = take();
      if (following === undefined) {
        child.disconnect();
        return;
      }
      running = following;
      child.send(following);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `seed ${running.seed} (${running.profile}) ended its process: ${signal ?? code}`,
          ),
        );
    });
    child.send(first);
  });
}
