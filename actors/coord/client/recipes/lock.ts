/**
 * Lock and read-write lock (ZooKeeper's recipes), with the nodes of Curator's InterProcessMutex and
 * InterProcessReadWriteLock: both may contend for the same path. Not reentrant: each contender is one holder.
 */
import { Contender, type ContenderHandlers, type Entered, type Place } from './contender.ts';
import type { RecipeParts } from './parts.ts';

/** Makes one contender: it enters, and is told when it holds. */
export type Claim = (parts: RecipeParts, handlers: ContenderHandlers) => Entered;

const LOCK = 'lock-';
const READ = '__READ__';
const WRITE = '__WRIT__';

/** One holder at a time. `data` are shown to people who look. */
export function lockAt(path: string, data?: string): Claim {
  return claim({
    parent: path,
    kind: LOCK,
    kinds: [LOCK],
    data,
    obstacle: (line, index) => line[index - 1],
  });
}

/** Any number of readers, until a writer stands in the line: readers behind it wait for it. */
export function readLockAt(path: string, data?: string): Claim {
  return claim({
    parent: path,
    kind: READ,
    kinds: [READ, WRITE],
    data,
    obstacle: (line, index) => line.slice(0, index).findLast(({ kind }) => kind === WRITE),
  });
}

export function writeLockAt(path: string, data?: string): Claim {
  return claim({
    parent: path,
    kind: WRITE,
    kinds: [READ, WRITE],
    data,
    obstacle: (line, index) => line[index - 1],
  });
}

function claim(place: Place): Claim {
  return (parts, handlers) => new Contender(parts, place, handlers);
}
