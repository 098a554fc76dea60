/**
 * Where ours decides otherwise than ZooKeeper 3.8.0 on purpose, by the name of the row: why, and which lines of the
 * transcript are ours instead. A row that is named here must differ in exactly this way; one that is not must be equal.
 */
export interface KnownDifference {
  readonly reason: string;
  /** A line of ZooKeeper's transcript → ours; null leaves it out. */
  readonly lines: readonly (readonly [theirs: string, ours: string | null])[];
}

export const knownDifferences: Readonly<Record<string, KnownDifference>> = {};

export function asOurs(name: string, transcript: readonly string[]): readonly string[] {
  const known = knownDifferences[name];
  if (!known) return transcript;
  return transcript.flatMap((line) => {
    const replaced = known.lines.find(([theirs]) => theirs === line);
    if (!replaced) return [line];
    return replaced[1] === null ? [] : [replaced[1]];
  });
}
