/**
 * The children of one node, and their names in byte order.
 *
 * Names are sorted when somebody asks; from then on changes are noted and merged in at the next asking, so that a
 * list of a hundred thousand that is read after each change is copied, not sorted again.
 */
import { nameOf } from '../../../protocol/paths.ts';

interface Child {
  readonly path: string;
}

export class Children<Node extends Child> {
  private readonly nodes = new Set<Node>();
  private sorted: readonly string[] | undefined = undefined;
  /** Names that came (true) or went (false) since `sorted` was made. */
  private changes: Map<string, boolean> | undefined = undefined;

  get size(): number {
    return this.nodes.size;
  }

  add(node: Node): void {
    this.nodes.add(node);
    this.note(node, true);
  }

  delete(node: Node): void {
    this.nodes.delete(node);
    this.note(node, false);
  }

  /** In no order that matters. */
  all(): Iterable<Node> {
    return this.nodes;
  }

  /** Legal names have no surrogates, so JavaScript's order of strings is that of their UTF-8. Never written to. */
  names(): readonly string[] {
    if (this.sorted === undefined) {
      const names: string[] = [];
      for (const node of this.nodes) names.push(nameOf(node.path));
      this.sorted = names.sort();
    } else if (this.changes !== undefined) {
      this.sorted = merged(this.sorted, this.changes);
    }
    this.changes = undefined;
    return this.sorted;
  }

  private note(node: Node, there: boolean): void {
    if (this.sorted === undefined) return;
    this.changes ??= new Map();
    this.changes.set(nameOf(node.path), there);
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
