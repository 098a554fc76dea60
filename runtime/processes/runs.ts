/**
 * The directories of one sandbox. `work` is the command's own: its working directory, with stdout and stderr. Beside
 * it each launch has a `run.<n>`, out of the command's reach, where the wrapper notes what it does (wrapper.sh).
 * There is a second run only where the first was stopped before it started anything.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessEnd, ProcessIdentity } from '../../actors/actor.ts';
import { parseStat } from './proc.ts';
import { signalName } from './signals.ts';

export interface Started {
  readonly runDirectory: string;
  readonly identity: ProcessIdentity;
  readonly startTime: number;
  readonly bootId: string;
  readonly wrapperPid: number;
}

export function workDirectory(sandbox: string): string {
  return join(sandbox, 'work');
}

/** What an earlier launch started, whether it still runs or not. */
export function findStarted(sandbox: string): Started | undefined {
  for (const number of runNumbers(sandbox)) {
    const started = readStarted(runDirectory(sandbox, number));
    if (started !== undefined) return started;
  }
  return undefined;
}

/**
 * The same, and where nothing was started, makes sure that no wrapper which is still on its way will start anything.
 * Both sides claim the name `started`, the wrapper as a file and we as a directory: only one can have it.
 */
export function findOrPrevent(sandbox: string): Started | undefined {
  const [last] = runNumbers(sandbox);
  if (last === undefined) return undefined;
  try {
    mkdirSync(join(runDirectory(sandbox, last), 'started'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return findStarted(sandbox);
}

/** A directory for one more launch, in a sandbox that is there. */
export function newRun(sandbox: string): string {
  const [last = 0] = runNumbers(sandbox);
  const directory = runDirectory(sandbox, last + 1);
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/** Undefined while the command runs, and when its wrapper was killed. */
export function readEnd(run: string): ProcessEnd | undefined {
  const content = readIfThere(join(run, 'exit'));
  if (content === undefined || !content.endsWith('\n')) return undefined;
  const status = Number.parseInt(content, 10);
  const signal = signalName(status - 128);
  return signal === undefined
    ? { kind: 'exited', exitCode: status }
    : { kind: 'signalled', signal };
}

export function identityOf(pid: number, startTime: number, bootId: string): ProcessIdentity {
  return { pid, startedAt: `${startTime}@${bootId}` };
}

export function partsOf(identity: ProcessIdentity): { startTime: number; bootId: string } {
  const [startTime, bootId] = identity.startedAt.split('@');
  return { startTime: Number(startTime), bootId: bootId ?? '' };
}

function readStarted(run: string): Started | undefined {
  const claim = statSync(join(run, 'started'), { throwIfNoEntry: false });
  if (claim === undefined || !claim.isFile()) return undefined;
  const candidate = readIfThere(join(run, 'candidate')) ?? '';
  const space = candidate.indexOf(' ');
  const stat = parseStat(candidate.slice(space + 1));
  // Only a crash of the machine can lose one of the two: what ran is gone then, and this says so.
  const bootId = stat === undefined ? 'unknown' : candidate.slice(0, space);
  const { pid, startTime, parent } = stat ?? { pid: 0, startTime: 0, parent: 0 };
  return {
    runDirectory: run,
    identity: identityOf(pid, startTime, bootId),
    startTime,
    bootId,
    wrapperPid: parent,
  };
}

/** The last one first. */
function runNumbers(sandbox: string): number[] {
  let names: string[];
  try {
    names = readdirSync(sandbox);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => name.startsWith('run.'))
    .map((name) => Number(name.slice('run.'.length)))
    .sort((a, b) => b - a);
}

function runDirectory(sandbox: string, number: number): string {
  return join(sandbox, `run.${number}`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
