import { describe, expect, test } from 'vitest';
import { create, Driver, multi, remove, set, textOf } from './testing/driver.ts';

const quota = '/zookeeper/quota';

function prepared(limits: string, path = '/q') {
  const driver = new Driver();
  const session = driver.open();
  session.write(create('/q', { data: 'four' }));
  session.write(create('/q/a', { data: 'two' }));
  session.write(create(`${quota}${path}`));
  session.write(create(`${quota}${path}/zookeeper_limits`, { data: limits }));
  session.write(create(`${quota}${path}/zookeeper_stats`, { data: 'count=-1,bytes=-1' }));
  const stats = () => textOf(driver.state.get(`${quota}${path}/zookeeper_stats`, []).data);
  return { driver, session, stats };
}
const enforced = (path: string, data = '') => create(path, { data, enforceQuota: true });

describe('the stats of a quota', () => {
  test('begin with what is there and follow every write, without a version or an event', () => {
    const { driver, session, stats } = prepared('count=-1,bytes=-1');
    expect(stats()).toBe('count=2,bytes=7');
    const { events } = session.write(create('/q/b', { data: '12345' }));
    expect(events.map(({ path }) => path)).toEqual(['/q/b', '/q']);
    expect(stats()).toBe('count=3,bytes=12');
    session.write(set('/q/b', '1'));
    expect(stats()).toBe('count=3,bytes=8');
    session.write(remove('/q/b'));
    expect(stats()).toBe('count=2,bytes=7');
    session.write(create('/qq', { data: '12345' }));
    expect(stats()).toBe('count=2,bytes=7');
    expect(driver.state.exists(`${quota}/q/zookeeper_stats`)?.version).toBe(0);
  });

  test('follow the ephemerals of a session that ends', () => {
    const { driver, session, stats } = prepared('count=-1,bytes=-1');
    const other = driver.open(2);
    other.write(create('/q/e', { ephemeral: true, data: 'x' }));
    expect(stats()).toBe('count=3,bytes=8');
    other.close();
    expect(stats()).toBe('count=2,bytes=7');
    expect(session.outcome(remove('/q/e'))).toBe('NO_NODE');
  });

  test('are as before after a multi that failed', () => {
    const { session, stats } = prepared('count=-1,bytes=-1');
    session.write(multi(create('/q/b'), remove('/q/a'), set('/q', ''), remove('/none')));
    expect(stats()).toBe('count=2,bytes=7');
  });

  test('keep what else they tell, in their order', () => {
    const { session, stats } = prepared('count=-1,bytes=-1');
    session.write(set(`${quota}/q/zookeeper_stats`, 'count=2,bytes=7=;z=1;b=2;bad;c='));
    session.write(create('/q/b'));
    expect(stats()).toBe('count=3,bytes=7=;b=2;z=1');
  });

  test('are no longer kept up without limits', () => {
    const { session, stats } = prepared('count=-1,bytes=-1');
    session.write(remove(`${quota}/q/zookeeper_limits`));
    session.write(create('/q/b'));
    expect(stats()).toBe('count=2,bytes=7');
  });
});

describe('limits', () => {
  test.each([
    ['count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2', enforced('/q/b'), 'QUOTA_EXCEEDED'],
    ['count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3', enforced('/q/b'), 'created'],
    ['count=-1,bytes=-1=;byteHardLimit=8', enforced('/q/b', 'xx'), 'QUOTA_EXCEEDED'],
    ['count=-1,bytes=-1=;byteHardLimit=9', enforced('/q/b', 'xx'), 'created'],
    ['count=-1,bytes=-1=;byteHardLimit=7', enforced('/q/b'), 'created'],
    ['count=-1,bytes=-1,countHardLimit=2', enforced('/q/b'), 'QUOTA_EXCEEDED'],
    ['count=1,bytes=1', enforced('/q/b', 'xx'), 'created'],
    ['nothing that limits', enforced('/q/b', 'xx'), 'created'],
    ['count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2', create('/q/b'), 'created'],
    ['count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=1', enforced('/other'), 'created'],
  ])('%s: %o gives %s', (limits, operation, expected) => {
    expect(prepared(limits).session.outcome(operation)).toBe(expected);
  });

  test('of bytes bound changes of data as well', () => {
    const { session } = prepared('count=-1,bytes=-1=;byteHardLimit=8');
    const change = (data: string) => ({ ...set('/q/a', data), enforceQuota: true }) as const;
    expect(session.outcome(change('12345'))).toBe('QUOTA_EXCEEDED');
    expect(session.outcome(change('1234'))).toBe('stat');
    expect(session.outcome(set('/q/a', '123456'))).toBe('stat');
  });

  test('count for themselves where there are others above', () => {
    const { session, stats } = prepared('count=-1,bytes=-1=;countHardLimit=2');
    session.write(create(`${quota}/q/a`));
    session.write(create(`${quota}/q/a/zookeeper_limits`, { data: 'count=9,bytes=9' }));
    session.write(create(`${quota}/q/a/zookeeper_stats`));
    expect(session.outcome(enforced('/q/a/b'))).toBe('created');
    expect(stats()).toBe('count=2,bytes=7');
  });

  test('directly below the root of the quotas limit nothing', () => {
    const { session } = prepared('count=-1,bytes=-1');
    session.write(
      create(`${quota}/zookeeper_limits`, { data: 'count=0,bytes=0=;countHardLimit=0' }),
    );
    session.write(create(`${quota}/zookeeper_stats`));
    expect(session.outcome(enforced('/b'))).toBe('created');
  });
});
