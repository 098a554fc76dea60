/** State values as XState writes them: the text that people read, and the paths of the states that are active. */
import type { StateValue } from './wire.ts';

/** `elected.leading.serving`; regions of a parallel state are joined with ` | `. */
export function textOfState(value: StateValue | undefined): string {
  if (value === undefined) return '';
  return leavesOf(value)
    .map((path) => path.join('.'))
    .join(' | ');
}

/** Every active state below the root, as a path of keys joined with dots; ancestors come before their children. */
export function activePaths(value: StateValue | undefined): ReadonlySet<string> {
  const active = new Set<string>();
  if (value === undefined) return active;
  for (const leaf of leavesOf(value))
    for (let depth = 1; depth <= leaf.length; depth += 1)
      active.add(leaf.slice(0, depth).join('.'));
  return active;
}

function leavesOf(value: StateValue): readonly (readonly string[])[] {
  if (typeof value === 'string') return value === '' ? [] : [[value]];
  return Object.entries(value).flatMap(([key, child]) => {
    const below = child === undefined ? [] : leavesOf(child);
    return below.length === 0 ? [[key]] : below.map((path) => [key, ...path]);
  });
}
