/** The recorded answers are those of the real ZooKeeper where there is one, and there is one for each row everywhere. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowGroups } from './cases/all.ts';
import { recordedAnswers } from './recorded.ts';
import { play } from './row.ts';
import { isZooKeeperInstalled, startZooKeeper, type ZooKeeperServer } from './zookeeper-server.ts';

const names = rowGroups.flatMap(({ rows }) => rows.map(({ name }) => name));

describe('the table', () => {
  it('names every row once, and has an answer recorded for each', () => {
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(recordedAnswers).sort()).toEqual([...names].sort());
  });
});

if (isZooKeeperInstalled())
  describe.each(rowGroups)('a real ZooKeeper: $group', ({ rows, server = 'generous' }) => {
    let zookeeper: ZooKeeperServer;
    beforeAll(async () => {
      zookeeper = await startZooKeeper(server);
    });
    afterAll(() => zookeeper.stop());

    it.each(rows)('$name', async (row) => {
      expect(await play(row, zookeeper.address)).toEqual(recordedAnswers[row.name]);
    });
  });
