/** Quorum arithmetic. A vote counts for a member only with the disk that the configuration names. */
import type { DiskId, MemberId } from '../../../protocol/ids.ts';
import type { Configuration, QuorumObserver } from '../../../protocol/operations.ts';
import type { PlantedBugs } from '../../planted.ts';

/** Who voted, and on which disk that vote stands. */
export type Votes = ReadonlyMap<MemberId, DiskId>;

export function majoritySize(memberCount: number): number {
  return Math.floor(memberCount / 2) + 1;
}

export function countVotes(
  configuration: Configuration,
  votes: Votes,
  planted?: PlantedBugs,
): number {
  let count = 0;
  for (const { id, disk } of configuration.members) {
    const vote = votes.get(id);
    if (vote === undefined) continue;
    if (vote === disk || planted?.has('wiped-disk-votes')) count++;
  }
  if (planted?.has('observer-votes'))
    count += (configuration.observers ?? []).filter(({ id }) => votes.has(id)).length;
  return count;
}

/** False for a configuration without members: it is not known yet, and nobody can decide under it. */
export function isMajority(
  configuration: Configuration,
  votes: Votes,
  planted?: PlantedBugs,
): boolean {
  const size = configuration.members.length;
  if (size === 0) return false;
  const needed = planted?.has('majority-counted-wrong') ? Math.floor(size / 2) : majoritySize(size);
  return countVotes(configuration, votes, planted) >= needed;
}

export function votesIn(configuration: Configuration, member: MemberId, disk: DiskId): boolean {
  return configuration.members.some((one) => one.id === member && one.disk === disk);
}

/** On whichever disk. */
export function isMember(configuration: Configuration, member: MemberId): boolean {
  return configuration.members.some(({ id }) => id === member);
}

/** Members and observers in the same order, on the same disks, at the same addresses. */
export function sameServers(a: Configuration, b: Configuration): boolean {
  return (
    sameList(a.members, b.members, (one, other) => one.disk === other.disk) &&
    sameList(a.observers ?? [], b.observers ?? [], () => true)
  );
}

function sameList<Server extends QuorumObserver>(
  a: readonly Server[],
  b: readonly Server[],
  isSame: (one: Server, other: Server) => boolean,
): boolean {
  if (a.length !== b.length) return false;
  return a.every((one, index) => {
    const other = b[index]!;
    return one.id === other.id && one.address === other.address && isSame(one, other);
  });
}

/**
 * The greatest number that a majority has reached: what a majority acknowledged, when it was last heard.
 * Members of the configuration that are not in `reached` count as -Infinity.
 */
export function reachedByMajority(
  configuration: Configuration,
  reached: ReadonlyMap<MemberId, number>,
): number {
  const size = configuration.members.length;
  if (size === 0) return Number.NEGATIVE_INFINITY;
  const values = configuration.members
    .map(({ id }) => reached.get(id) ?? Number.NEGATIVE_INFINITY)
    .sort((a, b) => b - a);
  return values[majoritySize(size) - 1] ?? Number.NEGATIVE_INFINITY;
}
