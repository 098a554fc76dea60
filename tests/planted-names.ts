/** The names of the planted bugs, read from the type that lists them. */
import { readFileSync } from 'node:fs';

export function plantedBugNames(): readonly string[] {
  const text = readFileSync(new URL('../actors/planted.ts', import.meta.url), 'utf8');
  const type = /export type PlantedBug =([\s\S]*?);/.exec(text)?.[1] ?? '';
  const names = [...type.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]!);
  if (names.length === 0) throw new Error('actors/planted.ts lists no planted bug');
  return names;
}
