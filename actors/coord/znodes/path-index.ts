/**
 * Path → number of the node. Many maps instead of one: a map that has become too small is copied at once, and one of a
 * million paths would keep everybody waiting.
 */
const SHARDS = 256;
/** Characters that are looked at, spread over the path: all of them would cost as much as the map itself. */
const SAMPLES = 12;

export class PathIndex {
  private readonly shards: Map<string, number>[] = Array.from({ length: SHARDS }, () => new Map());
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(path: string): number | undefined {
    return this.shardOf(path).get(path);
  }

  /** False: the path was there already, and what it led to is not known any more. */
  add(path: string, number: number): boolean {
    const shard = this.shardOf(path);
    const { size } = shard;
    shard.set(path, number);
    if (shard.size === size) return false;
    this.count += 1;
    return true;
  }

  delete(path: string): void {
    if (this.shardOf(path).delete(path)) this.count -= 1;
  }

  private shardOf(path: string): Map<string, number> {
    const { length } = path;
    const step = length <= SAMPLES ? 1 : length / SAMPLES;
    let hash = length;
    // From the end, where paths differ most.
    for (let at = length - 1; at >= 0; at -= step)
      hash = Math.imul(hash ^ path.charCodeAt(at | 0), 0x01000193);
    // The last four are what counters change.
    for (let at = length - 1; at >= 0 && at > length - 5; at--)
      hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
    return this.shards[((hash >>> 16) ^ hash) & (SHARDS - 1)]!;
  }
}
