/**
 * The names of one node's children, in byte order.
 *
 * Names are sorted when somebody asks; from then on changes are noted and merged in at the next asking, so that a
 * list of a hundred thousand that is read after each change is copied, not sorted again.
 */
export class ChildNames {
  private sorted: readonly string[] | undefined = undefined;
  /** Names that came (true) or went (false) since `sorted` was made. */
  private changes: Map<string, boolean> | undefined = undefined;

  /**
   * `all` tells them in any order, for when they must be sorted anew. Legal names have no surrogates, so JavaScript's
   * order of strings is that of their UTF-8. The result is never written to.
   */
  inOrder(all: () => string[]): readonly string[] {
    if (this.sorted === undefined) this.sorted = all().sort();
    else if (this.changes !== undefined) this.sorted = merged(this.sorted, this.changes);
    this.changes = undefined;
    return this.sorted;
  }

  note(name: string, there: boolean): void {
    if (this.sorted === undefined) return;
    this.changes ??= new Map();
    this.changes.set(name, there);
    // Nobody has asked for long: sorting anew is as good, and needs no memory until then.
    if (this.changes.size > 16 + this.sorted.length / 4) {
      this.sorted = undefined;
      this.changes = undefined;
    }
  }
}

function merged(
  sorted: readonly string[],
  changes: ReadonlyMap<string, boolean>,
): readonly string[] {
  const result: string[] = [];
  let next = 0;
  for (const name of [...changes.keys()].sort()) {
    const end = firstNotBefore(sorted, name, next);
    while (next < end) result.push(sorted[next++]!);
    if (sorted[next] === name) next += 1;
    if (changes.get(name) === true) result.push(name);
  }
  while (next < sorted.length) result.push(sorted[next++]!);
  return result;
}

/** Index of the first name, from `start` on, that does not come before `name`. */
export function firstNotBefore(names: readonly string[], name: string, start = 0): number {
  let low = start;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
