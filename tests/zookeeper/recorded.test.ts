/** The recorded answers are those of the real ZooKeeper where there is one, and there is one for each row everywhere. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowGroups } from './cases/all.ts';
import { asOurs, knownDifferences } from './known-differences.ts';
import { recordedAnswers } from './recorded.ts';
import { play } from './row.ts';
import { isZooKeeperInstalled, startZooKeeper, type ZooKeeperServer } from './zookeeper-server.ts';

const names = rowGroups.flatMap(({ rows }) => rows.map(({ name }) => name));

describe('the table', () => {
  it('names every row once, and has an answer recorded for each', () => {
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(recordedAnswers).sort()).toEqual([...names].sort());
  });

  it('has a row for every known difference, which changes its answers', () => {
    for (const name of Object.keys(knownDifferences)) {
      expect(names).toContain(name);
      expect(asOurs(name, recordedAnswers[name]!)).not.toEqual(recordedAnswers[name]);
    }
  });
});

if (isZooKeeperInstalled())
  describe.each(rowGroups)('a real ZooKeeper: $group', ({ rows }) => {
    let zookeeper: ZooKeeperServer;
    beforeAll(async () => {
      zookeeper = await startZooKeeper();
    });
    afterAll(() => zookeeper.stop());

    it.each(rows)('$name', async (row) => {
      expect(await play(row, zookeeper.address)).toEqual(recordedAnswers[row.name]);
    });
  });
