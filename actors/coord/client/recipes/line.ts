/**
 * Who stands in a line: ephemeral sequential children with the names that Curator gives them, for example
 * `_c_e3a2…-lock-0000000007`. The counter says who came first; the part before `_c_…-` and the counter is the kind.
 */
import type { Random } from '../../../actor.ts';

export interface Contestant {
  readonly name: string;
  /** `lock-`, `lease-`, `__READ__`, `__WRIT__`. */
  readonly kind: string;
  readonly sequence: number;
}

/**
 * A prefix that nobody else has (Curator's protection): after a lost answer its owner finds by it whether the node was
 * made.
 */
export function ownPrefix(random: Random): string {
  const hex = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `_c_${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}-`;
}

/** Those of the kinds, the first first. */
export function lineOf(names: readonly string[], kinds: readonly string[]): Contestant[] {
  return names
    .flatMap((name) => {
      const kind = kinds.find((each) => name.slice(0, -10).endsWith(each));
      const digits = name.slice(-10);
      if (kind === undefined || !/^\d{10}$/.test(digits)) return [];
      return [{ name, kind, sequence: Number(digits) }];
    })
    .sort((a, b) => a.sequence - b.sequence);
}
