import { describe, expect, test } from 'vitest';
import { limits } from '../../../protocol/limits.ts';
import { permissions, type ZnodeOperation } from '../../../protocol/operations.ts';
import { check, create, Driver, multi, remove, set, setAcl, textOf } from './testing/driver.ts';

const codes = (
  failures: readonly ({ readonly code: string } | undefined)[] | undefined,
): (string | undefined)[] => (failures ?? []).map((failure) => failure?.code);

describe('a multi', () => {
  test('without operations succeeds', () => {
    const session = new Driver().open();
    expect(session.write(multi()).result).toEqual({ kind: 'multi', results: [] });
  });

  test('is carried out in order, each operation seeing those before it, in one zxid', () => {
    const driver = new Driver();
    const session = driver.open();
    const before = driver.state.zxid;
    const { result, events, zxid } = session.write(
      multi(
        create('/a', { data: 'one' }),
        create('/a/b'),
        check('/a/b', 0),
        set('/a', 'two', 0),
        check('/a', 1),
        remove('/a/b', 0),
        create('/a/s-', { sequential: true }),
        setAcl('/a', [{ permissions: permissions.read, scheme: 'world', id: 'anyone' }]),
      ),
    );
    expect(driver.state.zxid).toBe(before + 1);
    expect(result.kind === 'multi' && result.results.map(({ kind }) => kind)).toEqual([
      'created',
      'created',
      'checked',
      'stat',
      'checked',
      'deleted',
      'created',
      'stat',
    ]);
    expect(events.map(({ type, path }) => `${type} ${path}`)).toEqual([
      'created /a',
      'childrenChanged /',
      'created /a/b',
      'childrenChanged /a',
      'dataChanged /a',
      'deleted /a/b',
      'childrenChanged /a',
      'created /a/s-0000000001',
      'childrenChanged /a',
    ]);
    const { data, stat } = driver.state.get('/a', []);
    expect(textOf(data)).toBe('two');
    expect(stat).toMatchObject({ czxid: zxid, mzxid: zxid, pzxid: zxid, version: 1, cversion: 3 });
  });

  test.each<[string, ZnodeOperation, string]>([
    ['create', create('/there'), 'NODE_EXISTS'],
    ['delete', remove('/parent'), 'NOT_EMPTY'],
    ['set', set('/none', 'x'), 'NO_NODE'],
    ['check', check('/there', 5), 'BAD_VERSION'],
    ['setAcl', setAcl('/there', []), 'INVALID_ACL'],
    ['bad path', create('//'), 'BAD_PATH'],
  ])('changes nothing when its %s fails', (_, bad, code) => {
    const driver = new Driver();
    const session = driver.open();
    session.write(create('/there', { data: 'old' }));
    session.write(create('/parent'));
    session.write(create('/parent/child', { data: 'child', ephemeral: true }));
    const before = driver.state.exists('/parent');
    const rootBefore = driver.state.exists('/');
    const { result, events } = session.write(
      multi(
        create('/new', { ephemeral: true }),
        set('/there', 'new'),
        set('/there', 'newer'),
        remove('/parent/child'),
        create('/parent/child', { data: 'other' }),
        setAcl('/parent', [{ permissions: 31, scheme: 'digest', id: 'a:b' }]),
        bad,
        create('/after'),
        remove('/there'),
      ),
    );
    expect(result).toMatchObject({ kind: 'error', error: { code } });
    expect(result.kind === 'error' && codes(result.failures)).toEqual([
      ...Array(6).fill(undefined),
      code,
      'RUNTIME_INCONSISTENCY',
      'RUNTIME_INCONSISTENCY',
    ]);
    expect(events).toEqual([]);
    expect(driver.state.exists('/new')).toBeUndefined();
    expect(driver.state.exists('/after')).toBeUndefined();
    expect(driver.state.exists('/parent')).toEqual(before);
    expect(driver.state.exists('/')).toEqual(rootBefore);
    expect(textOf(driver.state.get('/there', []).data)).toBe('old');
    expect(driver.state.get('/there', []).stat.version).toBe(0);
    expect(textOf(driver.state.get('/parent/child', []).data)).toBe('child');
    expect(driver.state.session(session.id)?.ephemeralCount).toBe(1);
    expect(session.outcome(set('/there', 'next', 0))).toBe('stat');
  });

  test('that fails leaves the digest of an equal state that never tried', () => {
    const failing = new Driver();
    const session = failing.open();
    session.write(create('/a'));
    session.write(create('/a/b'));
    const other = new Driver();
    const twin = other.open();
    twin.write(create('/a'));
    twin.write(create('/a/b'));
    const bad = check('/none');
    session.write(multi(remove('/a/b'), create('/c'), remove('/a'), set('/c', 'x'), bad));
    // The twin fails with the same answer, but has not touched a node: the fifth of five.
    twin.write(multi(check('/a'), check('/a'), check('/a'), check('/a'), bad));
    expect(failing.state.digest()).toBe(other.state.digest());
  });

  test('with too many operations is refused', () => {
    const session = new Driver().open();
    const many = Array.from({ length: limits.tcpMultiOperations + 1 }, () => check('/'));
    expect(session.outcome(multi(...many))).toBe('PAYLOAD_TOO_LARGE');
    expect(session.outcome(multi(...many.slice(1)))).toBe('multi');
  });

  test('with too many bytes is refused', () => {
    const driver = new Driver();
    const session = driver.open();
    const half = create('/a', { data: 'x'.repeat(limits.multiBytes / 2) });
    expect(session.outcome(multi(half, half))).toBe('PAYLOAD_TOO_LARGE');
    expect(driver.state.exists('/a')).toBeUndefined();
    expect(session.outcome(multi(half))).toBe('multi');
  });
});
