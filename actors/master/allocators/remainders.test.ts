/** Who is offered what the requests have left over. */
import { expect, test } from 'vitest';
import type { AgentId } from '../../../protocol/ids.ts';
import { NOTHING, type Resources } from '../../../protocol/resources.ts';
import { dominantShare, shareOut } from './remainders.ts';

const of = (resources: Partial<Resources>): Resources => ({ ...NOTHING, ...resources });
const total = of({ cpus: 10, mem: 1000 });
const left = (agentId: string, resources: Partial<Resources>) => ({
  agentId: agentId as AgentId,
  resources: of(resources),
});

function taker(name: string, allocated: Partial<Resources>, refused: readonly string[] = []) {
  const refuses = (agentId: AgentId) => refused.includes(agentId);
  return { name, allocated: of(allocated), refuses };
}
const given = (...parameters: Parameters<typeof shareOut<ReturnType<typeof taker>>>) =>
  shareOut(...parameters).map(({ framework, agentId }) => `${framework.name} ${agentId}`);

test.each<[Partial<Resources>, number]>([
  [{}, 0],
  [{ cpus: 5, mem: 100 }, 0.5],
  [{ cpus: 1, mem: 800 }, 0.8],
  // There is none of it: nobody can have a share.
  [{ gpus: 3 }, 0],
])('the dominant share of %j is %d', (allocated, share) => {
  expect(dominantShare(of(allocated), total)).toBe(share);
});

test('the smallest dominant share goes first, and what is offered counts from then on', () => {
  const takers = [taker('much', { cpus: 4 }), taker('little', { mem: 200 })];
  const remainders = [left('a', { cpus: 3 }), left('b', { cpus: 3 }), left('c', { cpus: 1 })];
  // little has 0.2, then 0.3; b goes to it again, then it has 0.6 and much has 0.4.
  expect(given(takers, remainders, total)).toEqual(['little a', 'little b', 'much c']);
});

test('what one refuses goes to the next, and what all refuse to nobody', () => {
  const takers = [taker('first', {}, ['a', 'b']), taker('second', { cpus: 5 }, ['b'])];
  const remainders = [left('a', { cpus: 1 }), left('b', { cpus: 1 })];
  expect(given(takers, remainders, total)).toEqual(['second a']);
});

test.each<[Partial<Resources>, boolean]>([
  [{ cpus: 0.01 }, true],
  [{ mem: 32 }, true],
  [{ cpus: 0.009, mem: 31, disk: 1000 }, false],
])('%j is worth offering: %s', (resources, isOffered) => {
  expect(given([taker('one', {})], [left('a', resources)], total)).toHaveLength(isOffered ? 1 : 0);
});
