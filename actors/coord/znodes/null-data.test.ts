/** Data that were written as null are not data of no bytes: ZooKeeper's clients are told which. */
import { describe, expect, test } from 'vitest';
import { create, Driver, multi, remove, set } from './testing/driver.ts';
import { znodeStates } from './znodes.ts';

const configuration = { members: [] };

function states() {
  const driver = new Driver(znodeStates.empty(configuration));
  const session = driver.open(1);
  const shown = (path: string) => {
    const { data, isNull, stat } = driver.state.get(path, []);
    expect(stat.dataLength).toBe(data.length);
    return isNull ? null : data.length;
  };
  return { driver, session, shown };
}

describe('null data', () => {
  test('are kept by create and by set, and go with the next data', () => {
    const { session, shown } = states();
    session.write(create('/a', { data: null }));
    session.write(create('/b'));
    expect([shown('/a'), shown('/b')]).toEqual([null, 0]);
    session.write(set('/a', ''));
    session.write(set('/b', null));
    expect([shown('/a'), shown('/b')]).toEqual([0, null]);
    session.write(set('/b', 'data'));
    expect(shown('/b')).toBe(4);
  });

  test('make another tree than no bytes', () => {
    const digests = [null, ''].map((data) => {
      const { driver, session } = states();
      session.write(create('/a', { data }));
      return driver.state.digest();
    });
    expect(digests[0]).not.toBe(digests[1]);
  });

  test('come back when a multi fails', () => {
    const { driver, session, shown } = states();
    session.write(create('/a', { data: null }));
    session.write(multi(set('/a', 'data'), remove('/none')));
    expect(shown('/a')).toBeNull();
    expect(driver.state.approximateBytes).toBe(
      ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '/a'].join('').length,
    );
  });

  test('count as no bytes for quotas', () => {
    const { session, shown } = states();
    session.write(create('/a', { data: 'four' }));
    session.write(create('/zookeeper/quota/a'));
    session.write(create('/zookeeper/quota/a/zookeeper_limits', { data: 'count=-1,bytes=9' }));
    session.write(create('/zookeeper/quota/a/zookeeper_stats', { data: null }));
    session.write(set('/a', null));
    expect(shown('/zookeeper/quota/a/zookeeper_stats')).toBe('count=1,bytes=0'.length);
  });
});
