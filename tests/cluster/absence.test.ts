/**
 * A member that was away for so many writes that the others no longer have them in memory is sent a snapshot, and is
 * then equal to them, while they go on serving.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, startCluster, type TestCluster } from './harness.ts';

const ZNODES = 10_000;
/** Of their data, all together: much more log than is kept in memory for a tree of this size. */
const SETS = 40_000;
const VALUE_BYTES = 1000;
const PER_MULTI = 200;
const MULTIS_AT_A_TIME = 8;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 120_000);
afterAll(() => cluster.stop());

it('a member that was away for many writes becomes equal to the others', async () => {
  const client = await cluster.client();
  const leader = await cluster.leadingCoord();
  const away = leader === 'coord-1' ? 'coord-2' : 'coord-1';
  const awayId = Number(away.slice('coord-'.length));
  await cluster.kill(away);

  const data = 'x'.repeat(VALUE_BYTES);
  expect((await ask(client, 'mz.znode.create', { path: '/absence' })).error).toBeUndefined();
  const writeMany = async (count: number, op: 'create' | 'set') => {
    let next = 0;
    const write = async () => {
      while (next < count) {
        const first = next;
        next += PER_MULTI;
        const operations = Array.from({ length: PER_MULTI }, (_, index) => ({
          ...{ op, path: `/absence/${(first + index) % ZNODES}`, data },
        }));
        const answer = await ask(client, 'mz.znode.multi', { operations }, 20_000);
        expect(answer.error).toBeUndefined();
      }
    };
    await Promise.all(Array.from({ length: MULTIS_AT_A_TIME }, write));
  };
  await writeMany(ZNODES, 'create');
  await writeMany(SETS, 'set');

  cluster.start(away);
  // The others serve meanwhile, and what they write then is not lost either.
  let written = 0;
  for (let isBack = false; !isBack; ) {
    const later = { path: `/absence/later-${written}` };
    expect((await ask(client, 'mz.znode.create', later, 20_000)).error).toBeUndefined();
    written += 1;
    const back = (await cluster.coordStates()).find(({ id }) => id === awayId);
    isBack = back?.isOffered === true && back.nodes > ZNODES;
  }
  for (;;) {
    const states = await cluster.coordStates();
    if (states.length < 3 || new Set(states.map(({ slot }) => slot)).size > 1) continue;
    expect(new Set(states.map(({ digest }) => digest)).size).toBe(1);
    expect(states[0]?.nodes).toBeGreaterThan(ZNODES + written);
    break;
  }
  const log = readFileSync(join(cluster.directory, 'logs', `${away}.log`), 'utf8');
  expect(log).toContain('"snapshot installed"');
  expect(cluster.deaths).toEqual([]);
}, 180_000);
