/** What the guide of recipes shows is run, in its order, over three members in virtual time: it prints what it says. */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Recipes, recipesOf } from '../actors/coord/client/recipes/promises.ts';
import { recipeWorld } from '../actors/coord/client/recipes/testing/recipe-world.ts';
import * as door from '../runtime/framework.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const guide = read('docs/guides/recipes.md');
const pieces = [
  ...guide.matchAll(/## ([^\n]+)\n\n```js\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/g),
].map(([, title, code, output]) => ({ title: title!, code: code!, output: output! }));

const AsyncFunction = (async () => undefined).constructor as new (
  ...parts: string[]
) => (recipes: Recipes, zod: typeof z, out: object) => Promise<void>;

describe('docs/guides/recipes.md', () => {
  const { cluster, open } = recipeWorld();
  const program = open('guide');
  const recipes = recipesOf(program, program);

  test('has an output for each piece', () => {
    expect(pieces).toHaveLength(guide.match(/```js\n/g)!.length);
  });

  test.each(pieces)('$title prints what it says', async ({ code, output }) => {
    const lines: string[] = [];
    const print = (...words: unknown[]) => lines.push(words.map(String).join(' '));
    let ended: { error?: unknown } | undefined;
    new AsyncFunction('recipes', 'z', 'console', code)(recipes, z, {
      log: print,
      error: print,
    }).then(
      () => {
        ended = {};
      },
      (error) => {
        ended = { error };
      },
    );
    const endMs = cluster.world.nowMs + 30_000;
    while (ended === undefined && cluster.world.nowMs < endMs) {
      cluster.run(5);
      await setImmediate();
    }
    expect(ended).toEqual({});
    expect(`${lines.join('\n')}\n`).toBe(output);
  });

  test('begins with what programs can import, and names files that are there', () => {
    const [, names] = /import \{ ([^}]+) \} from 'mesozoo\/framework'/.exec(guide)!;
    for (const name of names!.split(', ')) expect(Object.keys(door)).toContain(name);
    for (const [, path] of guide.matchAll(/\]\((\.\.\/\.\.\/[^)]+\.(?:ts|md))\)/g))
      expect(read(`docs/guides/${path}`)).not.toBe('');
  });

  afterAll(() => {
    expect(program.process.failure).toBe(undefined);
  });
});
